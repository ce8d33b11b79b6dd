//! Pressure stall information of running containers, from `/nodes/{node}/lxc`.
//!
//! The twin of `vm-pressure`. Proxmox VE 9 sends the same six percentages for containers, as strings, and null where
//! the kernel does not measure. Older versions don't send them: then there is no series, since 0 would say "no pressure".

use pve_collector::{
    Collector, Failure, Input, Output, Package, Request, Table,
    lenient::{Number, Text},
    tables,
};
use serde::Deserialize;

const GUESTS: Request = Request::get("/nodes/{node}/lxc");

tables! {
    /// The pressure on a running container.
    Pressure(id, node) {
        gauge cpu_some "pve_lxc_pressure_cpu_some_ratio"
            "Share of time in which some task of the container waited for CPU, from pressurecpusome.";
        gauge cpu_full "pve_lxc_pressure_cpu_full_ratio"
            "Share of time in which all tasks of the container waited for CPU, from pressurecpufull.";
        gauge memory_some "pve_lxc_pressure_memory_some_ratio"
            "Share of time in which some task of the container waited for memory, from pressurememorysome.";
        gauge memory_full "pve_lxc_pressure_memory_full_ratio"
            "Share of time in which all tasks of the container waited for memory, from pressurememoryfull.";
        gauge io_some "pve_lxc_pressure_io_some_ratio"
            "Share of time in which some task of the container waited for IO, from pressureiosome.";
        gauge io_full "pve_lxc_pressure_io_full_ratio"
            "Share of time in which all tasks of the container waited for IO, from pressureiofull.";
    }
}

/// An entry of the list, as far as it matters here: six of some 25 members, and two to know the VM by.
#[derive(Deserialize)]
struct Guest<'a> {
    #[serde(borrow, default)]
    vmid: Text<'a>,
    #[serde(borrow, default)]
    status: Text<'a>,
    #[serde(default, rename = "pressurecpusome")]
    cpu_some: Number,
    #[serde(default, rename = "pressurecpufull")]
    cpu_full: Number,
    #[serde(default, rename = "pressurememorysome")]
    memory_some: Number,
    #[serde(default, rename = "pressurememoryfull")]
    memory_full: Number,
    #[serde(default, rename = "pressureiosome")]
    io_some: Number,
    #[serde(default, rename = "pressureiofull")]
    io_full: Number,
}

impl Guest<'_> {
    fn has_pressure(&self) -> bool {
        let six = [self.cpu_some, self.cpu_full, self.memory_some, self.memory_full, self.io_some, self.io_full];
        six.iter().any(|number| number.0.is_some())
    }
}

/// The collector.
pub struct LxcPressure;

impl Collector for LxcPressure {
    const PACKAGE: Package = pve_collector::package!();
    const REQUESTS: &'static [Request] = &[GUESTS];
    const TABLES: &'static [Table] = TABLES;

    fn collect(input: &Input, output: &mut Output) -> Result<(), Failure> {
        let mut nameless = 0;
        for guest in input.list::<Guest>(GUESTS, output)? {
            if guest.status.or_empty() != "running" || !guest.has_pressure() {
                continue;
            }
            // A string up to Proxmox VE 8.1, a number since.
            let Ok(vmid) = guest.vmid.or_empty().parse::<u32>() else {
                nameless += 1;
                continue;
            };
            output.push(Pressure {
                id: format!("lxc/{vmid}"),
                node: input.node().to_owned(),
                cpu_some: ratio(guest.cpu_some),
                cpu_full: ratio(guest.cpu_full),
                memory_some: ratio(guest.memory_some),
                memory_full: ratio(guest.memory_full),
                io_some: ratio(guest.io_some),
                io_full: ratio(guest.io_full),
            });
        }
        if nameless > 0 {
            output.warn(format!("running containers left out because their vmid is missing or no number: {nameless}"));
        }
        Ok(())
    }
}

fn ratio(percent: Number) -> Option<f64> {
    percent.0.map(|percent| percent / 100.0)
}

pve_collector::export!(LxcPressure);
