//! The cluster, as `pve_cluster_info` of prometheus-pve-exporter, from `/cluster/status`. A standalone node gives none.
//!
//! The original makes a label of every member the API sends but for `type` and `name`; here they are the four that
//! Proxmox VE has sent since version 4, so that a later one can't change the series.

use pve_collector::{Collector, Failure, Input, Output, Package, Request, Table, lenient::Text, tables};
use serde::Deserialize;

const STATUS: Request = Request::get("/cluster/status");

tables! {
    /// The cluster.
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

/// The collector.
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

/// As prometheus-pve-exporter has it: a missing member is empty, null is `None`.
fn label(text: &Text) -> String {
    text.as_str().unwrap_or("None").to_owned()
}

pve_collector::export!(Cluster);
