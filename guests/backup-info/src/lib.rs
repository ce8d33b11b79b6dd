//! Guests that no backup job covers, as prometheus-pve-exporter has them, from `/cluster/backup-info/not-backed-up`.
//!
//! It is about jobs, not backups: a guest of a job that is disabled or fails counts as covered. The number's `id` is
//! that of the cluster, or `cluster/<node>` on a standalone node.

use pve_collector::{Collector, Failure, Input, Output, Package, Request, Table, lenient::Text, tables};
use serde::Deserialize;

const GUESTS: Request = Request::get("/cluster/backup-info/not-backed-up");
const STATUS: Request = Request::get("/cluster/status");

tables! {
    /// How many there are. A gauge in spite of its name, as in the original.
    NotBackedUp(id) {
        gauge total "pve_not_backed_up_total" "Total number of guests not covered by any backup job.";
    }

    /// One of them.
    NotBackedUpInfo(id) {
        info "pve_not_backed_up_info" "Present if guest is not covered by any backup job.";
    }
}

#[derive(Deserialize)]
struct Guest<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    vmid: Text<'a>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    name: Text<'a>,
}

/// The collector.
pub struct BackupInfo;

impl Collector for BackupInfo {
    const PACKAGE: Package = pve_collector::package!();
    const REQUESTS: &'static [Request] = &[GUESTS, STATUS];
    const TABLES: &'static [Table] = TABLES;

    fn collect(input: &Input, output: &mut Output) -> Result<(), Failure> {
        let guests: Vec<Guest> = input.list(GUESTS, output)?;
        let entries: Vec<Entry> = input.list(STATUS, output)?;
        match cluster_name(&entries) {
            Some(name) => output.push(NotBackedUp { id: format!("cluster/{name}"), total: Some(guests.len() as f64) }),
            None => output.warn(format!("no number of guests because {} has no name", STATUS.path)),
        }
        let mut odd = 0;
        for guest in &guests {
            match (guest.kind.or_empty(), guest.vmid.or_empty()) {
                ("", _) | (_, "") => odd += 1,
                (kind, vmid) => output.push(NotBackedUpInfo { id: format!("{kind}/{vmid}") }),
            }
        }
        if odd > 0 {
            output.warn(format!("guests counted but not named because they have no type or no vmid: {odd}"));
        }
        Ok(())
    }
}

/// The cluster's name. The original takes the first entry's, which is the cluster's where there is one.
fn cluster_name<'a>(entries: &'a [Entry]) -> Option<&'a str> {
    let cluster = entries.iter().find(|entry| entry.kind.or_empty() == "cluster");
    cluster.or(entries.first())?.name.as_str().filter(|name| !name.is_empty())
}

pve_collector::export!(BackupInfo);
