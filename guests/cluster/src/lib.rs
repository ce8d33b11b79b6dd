//! `pve_cluster_info` of prometheus-pve-exporter, from `/cluster/status`. A standalone node has no such series.
//!
//! The original turns every member of the entry except `type` and `name` into a label. This collector has a fixed list, the
//! members that Proxmox VE has sent since version 4, so that a new member can't change the series.

use drop_in::{STATUS, label};
use pve_collector::{Collector, Failure, Input, Output, Package, Request, Table, lenient::Text, tables};
use serde::Deserialize;

tables! {
    ClusterInfo(id, nodes, quorate, version) {
        info "pve_cluster_info" "Cluster info";
    }
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default = "Text::empty")]
    nodes: Text<'a>,
    #[serde(borrow, default = "Text::empty")]
    quorate: Text<'a>,
    #[serde(borrow, default = "Text::empty")]
    version: Text<'a>,
}

pub struct Cluster;

impl Collector for Cluster {
    const PACKAGE: Package = pve_collector::package!();
    const REQUESTS: &'static [Request] = &[STATUS];
    const TABLES: &'static [Table] = TABLES;

    fn collect(input: &Input, output: &mut Output) -> Result<(), Failure> {
        for entry in input.list::<Entry>(STATUS, output)?.iter().filter(|entry| entry.kind.or_empty() == "cluster") {
            let name = entry.name.or_empty();
            if name.is_empty() {
                output.warn("cluster left out because it has no name");
                continue;
            }
            output.push(ClusterInfo {
                id: format!("cluster/{name}"),
                nodes: label(&entry.nodes),
                quorate: label(&entry.quorate),
                version: label(&entry.version),
            });
        }
        Ok(())
    }
}

pve_collector::export!(Cluster);
