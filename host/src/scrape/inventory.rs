//! The nodes, guests and storages of a cluster, from `/cluster/status` and `/cluster/resources`.
//!
//! Each scrape requests both. `/cluster/status` knows at once which nodes are online (corosync's view) and which one answers, but
//! needs Sys.Audit on `/`; `/cluster/resources` answers every token with what it may see, and reports a node offline up
//! to a minute late. Either is enough. If `/cluster/status` lists the members, nothing else is a node: guests of a removed node
//! stay in `/cluster/resources` for ever.
//!
//! What does not look like Proxmox VE's names, or is more than any cluster has, is dropped and counted.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use pve_collector::lenient::{Flag, Number, Text};
use serde::Deserialize;

use crate::api::{Answer, FetchError};
use crate::request::{GuestType, Place, Placeholders, Template};

/// A node of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub name: Arc<str>,
    /// Offline nodes get no requests: one to a dead node costs the entry node 3 to 30 s.
    pub online: bool,
    /// Whether it is the node whose API answered.
    pub local: bool,
}

/// More than any cluster has: corosync supports some 30 nodes, and a node some 1,000 guests.
const NODES: usize = 1_000;
const GUESTS: usize = 100_000;
const STORAGES: usize = 50_000;
/// Node names are host names, storage names are shorter than 100 characters.
const NAME_BYTES: usize = 128;

/// What was left out of an inventory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    pub nodes: usize,
    pub guests: usize,
    pub storages: usize,
}

impl Dropped {
    /// The kinds as label values, with their counts.
    #[must_use]
    pub fn by_kind(&self) -> [(&'static str, usize); 3] {
        [("node", self.nodes), ("guest", self.guests), ("storage", self.storages)]
    }
}

/// The cluster's parts, each list by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    /// All nodes, including offline ones.
    pub nodes: Vec<Node>,
    pub dropped: Dropped,
    /// Whether the cluster has a quorum; `None` if that is unknown, or if there is no cluster.
    pub quorate: Option<bool>,
    guests: Vec<(Arc<str>, GuestType, u32)>,
    storages: Vec<(Arc<str>, Arc<str>)>,
}

#[derive(Deserialize)]
struct Member<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(default)]
    online: Flag,
    #[serde(default)]
    local: Flag,
    #[serde(default)]
    quorate: Flag,
}

#[derive(Deserialize)]
struct Resource<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    node: Text<'a>,
    #[serde(borrow, default)]
    status: Text<'a>,
    #[serde(borrow, default)]
    storage: Text<'a>,
    #[serde(default)]
    vmid: Number,
}

impl Inventory {
    /// What `/cluster/resources` lists; fails if an entry can't be read, where [`read`](Self::read) only skips that entry.
    pub(super) fn listed(resources: &str) -> serde_json::Result<Self> {
        serde_json::from_str(resources).map(Self::of)
    }

    /// Reads the two answers; fails if neither arrived.
    pub fn read(
        status: &Result<Answer, FetchError>,
        resources: &Result<Answer, FetchError>,
    ) -> Result<Self, FetchError> {
        let resources = resources.as_ref().map_err(Clone::clone);
        Self::complete(status, resources.map(|resources| Self::of(elements(resources.data()))))
    }

    /// Adds what `/cluster/status` says about the nodes; fails if neither is there.
    pub(super) fn complete(
        status: &Result<Answer, FetchError>,
        listed: Result<Self, FetchError>,
    ) -> Result<Self, FetchError> {
        let mut inventory = match (status, listed) {
            (Err(error), Err(_)) => return Err(error.clone()),
            (_, Ok(listed)) => listed,
            (Ok(_), Err(_)) => Self::default(),
        };
        if let Ok(status) = status {
            inventory.set_members(status.data());
        }
        // Without /cluster/status it is unknown which node answers, unless there is only one.
        if let [only] = inventory.nodes.as_mut_slice() {
            only.local = true;
        }
        inventory.nodes.sort_by(|a, b| a.name.cmp(&b.name));
        inventory.guests.sort_unstable();
        inventory.guests.dedup();
        inventory.storages.sort_unstable();
        inventory.storages.dedup();
        Ok(inventory)
    }

    #[must_use]
    pub fn guests(&self) -> usize {
        self.guests.len()
    }

    pub fn knows_local(&self) -> bool {
        self.nodes.iter().any(|node| node.local)
    }

    /// The node of each guest.
    pub(super) fn guest_nodes(&self) -> HashMap<u32, &Arc<str>> {
        self.guests.iter().map(|(node, _, vmid)| (*vmid, node)).collect()
    }

    /// The places of a collector with these placeholders, on these nodes.
    pub fn places(&self, templates: &[&Template], wanted: impl Fn(&Node) -> bool) -> Vec<Place> {
        let mut all = Placeholders::default();
        for template in templates {
            all = all.union(template.placeholders());
        }
        if all.is_empty() {
            return vec![Place::cluster()];
        }
        let asked: HashSet<&str> =
            self.nodes.iter().filter(|node| node.online && wanted(node)).map(|node| &*node.name).collect();
        let fixed = templates.iter().find_map(|template| template.fixed_guest_type());
        if all.vmid {
            let guests = self
                .guests
                .iter()
                .filter(|(node, kind, _)| asked.contains(&**node) && fixed.is_none_or(|fixed| fixed == *kind));
            guests.map(|(node, kind, vmid)| Place::guest(Arc::clone(node), *kind, *vmid)).collect()
        } else if all.storage {
            let storages = self.storages.iter().filter(|(node, _)| asked.contains(&**node));
            storages.map(|(node, storage)| Place::storage(Arc::clone(node), Arc::clone(storage))).collect()
        } else {
            let nodes = self.nodes.iter().filter(|node| asked.contains(&*node.name));
            nodes.map(|node| Place::node(Arc::clone(&node.name))).collect()
        }
    }

    fn of(resources: Vec<Resource<'_>>) -> Self {
        let (mut inventory, mut nodes) = (Self::default(), Nodes::default());
        for resource in resources {
            let kind = resource.kind.or_empty();
            if !matches!(kind, "node" | "storage" | "qemu" | "lxc") {
                continue;
            }
            let Some(node) = nodes.named(resource.node.or_empty()) else { continue };
            match kind {
                "node" => node.online = resource.status.as_str() != Some("offline"),
                "storage" => {
                    let Some(storage) = resource.storage.as_str() else { continue };
                    if is_name(storage) && inventory.storages.len() < STORAGES {
                        inventory.storages.push((Arc::clone(&node.name), storage.into()));
                    } else {
                        inventory.dropped.storages += 1;
                    }
                }
                guest => {
                    let (Some(kind), Some(vmid)) = (GuestType::parse(guest), vmid(resource.vmid)) else { continue };
                    if inventory.guests.len() < GUESTS {
                        inventory.guests.push((Arc::clone(&node.name), kind, vmid));
                    } else {
                        inventory.dropped.guests += 1;
                    }
                }
            }
        }
        inventory.dropped.nodes = nodes.dropped;
        inventory.nodes = nodes.found.into_values().collect();
        inventory
    }

    /// `/cluster/status` decides which nodes there are, and which are online.
    fn set_members(&mut self, json: &str) {
        let known = std::mem::take(&mut self.nodes).into_iter();
        let mut known: HashMap<Arc<str>, Node> = known.map(|node| (Arc::clone(&node.name), node)).collect();
        let mut members = Nodes::default();
        for member in elements::<Member<'_>>(json) {
            match member.kind.as_str() {
                Some("node") => {}
                Some("cluster") => {
                    self.quorate = member.quorate.0;
                    continue;
                }
                _ => continue,
            }
            let Some(node) = members.named(member.name.or_empty()) else { continue };
            if let Some(known) = known.get(&node.name) {
                node.online = known.online;
            }
            node.online = member.online.0.unwrap_or(node.online);
            node.local = member.local.0.unwrap_or(false);
        }
        // An empty list says nothing.
        if !members.found.is_empty() {
            known = members.found;
        }
        self.dropped.nodes += members.dropped;
        self.nodes = known.into_values().collect();
    }
}

/// Nodes by name as they are found.
#[derive(Default)]
struct Nodes {
    found: HashMap<Arc<str>, Node>,
    dropped: usize,
}

impl Nodes {
    /// The node with this name. One that only its guests mention is not known to be offline.
    fn named(&mut self, name: &str) -> Option<&mut Node> {
        if name.is_empty() {
            return None;
        }
        if !self.found.contains_key(name) {
            if !is_name(name) || self.found.len() >= NODES {
                self.dropped += 1;
                return None;
            }
            let name: Arc<str> = name.into();
            self.found.insert(Arc::clone(&name), Node { name, online: true, local: false });
        }
        self.found.get_mut(name)
    }
}

/// Whether this can be the name of a node or a storage.
fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    name.len() <= NAME_BYTES && name.bytes().all(allowed)
}

/// The elements of a list without those that can't be read. The fast path reads all in one go.
fn elements<'a, T: Deserialize<'a>>(json: &'a str) -> Vec<T> {
    serde_json::from_str(json).unwrap_or_else(|_| {
        let raw: Vec<&serde_json::value::RawValue> = serde_json::from_str(json).unwrap_or_default();
        raw.into_iter().filter_map(|element| serde_json::from_str(element.get()).ok()).collect()
    })
}

pub(super) fn vmid(number: Number) -> Option<u32> {
    let number = number.0.filter(|number| number.fract() == 0.0 && (1.0..=f64::from(u32::MAX)).contains(number))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked: whole and in range")]
    Some(number as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Foreign;

    fn answer(data: &str) -> Result<Answer, FetchError> {
        Answer::parse(format!("{{\"data\":{data}}}").into_bytes(), "application/json")
    }

    fn failed() -> Result<Answer, FetchError> {
        Err(FetchError {
            kind: crate::contract::FetchErrorKind::Forbidden,
            detail: Foreign::new("403"),
            status: Some(403),
        })
    }

    const RESOURCES: &str = r#"[
        {"type":"qemu","id":"qemu/100","vmid":"100","node":"b","status":"running"},
        {"type":"lxc","vmid":101,"node":"a"},
        {"type":"storage","storage":"local","node":"a","status":"available"},
        {"type":"node","node":"a","status":"online"},
        {"type":"node","node":"b","status":"offline"},
        {"type":"pool","pool":"x"},
        {"type":"node","node":""},
        7
    ]"#;

    fn node(name: &str, online: bool, local: bool) -> Node {
        Node { name: name.into(), online, local }
    }

    #[test]
    fn status_has_the_last_word() {
        let status = answer(
            r#"[{"type":"cluster","name":"c"},{"type":"node","name":"b","online":1,"local":0},{"type":"node","name":"a","online":"1","local":1}]"#,
        );
        let inventory = Inventory::read(&status, &answer(RESOURCES)).unwrap();
        assert_eq!(inventory.nodes, [node("a", true, true), node("b", true, false)]);
    }

    #[test]
    fn resources_alone_will_do() {
        let inventory = Inventory::read(&failed(), &answer(RESOURCES)).unwrap();
        assert_eq!(inventory.nodes, [node("a", true, false), node("b", false, false)]);
        let template = Template::parse("/nodes/{node}/{type}/{vmid}/config").unwrap();
        assert_eq!(inventory.places(&[&template], |_| true), [Place::guest("a", GuestType::Lxc, 101)]);
        let template = Template::parse("/nodes/{node}/storage/{storage}/status").unwrap();
        assert_eq!(inventory.places(&[&template], |_| true), [Place::storage("a", "local")]);
    }

    #[test]
    fn a_removed_node_is_gone_with_its_guests() {
        let status = answer(r#"[{"type":"node","name":"a","online":1,"local":1}]"#);
        let inventory = Inventory::read(&status, &answer(RESOURCES)).unwrap();
        assert_eq!(inventory.nodes, [node("a", true, true)]);
        let template = Template::parse("/nodes/{node}/{type}/{vmid}/config").unwrap();
        assert_eq!(inventory.places(&[&template], |_| true), [Place::guest("a", GuestType::Lxc, 101)]);
        // Without members it is no list of members.
        let inventory = Inventory::read(&answer("[]"), &answer(RESOURCES)).unwrap();
        assert_eq!(inventory.nodes.len(), 2);
    }

    #[test]
    fn what_no_cluster_has_is_dropped() {
        let long = "n".repeat(NAME_BYTES + 1);
        let odd = ["a/b", "a b", "..%2f", "é", r#"a\"b"#, r"a\nb", long.as_str()];
        let nodes = odd.map(|name| format!(r#"{{"type":"node","node":"{name}"}}"#)).join(",");
        let many: String = (0..NODES + 5).map(|n| format!(r#",{{"type":"node","node":"n{n}"}}"#)).collect();
        let storage = r#",{"type":"storage","node":"n0","storage":"a\u0000b"}"#;
        let resources = answer(&format!("[{nodes}{many}{storage}]"));
        let inventory = Inventory::read(&failed(), &resources).unwrap();
        assert_eq!(inventory.nodes.len(), NODES);
        assert_eq!(inventory.dropped, Dropped { nodes: odd.len() + 5, guests: 0, storages: 1 });
    }

    #[test]
    fn neither_is_an_error() {
        assert!(Inventory::read(&failed(), &failed()).is_err());
    }

    #[test]
    fn places_without_placeholders_are_the_cluster() {
        let template = Template::parse("/version").unwrap();
        assert_eq!(Inventory::default().places(&[&template], |_| true), [Place::cluster()]);
    }
}
