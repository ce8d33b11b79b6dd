//! CPU, memory, disk, network, HA state, lock and info of nodes, guests, storages and pools, as in
//! prometheus-pve-exporter, from `/cluster/resources`.
//!
//! As in the original, numbers depend on the members an entry has, not on its type: pools have CPU and memory as well. A guest on
//! a node that is down has no numbers, but info and states. Settings:
//!
//! - `deprecated: 0` drops the four gauges that counters have replaced (`pve_network_transmit_bytes` and so on).
//! - `compact-states: 1` drops `pve_ha_state` of resources not managed by HA and `pve_lock_state` of guests that are not
//!   locked. The original has 20 series with the value 0 for such a guest.

mod answer;
mod rows;

use answer::Resource;
use pve_collector::{Collector, Failure, Input, Output, Package, Request, Table};
pub use rows::{GuestHa, GuestInfo, GuestLock, Lock, NodeHa, NodeHaState, Numbers, StorageInfo, TABLES};

const RESOURCES: Request = Request::get("/cluster/resources");

pub struct Resources;

impl Collector for Resources {
    const PACKAGE: Package = pve_collector::package!();
    const REQUESTS: &'static [Request] = &[RESOURCES];
    const TABLES: &'static [Table] = TABLES;

    fn collect(input: &Input, output: &mut Output) -> Result<(), Failure> {
        let deprecated = switch(input, "deprecated", true)?;
        let compact = switch(input, "compact-states", false)?;
        let mut nameless = 0;
        input.for_each(RESOURCES, output, |resource: Resource, output| {
            if resource.id.or_empty().is_empty() {
                nameless += 1;
                return;
            }
            output.push(resource.numbers(deprecated, compact));
            match resource.kind.or_empty() {
                "qemu" | "lxc" => {
                    output.push(resource.guest_info());
                    if let Some(lock) = resource.guest_lock() {
                        output.push(lock);
                    }
                }
                "storage" => output.push(resource.storage_info()),
                "node" => output.push(resource.node_ha(compact)),
                _ => {}
            }
        })?;
        output.warn_count("resources left out because they have no id", nameless);
        Ok(())
    }
}

fn switch(input: &Input, name: &str, default: bool) -> Result<bool, Failure> {
    match input.setting(name) {
        None => Ok(default),
        Some("1" | "true") => Ok(true),
        Some("0" | "false") => Ok(false),
        Some(other) => Err(Failure::Settings(format!("setting {name} is {other:?}, not 0 or 1"))),
    }
}

pve_collector::export!(Resources);
