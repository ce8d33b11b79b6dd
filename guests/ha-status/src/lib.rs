//! High availability, from `/cluster/ha/status/manager_status` (what is) and `/cluster/ha/resources` (what should be).
//!
//! Configuration and runtime state of a service are two metrics, so that no stale series is left when a service moves
//! or changes state. Where HA was never configured the maps are missing or empty: no series, and no error.

use std::collections::BTreeMap;

use pve_collector::{
    Collector, Failure, Input, Output, Package, Request, Table,
    lenient::{Flag, Number, Object, Text},
    tables,
};
use serde::Deserialize;

const MANAGER: Request = Request::get("/cluster/ha/status/manager_status");
const RESOURCES: Request = Request::get("/cluster/ha/resources");

tables! {
    /// Which node decides.
    Master(node) {
        gauge master "pve_ha_crm_master"
            "1 for the node whose cluster resource manager is the master, 0 for the others, from master_node.";
    }

    /// A node as the master sees it.
    NodeStatus(node, status) {
        gauge "pve_ha_node_status"
            "Always 1; status is online, maintenance, unknown, fence or gone, from node_status.";
    }

    /// A node's last sign of life.
    Heartbeat(node) {
        gauge timestamp "pve_ha_lrm_timestamp_seconds"
            "Last heartbeat of the node's local resource manager in Unix time, from lrm_status.";
    }

    /// What a node's local resource manager is at.
    LrmMode(node, mode) {
        gauge "pve_ha_lrm_mode"
            "Always 1; mode is active, restart, shutdown, maintenance, disarm or unknown, from lrm_status.";
    }

    /// A service as configured.
    ServiceConfig(sid, kind as "type", max_restart, max_relocate, failback) {
        gauge "pve_ha_service_config"
            "Always 1; configuration of a service from /cluster/ha/resources, defaults filled in.";
    }

    /// A service as it is.
    ServiceStatus(sid, node, state) {
        gauge "pve_ha_service_status"
            "Always 1; node and runtime state of a service, from service_status.";
    }
}

#[derive(Deserialize)]
struct Status<'a> {
    #[serde(borrow, default)]
    manager_status: Object<Manager<'a>>,
    #[serde(borrow, default)]
    lrm_status: Object<BTreeMap<String, Object<Lrm<'a>>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Manager<'a> {
    #[serde(borrow)]
    master_node: Text<'a>,
    #[serde(borrow)]
    node_status: Object<BTreeMap<String, Text<'a>>>,
    #[serde(borrow)]
    service_status: Object<BTreeMap<String, Object<Service<'a>>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Lrm<'a> {
    #[serde(borrow)]
    mode: Text<'a>,
    timestamp: Number,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Service<'a> {
    #[serde(borrow)]
    node: Text<'a>,
    #[serde(borrow)]
    state: Text<'a>,
}

#[derive(Deserialize)]
struct Resource<'a> {
    #[serde(borrow, default)]
    sid: Text<'a>,
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    max_restart: Text<'a>,
    #[serde(borrow, default)]
    max_relocate: Text<'a>,
    #[serde(default)]
    failback: Flag,
}

/// The collector.
pub struct HaStatus;

impl Collector for HaStatus {
    const PACKAGE: Package = pve_collector::package!();
    const REQUESTS: &'static [Request] = &[MANAGER, RESOURCES];
    const TABLES: &'static [Table] = TABLES;

    fn collect(input: &Input, output: &mut Output) -> Result<(), Failure> {
        let status: Status = input.object(MANAGER)?;
        let manager = status.manager_status.0.unwrap_or_default();
        nodes(manager.master_node, manager.node_status.0.unwrap_or_default(), output);
        lrms(status.lrm_status.0.unwrap_or_default(), output);
        resources(input.list(RESOURCES, output)?, output);
        services(manager.service_status.0.unwrap_or_default(), output);
        Ok(())
    }
}

/// A node without a name has been seen on 9.2; it is left out here and below.
fn nodes(master: Text, mut nodes: BTreeMap<String, Text>, output: &mut Output) {
    nodes.entry(master.or_empty().to_owned()).or_default();
    for (node, status) in nodes.into_iter().filter(|(node, _)| !node.is_empty()) {
        let is_master = master.or_empty() == node;
        output.push(Master { node: node.clone(), master: Some(f64::from(is_master)) });
        if named(&status).is_some() {
            output.push(NodeStatus { node, status: status.label() });
        }
    }
}

/// A node whose LRM never wrote its file has the mode `unknown` and no timestamp; an empty file gives neither.
fn lrms(lrms: BTreeMap<String, Object<Lrm>>, output: &mut Output) {
    for (node, lrm) in lrms.into_iter().filter(|(node, _)| !node.is_empty()) {
        let lrm = lrm.0.unwrap_or_default();
        if lrm.timestamp.0.is_some() {
            output.push(Heartbeat { node: node.clone(), timestamp: lrm.timestamp.0 });
        }
        if named(&lrm.mode).is_some() {
            output.push(LrmMode { node, mode: lrm.mode.label() });
        }
    }
}

/// The API gives the configuration file as it is: what is not set there has the manager's default, 1 for all three.
fn resources(mut resources: Vec<Resource>, output: &mut Output) {
    let total = resources.len();
    resources.retain(|resource| named(&resource.sid).is_some());
    if resources.len() < total {
        output.warn(format!("HA resources left out because they have no sid: {}", total - resources.len()));
    }
    resources.sort_unstable_by(|a, b| a.sid.as_str().cmp(&b.sid.as_str()));
    for resource in resources {
        output.push(ServiceConfig {
            sid: resource.sid.label(),
            kind: resource.kind.label(),
            max_restart: named(&resource.max_restart).unwrap_or("1").to_owned(),
            max_relocate: named(&resource.max_relocate).unwrap_or("1").to_owned(),
            failback: if resource.failback.0 == Some(false) { "0".to_owned() } else { "1".to_owned() },
        });
    }
}

fn services(services: BTreeMap<String, Object<Service>>, output: &mut Output) {
    for (sid, service) in services {
        let service = service.0.unwrap_or_default();
        if named(&service.state).is_some() {
            output.push(ServiceStatus { sid, node: service.node.label(), state: service.state.label() });
        }
    }
}

/// A text that is there and not empty.
fn named<'a>(text: &'a Text) -> Option<&'a str> {
    text.as_str().filter(|text| !text.is_empty())
}

pve_collector::export!(HaStatus);
