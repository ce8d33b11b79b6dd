//! Pressure stall information in the lists of VMs and containers, shared by `vm-pressure` and `lxc-pressure`.
//!
//! Each of the two exports one collector, so neither can depend on the other.

use pve_collector::{
    Failure, Input, Output, Request,
    lenient::{Number, Text},
};
use serde::Deserialize;

/// The kernel's 10-second averages for a running guest's cgroup, from 0 to 1; `None` if the API does not report it. "Some": at
/// least one task waited. "Full": all tasks waited.
#[derive(Clone, Copy, Debug)]
pub struct Pressure {
    pub vmid: u32,
    pub cpu_some: Option<f64>,
    pub cpu_full: Option<f64>,
    pub memory_some: Option<f64>,
    pub memory_full: Option<f64>,
    pub io_some: Option<f64>,
    pub io_full: Option<f64>,
}

#[derive(Deserialize)]
struct Guest<'a> {
    #[serde(default)]
    vmid: Number,
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

    /// Sent as a string up to Proxmox VE 6.4 for VMs and up to 8.1 for containers, as a number since then.
    fn vmid(&self) -> Option<u32> {
        let number =
            self.vmid.0.filter(|number| number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(number))?;
        Some(number as u32)
    }
}

/// Calls `visit` for each running guest of a list that has any pressure value. `guests` is the word for them in a warning.
///
/// # Errors
///
/// If the answer is not a list.
pub fn running(
    input: &Input,
    list: Request,
    guests: &str,
    output: &mut Output,
    mut visit: impl FnMut(Pressure, &mut Output),
) -> Result<(), Failure> {
    let mut nameless = 0;
    input.for_each(list, output, |guest: Guest, output| {
        if guest.status.or_empty() != "running" || !guest.has_pressure() {
            return;
        }
        let Some(vmid) = guest.vmid() else {
            nameless += 1;
            return;
        };
        let pressure = Pressure {
            vmid,
            cpu_some: ratio(guest.cpu_some),
            cpu_full: ratio(guest.cpu_full),
            memory_some: ratio(guest.memory_some),
            memory_full: ratio(guest.memory_full),
            io_some: ratio(guest.io_some),
            io_full: ratio(guest.io_full),
        };
        visit(pressure, output);
    })?;
    output.warn_count(format_args!("running {guests} left out because their vmid is missing or no number"), nameless);
    Ok(())
}

fn ratio(percent: Number) -> Option<f64> {
    percent.0.map(|percent| percent / 100.0)
}
