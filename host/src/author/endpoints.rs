//! What requests cost: the privilege a token needs, and the work for the cluster.
//!
//! The table has only what the project's notes on the API say; everything else is reported as unknown.

use crate::request::Template;

/// A path of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// Segments; `*` matches any.
    pattern: &'static str,
    /// Privilege and object, or who else may make the request.
    pub(super) privilege: &'static str,
    /// Why it is expensive, if it is.
    pub(super) cost: Option<&'static str>,
}

/// The privilege of a path that is not in the table.
pub(super) const UNKNOWN: &str = "unknown, see the API viewer";

const fn cheap(pattern: &'static str, privilege: &'static str) -> Endpoint {
    Endpoint { pattern, privilege, cost: None }
}

const fn expensive(pattern: &'static str, privilege: &'static str, cost: &'static str) -> Endpoint {
    Endpoint { pattern, privilege, cost: Some(cost) }
}

const ON_ROOT: &str = "Sys.Audit on /";
const ON_NODE: &str = "Sys.Audit on /nodes/{node}";
const ON_GUEST: &str = "VM.Audit on /vms/{vmid}";
const GUESTS: &str = "VM.Audit on /vms/{vmid}; without it the answer is 200 and []";
const STORAGES: &str = "Datastore.Audit on /storage/{storage}; without it the storage is left out";
const ANY: &str = "any user";

/// The first match counts.
const ENDPOINTS: &[Endpoint] = &[
    cheap("/version", ANY),
    cheap("/cluster/status", ON_ROOT),
    cheap("/cluster/resources", "any user; shows what VM.Audit, Datastore.Audit and Sys.Audit let the token see"),
    cheap("/cluster/ha/*", ON_ROOT),
    cheap("/cluster/ha/*/*", ON_ROOT),
    cheap("/cluster/config/qdevice", ON_ROOT),
    cheap("/cluster/backup-info/not-backed-up", "Sys.Audit on /, and VM.Audit on the guests it shows"),
    expensive("/cluster/ceph/status", "Sys.Audit or Datastore.Audit on /", "some 200 kB an answer"),
    expensive("/cluster/metrics/export", ON_ROOT, "asks the other nodes one after another, up to 20 s each"),
    cheap("/nodes", "any user; figures with Sys.Audit on /nodes/{node}"),
    cheap("/nodes/*/status", ON_NODE),
    cheap("/nodes/*/qemu", GUESTS),
    cheap("/nodes/*/lxc", GUESTS),
    cheap("/nodes/*/*/*/config", ON_GUEST),
    expensive(
        "/nodes/*/replication",
        "VM.Audit on /vms/{vmid} of each guest it shows",
        "takes a cluster-wide lock, so the exporter requests it from one node at a time, only from nodes with jobs, and at most \
         once a minute",
    ),
    cheap("/nodes/*/replication/*/status", ON_GUEST),
    cheap("/nodes/*/subscription", "any user; all of it with Sys.Audit on /nodes/{node}"),
    cheap("/nodes/*/certificates/info", ANY),
    expensive("/nodes/*/ceph/status", "Sys.Audit or Datastore.Audit on /", "some 200 kB an answer"),
    expensive(
        "/nodes/*/disks/list",
        "Sys.Audit on / or on /nodes/{node}",
        "asks every disk for its SMART health, and wakes those that sleep",
    ),
    expensive("/nodes/*/disks/smart", ON_ROOT, "runs smartctl on the disk"),
    expensive("/nodes/*/disks/zfs", ON_ROOT, "runs zpool on the node"),
    expensive("/nodes/*/storage", STORAGES, "waits for storages that do not answer, such as a dead NFS server"),
    cheap("/nodes/*/services", ON_NODE),
    cheap("/nodes/*/tasks", "any user, own tasks; all of them with Sys.Audit on /nodes/{node}"),
    cheap("/nodes/*/apt/update", "Sys.Modify on /nodes/{node}: more than PVEAuditor has"),
    cheap("/nodes/*/apt/versions", ON_NODE),
];

/// The entry for a request, if there is one.
pub(super) fn endpoint(template: &Template) -> Option<&'static Endpoint> {
    let path = template.as_str().split('?').next().unwrap_or_default();
    ENDPOINTS.iter().find(|endpoint| fits(endpoint.pattern, path))
}

fn fits(pattern: &str, path: &str) -> bool {
    let (mut wanted, mut found) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), found.next()) {
            (None, None) => return true,
            (Some(wanted), Some(found)) if wanted == "*" || wanted == found => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_find_their_endpoint() {
        for (path, privilege) in [
            ("/nodes/{node}/status", ON_NODE),
            ("/nodes/{node}/qemu?full=1", GUESTS),
            ("/cluster/ha/status/manager_status", ON_ROOT),
            ("/nodes/{node}/{type}/{vmid}/config", ON_GUEST),
            ("/nodes/{node}/lxc/{vmid}/config", ON_GUEST),
            ("/nodes/{node}/storage", STORAGES),
            ("/nodes/{node}/certificates/info", ANY),
        ] {
            let template = Template::parse(path).unwrap();
            assert_eq!(endpoint(&template).unwrap().privilege, privilege, "{path}");
        }
        for path in ["/nodes/{node}/storage/{storage}/status", "/nodes/{node}/netstat"] {
            assert_eq!(endpoint(&Template::parse(path).unwrap()), None, "{path}");
        }
    }
}
