//! Whether nodes, the cluster, guests and storages are up: `pve_up` of prometheus-pve-exporter, from `/cluster/status`
//! and `/cluster/resources`.
//!
//! A guest is up if its status is `running`: templates, paused guests and guests of a node that is down are not. A
//! standalone node has no entry for a cluster and so no series for one.

use pve_collector::{
    Collector, Failure, Input, Output, Package, Request, Table,
    lenient::{Flag, Text},
    tables,
};
use serde::Deserialize;

const STATUS: Request = Request::get("/cluster/status");
const RESOURCES: Request = Request::get("/cluster/resources");

tables! {
    /// What is up or not.
    Up(id) {
        gauge up "pve_up" "Node/VM/CT-Status is online/running";
    }
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(default)]
    online: Flag,
    #[serde(default)]
    quorate: Flag,
}

#[derive(Deserialize)]
struct Resource<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    status: Text<'a>,
}

/// The collector.
pub struct Status;

impl Collector for Status {
    const PACKAGE: Package = pve_collector::package!();
    const REQUESTS: &'static [Request] = &[STATUS, RESOURCES];
    const TABLES: &'static [Table] = TABLES;

    fn collect(input: &Input, output: &mut Output) -> Result<(), Failure> {
        members(input.list(STATUS, output)?, output);
        let mut nameless = 0;
        input.for_each(RESOURCES, output, |resource: Resource, output| {
            let good = match resource.kind.or_empty() {
                "qemu" | "lxc" => "running",
                "storage" => "available",
                _ => return,
            };
            match resource.id.or_empty() {
                "" => nameless += 1,
                id => push(id.to_owned(), resource.status.as_str().map(|status| status == good), output),
            }
        })?;
        if nameless > 0 {
            output.warn(format!("guests and storages left out because they have no id: {nameless}"));
        }
        Ok(())
    }
}

/// Nodes and the cluster. An entry of the cluster has the id `cluster`, whatever the cluster's name is.
fn members(entries: Vec<Entry>, output: &mut Output) {
    let mut odd = 0;
    for entry in entries {
        match (entry.kind.or_empty(), entry.id.or_empty(), entry.name.or_empty()) {
            ("node", id, _) if !id.is_empty() => push(id.to_owned(), entry.online.0, output),
            ("cluster", _, name) if !name.is_empty() => push(format!("cluster/{name}"), entry.quorate.0, output),
            _ => odd += 1,
        }
    }
    if odd > 0 {
        output
            .warn(format!("entries of {} that are no node with an id and no cluster with a name: {odd}", STATUS.path));
    }
}

fn push(id: String, up: Option<bool>, output: &mut Output) {
    output.push(Up { id, up: up.map(f64::from) });
}

pve_collector::export!(Status);
