//! The cluster's lists change, or disagree with each other.

use super::super::report::{Report, failed};
use super::super::row::{Cost, Row, fault};
use super::super::selection::{PER_NODE, Selection, all_of, api_of, everything, metrics};

const GUEST: &str = r#"id="qemu/100""#;
const ITS_JOB: &str = r#"guest="qemu/100""#;

pub(super) fn rows() -> Vec<Row> {
    [leaving(), migrating(), duplicates(), names()].concat()
}

/// What the cluster's lists say about a node that is no member, and about its storages.
fn of_former_node() -> Vec<Selection> {
    vec![
        api_of("node02"),
        all_of(&["resources"]).of("node02").except(&["pve_ha_state", "pve_lock_state"]),
        metrics(&["pve_ha_state", "pve_up"]).with(r#"id="node/node02""#),
        metrics(&["pve_up"]).with(r#"id="storage/node02/"#),
        metrics(&["pve_node_info"]).of("node02"),
    ]
}

fn leaving() -> Vec<Row> {
    let removed = fault(r#"{"kind":"removed","node":"node02"}"#);
    let renamed = fault(r#"{"kind":{"renamed":{"to":"node77"}},"node":"node02"}"#);
    let gone = fault(
        r#"{"path":"/nodes/{node}/{type}/{vmid}/config","node":"node02","status":500,
            "reason":"Configuration file 'nodes/node02/qemu-server/101.conf' does not exist"}"#,
    );
    vec![
        Row::new("A node was removed, its guests are still listed", [removed])
            .loses(of_former_node())
            .loses([metrics(&["pve_ha_lrm_mode", "pve_ha_lrm_timestamp_seconds", "pve_ha_node_status"]).of("node02")])
            .loses([all_of(&["cluster"])])
            .gains([metrics(&["pve_guest_info", "pve_ha_lrm_mode", "pve_ha_node_status"]).of("node02")])
            .gains([all_of(&["cluster"])])
            .changes(&["pve_replication_failed_syncs", "pve_replication_next_sync_timestamp_seconds", "pve_up"])
            .reports([Report::NodeGone("node02")])
            .on_8_and_9(),
        Row::new("A host was renamed, its guests are listed under the old name", [renamed])
            .loses(of_former_node())
            .loses([all_of(&["ha-status"]).of("node02").except(&["pve_ha_service_status"])])
            .loses([metrics(&["pve_replication_info"]).with(r#"target="node/node02""#)])
            .gains([everything().of("node77"), metrics(&["pve_guest_info"]).of("node02")])
            .gains([metrics(&["pve_replication_info"]).with(r#"target="node/node77""#)])
            .changes(&["pve_up"])
            .reports([Report::NodeGone("node02"), Report::NodeNew("node77")]),
        Row::new("Guests of a node vanish between two requests", [gone])
            .loses([all_of(&["config"]).of("node02")])
            .reports([failed(&["config"], "not_found").of("node02")])
            .logs(1),
    ]
}

/// A guest that moved from node01, as `/cluster/resources` still says, to node02.
fn migrating() -> Vec<Row> {
    let pressure = || all_of(&["vm-pressure"]).with(GUEST);
    let migrates = |name, listed: &str| {
        let json = format!(r#"{{"kind":{{"migrating":{{"vmid":100,"to":"node02","listed":"{listed}"}}}}}}"#);
        Row::new(name, [fault(&json)])
            .loses([metrics(&["pve_onboot_status"]).with(GUEST), metrics(&["pve_replication_info"]).with(ITS_JOB)])
            .gains([metrics(&["pve_replication_info"]).with(ITS_JOB)])
            .reports([failed(&["config"], "not_found").of("node01")])
            .logs(1)
    };
    let locally = |lost: Vec<Selection>| Cost {
        lost: [lost, vec![metrics(&["pve_onboot_status"]).with(GUEST), all_of(&["replication"])]].concat(),
        reported: vec![failed(&["config"], "not_found").of("node01")],
        ..Cost::default()
    };
    vec![
        migrates("A guest migrates, and only its new node lists it", "target")
            .loses([pressure()])
            .gains([pressure().of("node02")])
            .locally(locally(vec![pressure()])),
        migrates("A guest migrates, and both nodes list it", "both")
            .gains([pressure().of("node02")])
            .locally(locally(Vec::new())),
        migrates("A guest migrates, and neither node lists it", "neither")
            .loses([pressure()])
            .locally(locally(vec![pressure()])),
    ]
}

fn duplicates() -> Vec<Row> {
    let rejected = |collector| Report::Rejected { collector, reason: "duplicate" };
    let twice = |name, json| Row::new(name, [fault(json)]);
    vec![
        twice("Every guest and storage is listed twice", r#"{"path":"/cluster/resources","body":"duplicates"}"#)
            .reports(["resources", "status"].map(rejected))
            .on_8_and_9(),
        twice("Every node is listed twice", r#"{"path":"/cluster/status","body":"duplicates"}"#)
            .reports(["cluster", "node", "status"].map(rejected)),
        twice(
            "Every VM of a node is listed twice",
            r#"{"path":"/nodes/{node}/qemu","node":"node01","body":"duplicates"}"#,
        )
        .reports([rejected("vm-pressure")]),
        twice(
            "Every disk of a node is listed twice",
            r#"{"path":"/nodes/{node}/disks/list","node":"node01","body":"duplicates"}"#,
        ),
    ]
}

fn names() -> Vec<Row> {
    let odd = |name, path: &str, member: &str| {
        let body = format!(r#"{{"member":{{"name":"{member}","to":"odd"}}}}"#);
        Row::new(name, [fault(&format!(r#"{{"path":"{path}","body":{body}}}"#))])
    };
    let relabelled = |row: Row, of: &[Selection]| row.loses(of.to_vec()).gains(of.to_vec());
    let tagged = || metrics(&["pve_guest_info"]).without(r#"tags="""#);
    let of_the_cluster = [
        all_of(&["cluster", "node", "qdevice"]),
        metrics(&["pve_not_backed_up_total"]),
        metrics(&["pve_up"]).with(r#"id="cluster/"#),
    ];
    vec![
        relabelled(
            odd("Guests have names with a quote, a newline and an emoji", "/cluster/resources", "name"),
            &[metrics(&["pve_guest_info"])],
        )
        .on_8_and_9(),
        relabelled(
            odd("Guests have tags with a quote, a newline and an emoji", "/cluster/resources", "tags"),
            &[tagged()],
        ),
        relabelled(
            odd("Storages have names with a quote, a newline and an emoji", "/cluster/resources", "storage"),
            &[metrics(&["pve_storage_info"])],
        )
        .reports([Report::Dropped("storage")]),
        relabelled(
            odd("Nodes and cluster have names with a quote, a newline and an emoji", "/cluster/status", "name"),
            &of_the_cluster,
        )
        .reports([Report::Dropped("node")])
        .locally(Cost {
            lost: [of_the_cluster.to_vec(), vec![all_of(PER_NODE)]].concat(),
            gained: of_the_cluster.to_vec(),
            reported: vec![Report::Dropped("node"), failed(PER_NODE, "local_node_unknown")],
            ..Cost::default()
        }),
    ]
}
