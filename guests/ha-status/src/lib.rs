//! High availability: runtime state from `/cluster/ha/status/manager_status`, configuration from `/cluster/ha/resources`.
//!
//! A service's configuration and runtime state are separate metrics, so that the configuration's series do not change when a
//! service moves. If HA was never configured, the maps are missing or empty: there are no series, and that is no error.

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
    Master(node) {
        gauge master "pve_ha_crm_master"
            "1 for the node whose cluster resource manager is the master, 0 for the others, from master_node.";
    }

    /// The master's view of a node.
    NodeStatus(node, status) {
        gauge "pve_ha_node_status"
            "Always 1; status is online, maintenance, unknown, fence or gone, from node_status.";
    }

    Heartbeat(node) {
        gauge timestamp "pve_ha_lrm_timestamp_seconds"
            "Last heartbeat of the node's local resource manager in Unix time, from lrm_status.";
    }

    LrmMode(node, mode) {
        gauge "pve_ha_lrm_mode"
            "Always 1; mode is active, restart, shutdown, maintenance, disarm or unknown, from lrm_status.";
    }

    ServiceConfig(sid, kind as "type", max_restart, max_relocate, failback) {
        gauge "pve_ha_service_config"
            "Always 1; configuration of a service from /cluster/ha/resources, defaults filled in.";
    }

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

/// Skips nodes without a name, as `lrms` does: Proxmox VE 9.2 has been seen to send one.
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

/// If a node's LRM never wrote its status file, the mode is `unknown` and there is no timestamp; if the file is empty, both are
/// missing.
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

/// The API returns the configuration file as it is. Options that are not set there have the manager's default, which is 1 for
/// all three.
fn resources(mut resources: Vec<Resource>, output: &mut Output) {
    let total = resources.len();
    resources.retain(|resource| named(&resource.sid).is_some());
    output.warn_count("HA resources left out because they have no sid", total - resources.len());
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

/// The text, unless it is missing or empty.
fn named<'a>(text: &'a Text) -> Option<&'a str> {
    text.as_str().filter(|text| !text.is_empty())
}

pve_collector::export!(HaStatus);
