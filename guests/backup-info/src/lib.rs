//! Guests that no backup job covers, as in prometheus-pve-exporter, from `/cluster/backup-info/not-backed-up`.
//!
//! The API looks at jobs, not at backups: a guest counts as covered even if its job is disabled or fails. The total has the
//! cluster's `id`, or `cluster/<node>` on a standalone node.

use drop_in::{Member, STATUS};
use pve_collector::{Collector, Failure, Input, Output, Package, Request, Table, lenient::Text, tables};
use serde::Deserialize;

const GUESTS: Request = Request::get("/cluster/backup-info/not-backed-up");

tables! {
    /// A gauge in spite of its name, as in the original.
    NotBackedUp(id) {
        gauge total "pve_not_backed_up_total" "Total number of guests not covered by any backup job.";
    }

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

pub struct BackupInfo;

impl Collector for BackupInfo {
    const PACKAGE: Package = pve_collector::package!();
    const REQUESTS: &'static [Request] = &[GUESTS, STATUS];
    const TABLES: &'static [Table] = TABLES;

    fn collect(input: &Input, output: &mut Output) -> Result<(), Failure> {
        let guests: Vec<Guest> = input.list(GUESTS, output)?;
        let members: Vec<Member> = input.list(STATUS, output)?;
        match cluster_name(&members) {
            Some(name) => output.push(NotBackedUp { id: format!("cluster/{name}"), total: Some(guests.len() as f64) }),
            None => output.warn(format!("no number of guests because {} has no name", STATUS.path)),
        }
        let mut nameless = 0;
        for guest in &guests {
            match (guest.kind.or_empty(), guest.vmid.or_empty()) {
                ("", _) | (_, "") => nameless += 1,
                (kind, vmid) => output.push(NotBackedUpInfo { id: format!("{kind}/{vmid}") }),
            }
        }
        output.warn_count("guests counted but not named because they have no type or no vmid", nameless);
        Ok(())
    }
}

/// The original uses the first entry, which is the cluster's if there is one.
fn cluster_name<'a>(members: &'a [Member<'a>]) -> Option<&'a str> {
    Member::cluster(members).or(members.first())?.name.as_str().filter(|name| !name.is_empty())
}

pve_collector::export!(BackupInfo);
