//! Storage replication jobs of a node's guests, as in prometheus-pve-exporter, from `/nodes/{node}/replication`.
//!
//! The original also requests `/nodes/{node}/replication/{id}/status` for each job. Proxmox VE builds both answers with the
//! same function, so the list contains the same values. The timestamps of a job that never ran are 0.

use pve_collector::{
    Collector, Failure, Input, Output, Package, Request, Table,
    lenient::{Number, Text},
    tables,
};
use serde::Deserialize;

const JOBS: Request = Request::get("/nodes/{node}/replication");

tables! {
    Job(id) {
        gauge duration "pve_replication_duration_seconds" "Proxmox vm replication duration";
        gauge last_sync "pve_replication_last_sync_timestamp_seconds" "Proxmox vm replication last_sync";
        gauge last_try "pve_replication_last_try_timestamp_seconds" "Proxmox vm replication last_try";
        gauge next_sync "pve_replication_next_sync_timestamp_seconds" "Proxmox vm replication next_sync";
        gauge fail_count "pve_replication_failed_syncs" "Proxmox vm replication fail_count";
    }

    JobInfo(guest, id, source, target, kind as "type") {
        info "pve_replication_info" "Proxmox vm replication info";
    }
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    source: Text<'a>,
    #[serde(borrow, default)]
    target: Text<'a>,
    #[serde(borrow, default)]
    vmtype: Text<'a>,
    #[serde(borrow, default)]
    guest: Text<'a>,
    #[serde(default)]
    duration: Number,
    #[serde(default)]
    last_sync: Number,
    #[serde(default)]
    last_try: Number,
    #[serde(default)]
    next_sync: Number,
    #[serde(default)]
    fail_count: Number,
}

pub struct Replication;

impl Collector for Replication {
    const PACKAGE: Package = pve_collector::package!();
    const REQUESTS: &'static [Request] = &[JOBS];
    const TABLES: &'static [Table] = TABLES;

    fn collect(input: &Input, output: &mut Output) -> Result<(), Failure> {
        let mut nameless = 0;
        for job in input.list::<Answer>(JOBS, output)? {
            let id = job.id.or_empty();
            if id.is_empty() {
                nameless += 1;
                continue;
            }
            output.push(Job {
                id: id.to_owned(),
                duration: job.duration.0,
                last_sync: job.last_sync.0,
                last_try: job.last_try.0,
                next_sync: job.next_sync.0,
                fail_count: job.fail_count.0,
            });
            output.push(JobInfo {
                guest: join(job.vmtype.or_empty(), job.guest.or_empty()),
                id: id.to_owned(),
                source: join("node", job.source.or_empty()),
                target: join("node", job.target.or_empty()),
                kind: job.kind.or_empty().to_owned(),
            });
        }
        output.warn_count("replication jobs left out because they have no id", nameless);
        Ok(())
    }
}

/// `qemu/100`; empty (no label) if either half is missing.
fn join(kind: &str, name: &str) -> String {
    if kind.is_empty() || name.is_empty() { String::new() } else { format!("{kind}/{name}") }
}

pve_collector::export!(Replication);
