//! Each path that collectors request is forbidden, broken or unknown, or its list is empty.

use super::super::report::failed;
use super::super::row::{Row, fault};
use super::super::selection::{all_of, metrics};
use super::without;

const NODES: [&str; 4] = ["node01", "node02", "node03", "node04"];

/// Requests for the cluster, and the collectors that need them.
const OF_THE_CLUSTER: [(&str, &[&str]); 4] = [
    ("/version", &["version"]),
    ("/cluster/ha/status/manager_status", &["ha-status"]),
    ("/cluster/ha/resources", &["ha-status"]),
    ("/cluster/backup-info/not-backed-up", &["backup-info"]),
];

/// Requests for each node or guest, and the collectors that need them.
const OF_NODES: [(&str, &[&str]); 7] = [
    ("/nodes/{node}/status", &["node-status"]),
    ("/nodes/{node}/qemu", &["vm-pressure"]),
    ("/nodes/{node}/lxc", &["lxc-pressure"]),
    ("/nodes/{node}/disks/list", &["physical-disk"]),
    ("/nodes/{node}/replication", &["replication"]),
    ("/nodes/{node}/subscription", &["subscription"]),
    ("/nodes/{node}/{type}/{vmid}/config", &["config"]),
];

const STATUSES: [(u16, &str); 3] = [(403, "forbidden"), (500, "unavailable"), (501, "not_found")];

pub(super) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for (status, reason) in STATUSES {
        let refused = |path: &str| {
            let json = format!(r#"{{"path":"{path}","status":{status}}}"#);
            let row = Row::new(format!("{status} for `{path}`"), [fault(&json)]);
            // Errors have the same shape in all versions; what is lost has not.
            if status == 403 { row.on_8_and_9() } else { row }
        };
        rows.extend(["/cluster/status", "/cluster/resources"].map(|path| without(path, refused(path), reason)));
        rows.extend(OF_THE_CLUSTER.map(|(path, collectors)| {
            refused(path).loses([all_of(collectors)]).reports([failed(collectors, reason)]).logs(1)
        }));
        rows.extend(OF_NODES.map(|(path, collectors)| {
            // node04 has no replication jobs.
            let nodes = if collectors == ["replication"] { &NODES[..3] } else { &NODES[..] };
            let reported = nodes.iter().map(|node| failed(collectors, reason).of(node));
            refused(path).loses([all_of(collectors)]).reports(reported).logs(1)
        }));
    }
    // Without it the replication jobs of all nodes are requested.
    let list = r#"{"path":"/cluster/replication","status":500}"#;
    rows.push(Row::new("500 for `/cluster/replication`", [fault(list)]).on_8_and_9());
    // Without a privilege, or before Proxmox VE 6, there is no quorum device to see.
    rows.extend([(403, None), (500, Some("failed")), (501, None)].map(|(status, reason)| {
        let path = "/cluster/config/qdevice";
        let fault = fault(&format!(r#"{{"path":"{path}","status":{status}}}"#));
        let row = Row::new(format!("{status} for `{path}`"), [fault]).on_8_and_9().loses([all_of(&["qdevice"])]);
        match reason {
            Some(reason) => row.reports([failed(&["qdevice"], reason)]).logs(1),
            None => row,
        }
    }));
    rows.extend(empty_lists());
    rows
}

/// As for a token that may not see the objects: nothing fails.
fn empty_lists() -> Vec<Row> {
    let empty = |path: &str| {
        let json = format!(r#"{{"path":"{path}","body":"empty_list"}}"#);
        Row::new(format!("Empty list for `{path}`"), [fault(&json)]).on_8_and_9()
    };
    vec![
        empty("/cluster/resources")
            .loses([all_of(&["config", "resources"])])
            .loses([r#"id="qemu/"#, r#"id="lxc/"#, r#"id="storage/"#].map(|id| metrics(&["pve_up"]).with(id))),
        empty("/cluster/ha/resources").loses([metrics(&["pve_ha_service_config"])]),
        empty("/cluster/backup-info/not-backed-up")
            .loses([metrics(&["pve_not_backed_up_info"])])
            .changes(&["pve_not_backed_up_total"]),
        empty("/nodes/{node}/qemu").loses([all_of(&["vm-pressure"])]),
        empty("/nodes/{node}/lxc").loses([all_of(&["lxc-pressure"])]),
        empty("/nodes/{node}/disks/list").loses([all_of(&["physical-disk"])]),
        empty("/nodes/{node}/replication").loses([all_of(&["replication"])]),
    ]
}
