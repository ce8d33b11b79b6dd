//! Health, wear, size, usage and OSDs of a node's disks, from `/nodes/{node}/disks/list`.

use std::collections::BTreeSet;

use pve_collector::{
    Collector, Failure, Input, Output, Package, Request, State, Table,
    lenient::{List, Number, Text},
    states, tables,
};
use serde::Deserialize;

/// An answer may be five minutes old. For each request the node runs smartctl on one disk after the other, up to 10 s each, in
/// one of its three API workers, and may wake sleeping disks. Neither health nor wear changes faster than that.
const DISKS: Request = Request::get("/nodes/{node}/disks/list").max_age(300);

states! {
    Smart { Passed = "passed", Failed = "failed", Unknown = "unknown", Disabled = "disabled" }
}

tables! {
    Health(node, devpath, model, serial, kind as "type") {
        gauge passed "pve_physical_disk_health"
            "1 if health is exactly PASSED, otherwise 0: also for the OK of SAS disks and where SMART can't be read.";
    }

    Disk(node, devpath) {
        gauge wearout "pve_physical_disk_wearout_remaining_ratio"
            "Share of an SSD's write endurance that is left, 1 for a new one, from wearout.";
        gauge size "pve_physical_disk_size_bytes" "Size of the disk, from size.";
        state smart: Smart("state") "pve_physical_disk_smart_status"
            "SMART status: PASSED and OK are passed, whatever else a disk says of its health is failed, from health.";
    }

    Info(node, devpath, model, serial, kind as "type", used) {
        info "pve_physical_disk_info" "Always 1; model, serial number, type and use of the disk.";
    }

    /// A disk may have several.
    Osd(node, devpath, osd) {
        gauge "pve_physical_disk_osd" "Always 1, for each Ceph OSD on the disk, from osdid-list.";
    }
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    devpath: Text<'a>,
    #[serde(borrow, default)]
    health: Text<'a>,
    #[serde(borrow, default)]
    model: Text<'a>,
    #[serde(borrow, default)]
    serial: Text<'a>,
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    used: Text<'a>,
    #[serde(default)]
    wearout: Number,
    #[serde(default)]
    size: Number,
    #[serde(borrow, default)]
    osdid: Text<'a>,
    #[serde(borrow, default, rename = "osdid-list")]
    osdid_list: List<Text<'a>>,
}

impl Answer<'_> {
    /// The OSDs' numbers. `osdid` (-1 for none) is the last one of `osdid-list`, which pve-storage has sent since 8.0.4.
    fn osds(&self) -> BTreeSet<u32> {
        let number = |id: &Text| id.or_empty().parse().ok();
        let mut osds: BTreeSet<u32> = self.osdid_list.iter().filter_map(number).collect();
        if osds.is_empty() {
            osds.extend(number(&self.osdid));
        }
        osds
    }

    /// `SMART Disabled` and `UNKNOWN` (USB, RAID volumes, virtual disks, a timeout) are not failures. SAS disks report `OK` or
    /// the reason of a failure as free text.
    fn smart(&self) -> Smart {
        match self.health.or_empty().trim() {
            "PASSED" | "OK" => Smart::Passed,
            "SMART Disabled" => Smart::Disabled,
            "" => Smart::Unknown,
            health if health.starts_with("UNKNOWN") => Smart::Unknown,
            _ => Smart::Failed,
        }
    }
}

pub struct PhysicalDisk;

impl Collector for PhysicalDisk {
    const PACKAGE: Package = pve_collector::package!();
    const REQUESTS: &'static [Request] = &[DISKS];
    const TABLES: &'static [Table] = TABLES;

    fn collect(input: &Input, output: &mut Output) -> Result<(), Failure> {
        let mut seen = BTreeSet::new();
        let (mut nameless, mut repeated) = (0, 0);
        for disk in input.list::<Answer>(DISKS, output)? {
            let devpath = disk.devpath.label();
            if devpath.is_empty() {
                nameless += 1;
            } else if seen.contains(&devpath) {
                repeated += 1;
            } else {
                push(input.node(), &devpath, &disk, output);
                seen.insert(devpath);
            }
        }
        output.warn_count("disks left out because they have no devpath", nameless);
        output.warn_count("disks left out because their devpath came before", repeated);
        Ok(())
    }
}

fn push(node: &str, devpath: &str, disk: &Answer, output: &mut Output) {
    let (node, devpath) = (|| node.to_owned(), || devpath.to_owned());
    let (model, serial, kind) = (disk.model.label(), disk.serial.label(), disk.kind.label());
    output.push(Health {
        node: node(),
        devpath: devpath(),
        model: model.clone(),
        serial: serial.clone(),
        kind: kind.clone(),
        passed: Some(f64::from(disk.health.as_str() == Some("PASSED"))),
    });
    output.push(Disk {
        node: node(),
        devpath: devpath(),
        // Negative once an NVMe disk is past its rated endurance (-5 means 105 % used); some vendors' ATA values exceed 100.
        wearout: disk.wearout.0.map(|percent| percent.clamp(0.0, 100.0) / 100.0),
        size: disk.size.0,
        smart: State::Is(disk.smart()),
    });
    output.push(Info { node: node(), devpath: devpath(), model, serial, kind, used: disk.used.label() });
    for osd in disk.osds() {
        output.push(Osd { node: node(), devpath: devpath(), osd: format!("osd.{osd}") });
    }
}

pve_collector::export!(PhysicalDisk);
