//! `pve_node_info` of prometheus-pve-exporter, from `/cluster/status`.
//!
//! Offline nodes are included. On a standalone node `nodeid` is 0; `level` is empty without a subscription.

use drop_in::{STATUS, label};
use pve_collector::{Collector, Failure, Input, Output, Package, Request, Table, lenient::Text, tables};
use serde::Deserialize;

tables! {
    NodeInfo(id, level, name, nodeid) {
        info "pve_node_info" "Node info";
    }
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default = "Text::empty")]
    level: Text<'a>,
    #[serde(borrow, default = "Text::empty")]
    name: Text<'a>,
    #[serde(borrow, default = "Text::empty")]
    nodeid: Text<'a>,
}

pub struct Node;

impl Collector for Node {
    const PACKAGE: Package = pve_collector::package!();
    const REQUESTS: &'static [Request] = &[STATUS];
    const TABLES: &'static [Table] = TABLES;

    fn collect(input: &Input, output: &mut Output) -> Result<(), Failure> {
        let mut nameless = 0;
        for entry in input.list::<Entry>(STATUS, output)?.iter().filter(|entry| entry.kind.or_empty() == "node") {
            if entry.id.or_empty().is_empty() {
                nameless += 1;
                continue;
            }
            output.push(NodeInfo {
                id: label(&entry.id),
                level: label(&entry.level),
                name: label(&entry.name),
                nodeid: label(&entry.nodeid),
            });
        }
        output.warn_count("nodes left out because they have no id", nameless);
        Ok(())
    }
}

pve_collector::export!(Node);
