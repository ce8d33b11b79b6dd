//! Whether a guest starts with its node, as `pve_onboot_status` of prometheus-pve-exporter, from
//! `/nodes/{node}/{type}/{vmid}/config`.
//!
//! A configuration without `onboot`, which means off, gives no series, as in the original.

use pve_collector::{Collector, Failure, Input, Output, Package, Request, Table, lenient::Number, tables};
use serde::Deserialize;

/// One call a guest, for what people change once in months: ten minutes old is good enough.
const CONFIG: Request = Request::get("/nodes/{node}/{type}/{vmid}/config").max_age(600);

tables! {
    /// A guest.
    Onboot(id, node, kind as "type") {
        gauge onboot "pve_onboot_status" "Proxmox vm config onboot value";
    }
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    onboot: Number,
}

/// The collector.
pub struct Config;

impl Collector for Config {
    const PACKAGE: Package = pve_collector::package!();
    const REQUESTS: &'static [Request] = &[CONFIG];
    const TABLES: &'static [Table] = TABLES;

    fn collect(input: &Input, output: &mut Output) -> Result<(), Failure> {
        let answer: Answer = input.object(CONFIG)?;
        if let (Some(onboot), Some(kind), Some(vmid)) = (answer.onboot.0, input.guest_type(), input.vmid()) {
            let kind = kind.as_str().to_owned();
            let id = format!("{kind}/{vmid}");
            output.push(Onboot { id, node: input.node().to_owned(), kind, onboot: Some(onboot) });
        }
        Ok(())
    }
}

pve_collector::export!(Config);
