//! Pressure stall information of running containers, from `/nodes/{node}/lxc`.
//!
//! Proxmox VE 9 sends the same six percentages as for VMs, but as strings, and null if the kernel does not measure pressure.
//! Older versions do not send them. There is no series then, since 0 would mean no pressure.

use pve_collector::{Collector, Failure, Input, Output, Package, Request, Table, tables};

const GUESTS: Request = Request::get("/nodes/{node}/lxc");

tables! {
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

pub struct LxcPressure;

impl Collector for LxcPressure {
    const PACKAGE: Package = pve_collector::package!();
    const REQUESTS: &'static [Request] = &[GUESTS];
    const TABLES: &'static [Table] = TABLES;

    fn collect(input: &Input, output: &mut Output) -> Result<(), Failure> {
        pressure::running(input, GUESTS, "containers", output, |pressure, output| {
            output.push(Pressure {
                id: format!("lxc/{}", pressure.vmid),
                node: input.node().to_owned(),
                cpu_some: pressure.cpu_some,
                cpu_full: pressure.cpu_full,
                memory_some: pressure.memory_some,
                memory_full: pressure.memory_full,
                io_some: pressure.io_some,
                io_full: pressure.io_full,
            });
        })
    }
}

pve_collector::export!(LxcPressure);
