//! Load, swap, root file system, KSM and boot mode of a node, from `/nodes/{node}/status`.

use pve_collector::{
    Collector, Failure, Input, Output, Package, Request, Table,
    lenient::{Flag, List, Number, Object, Text},
    tables,
};
use serde::Deserialize;

const STATUS: Request = Request::get("/nodes/{node}/status");

tables! {
    Node(node) {
        gauge load1 "pve_node_load1" "Load average over 1 minute, from loadavg.";
        gauge load5 "pve_node_load5" "Load average over 5 minutes, from loadavg.";
        gauge load15 "pve_node_load15" "Load average over 15 minutes, from loadavg.";
        gauge swap_total "pve_node_swap_total_bytes" "Size of the swap space, from swap.total.";
        gauge swap_used "pve_node_swap_used_bytes" "Swap space in use, from swap.used.";
        gauge swap_free "pve_node_swap_free_bytes" "Swap space not in use, from swap.free.";
        gauge rootfs_total "pve_node_rootfs_total_bytes" "Size of the root file system, from rootfs.total.";
        gauge rootfs_used "pve_node_rootfs_used_bytes" "Space in use on the root file system, from rootfs.used.";
        gauge rootfs_available "pve_node_rootfs_available_bytes"
            "Space usable on the root file system, without the blocks reserved for root, from rootfs.avail.";
        gauge ksm_shared "pve_node_ksm_shared_bytes" "Memory that KSM shares between guests, from ksm.shared.";
    }

    /// Proxmox VE sends this since 8.1.
    BootMode(node, mode, secureboot) {
        info "pve_node_boot_mode_info"
            "Boot mode (efi or legacy-bios) and secure boot (1 on, 0 off, empty if not known), from boot-info.";
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Status<'a> {
    #[serde(default)]
    loadavg: List<Number>,
    #[serde(default)]
    swap: Object<Space>,
    #[serde(default)]
    rootfs: Object<Space>,
    #[serde(default)]
    ksm: Object<Ksm>,
    #[serde(borrow, default)]
    boot_info: Object<BootInfo<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Space {
    total: Number,
    used: Number,
    free: Number,
    avail: Number,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Ksm {
    shared: Number,
}

#[derive(Deserialize)]
struct BootInfo<'a> {
    #[serde(borrow, default)]
    mode: Text<'a>,
    #[serde(default)]
    secureboot: Flag,
}

pub struct NodeStatus;

impl Collector for NodeStatus {
    const PACKAGE: Package = pve_collector::package!();
    const REQUESTS: &'static [Request] = &[STATUS];
    const TABLES: &'static [Table] = TABLES;

    fn collect(input: &Input, output: &mut Output) -> Result<(), Failure> {
        let status: Status = input.object(STATUS)?;
        let load = |position: usize| status.loadavg.get(position).and_then(|load| load.0);
        let swap = status.swap.0.unwrap_or_default();
        let rootfs = status.rootfs.0.unwrap_or_default();
        output.push(Node {
            node: input.node().to_owned(),
            load1: load(0),
            load5: load(1),
            load15: load(2),
            swap_total: swap.total.0,
            swap_used: swap.used.0,
            swap_free: swap.free.0,
            rootfs_total: rootfs.total.0,
            rootfs_used: rootfs.used.0,
            rootfs_available: rootfs.avail.0,
            ksm_shared: status.ksm.0.unwrap_or_default().shared.0,
        });
        if let Some(boot) = status.boot_info.0
            && let Some(mode) = boot.mode.as_str()
        {
            output.push(BootMode {
                node: input.node().to_owned(),
                mode: mode.to_owned(),
                secureboot: secureboot(mode, boot.secureboot).to_owned(),
            });
        }
        Ok(())
    }
}

/// Legacy BIOS has no secure boot, and the API then omits the member. With EFI, a missing member means that the firmware's
/// variable could not be read.
fn secureboot(mode: &str, flag: Flag) -> &'static str {
    match flag.0 {
        Some(true) => "1",
        Some(false) => "0",
        None if mode == "legacy-bios" => "0",
        None => "",
    }
}

pve_collector::export!(NodeStatus);
