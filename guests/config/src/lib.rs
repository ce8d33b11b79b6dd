//! `pve_onboot_status` of prometheus-pve-exporter (whether a guest starts with its node), from
//! `/nodes/{node}/{type}/{vmid}/config`.
//!
//! A configuration without `onboot`, which means off, has no series, as in the original.

use pve_collector::{Collector, Failure, Input, Output, Package, Request, Table, lenient::Number, tables};
use serde::Deserialize;

/// One request per guest, for a setting that changes once in months: an answer may be ten minutes old.
const CONFIG: Request = Request::get("/nodes/{node}/{type}/{vmid}/config").max_age(600);

tables! {
    Onboot(id, node, kind as "type") {
        gauge onboot "pve_onboot_status" "Proxmox vm config onboot value";
    }
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    onboot: Number,
}

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
