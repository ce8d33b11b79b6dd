//! `pve_up` of prometheus-pve-exporter (whether nodes, the cluster, guests and storages are up), from `/cluster/status` and
//! `/cluster/resources`.
//!
//! A guest is up if its status is `running`: not a template, not paused, and not on a node that is down. A standalone node has
//! no entry for a cluster, and so no series for one.

use drop_in::STATUS;
use pve_collector::{
    Collector, Failure, Input, Output, Package, Request, Table,
    lenient::{Flag, Text},
    tables,
};
use serde::Deserialize;

const RESOURCES: Request = Request::get("/cluster/resources");

tables! {
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
        output.warn_count("guests and storages left out because they have no id", nameless);
        Ok(())
    }
}

/// Nodes and the cluster. The `id` of the cluster's entry is always `cluster`, so its series is named after `name`.
fn members(entries: Vec<Entry>, output: &mut Output) {
    let mut odd = 0;
    for entry in entries {
        match (entry.kind.or_empty(), entry.id.or_empty(), entry.name.or_empty()) {
            ("node", id, _) if !id.is_empty() => push(id.to_owned(), entry.online.0, output),
            ("cluster", _, name) if !name.is_empty() => push(format!("cluster/{name}"), entry.quorate.0, output),
            _ => odd += 1,
        }
    }
    let what = format_args!("entries of {} that are no node with an id and no cluster with a name", STATUS.path);
    output.warn_count(what, odd);
}

fn push(id: String, up: Option<bool>, output: &mut Output) {
    output.push(Up { id, up: up.map(f64::from) });
}

pve_collector::export!(Status);
