//! CPU, memory, disk, network, HA state, lock and facts of nodes, guests, storages and pools, as
//! prometheus-pve-exporter has them, from `/cluster/resources`.
//!
//! Numbers go by what an entry has, not by its type, as in the original: pools have CPU and memory too. A guest of a
//! node that is down has no numbers, but facts and states. Settings, off where they are not said:
//!
//! - `deprecated: 0` leaves out the four gauges that a counter has replaced (`pve_network_transmit_bytes` …);
//! - `compact-states: 1` leaves out `pve_ha_state` of what is not under HA and `pve_lock_state` of what is not locked,
//!   of which the original gives 20 series of 0 a guest.

mod answer;
mod rows;

use answer::Resource;
use pve_collector::{Collector, Failure, Input, Output, Package, Request, Table};
pub use rows::{GuestHa, GuestInfo, Lock, NodeHa, NodeHaState, Numbers, StorageInfo, TABLES};

const RESOURCES: Request = Request::get("/cluster/resources");

/// The collector.
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
                "qemu" | "lxc" => output.push(resource.guest_info()),
                "storage" => output.push(resource.storage_info()),
                "node" => output.push(resource.node_ha(compact)),
                _ => {}
            }
        })?;
        if nameless > 0 {
            output.warn(format!("resources left out because they have no id: {nameless}"));
        }
        Ok(())
    }
}

/// A setting that is on or off.
fn switch(input: &Input, name: &str, default: bool) -> Result<bool, Failure> {
    match input.setting(name) {
        None => Ok(default),
        Some("1" | "true") => Ok(true),
        Some("0" | "false") => Ok(false),
        Some(other) => Err(Failure::Settings(format!("setting {name} is {other:?}, not 0 or 1"))),
    }
}

pve_collector::export!(Resources);
