//! A node fails that is not the one the exporter is connected to.

use super::super::report::{Report, api_failed, failed};
use super::super::row::{ANY, Row, Settings, fault};
use super::super::selection::{all_of, api_of, metrics};

/// What the cluster knows of the guests and storages of an offline node.
const KEPT: &[&str] = &["pve_ha_state", "pve_lock_state", "pve_storage_info", "pve_storage_shared"];

pub(super) fn rows() -> Vec<Row> {
    [failing(), hanging(), slow(), clocks()].concat()
}

/// All that is asked of node02 fails.
fn costs_node02(row: Row, reason: &'static str) -> Row {
    row.loses([api_of("node02")]).reports([api_failed("node02", reason)]).logs(1)
}

fn failing() -> Vec<Row> {
    let offline = r#"{"kind":{"down":"no_route"},"node":"node02"}"#;
    let dead = r#"{"kind":{"down":"stale"},"node":"node02","delay_ms":0}"#;
    let dead_slowly = r#"{"kind":{"down":"stale"},"node":"node02","delay_ms":1000}"#;
    let refused = r#"{"kind":{"down":"refused"},"node":"node02"}"#;
    let of_node02 = |name, json| costs_node02(Row::new(name, [fault(json)]), "unavailable");
    vec![
        Row::new("Offline, and the cluster knows", [fault(offline)])
            .loses([api_of("node02"), all_of(&["resources"]).of("node02").except(KEPT)])
            .loses([metrics(&["pve_ha_node_status"]).of("node02")])
            .gains([metrics(&["pve_guest_info", "pve_ha_node_status"]).of("node02")])
            .changes(&["pve_ha_state", "pve_up"])
            .changes(&["pve_replication_failed_syncs", "pve_replication_next_sync_timestamp_seconds"])
            .reports([Report::NodeOffline("node02")])
            .on_8_and_9(),
        of_node02("Dead, but the cluster doesn't know yet: 595 at once", dead).on_8_and_9(),
        of_node02("The same, 595 only after a second, or three on real hosts", dead_slowly)
            .waits(1)
            .set(|settings| (settings.timeout, settings.scrape_timeout) = (4, 6)),
        of_node02("pveproxy isn't running: 595 Connection refused", refused),
        of_node02("Flapping: fails in every other scrape", refused).every_other_scrape().logs(5),
    ]
}

fn hanging() -> Vec<Row> {
    let hung = r#"{"kind":{"down":"timeout"},"node":"node02","delay_ms":30000}"#;
    let silent = r#"{"kind":{"down":"silent"},"node":"node02"}"#;
    let silent_too = r#"{"kind":{"down":"silent"},"node":"node03"}"#;
    let slow = r#"{"kind":"slow","node":"node02","delay_ms":30000}"#;
    let of_node02 = |name, json| costs_node02(Row::new(name, [fault(json)]), "timed_out");
    let beyond_the_deadline = |settings: &mut Settings| (settings.timeout, settings.scrape_timeout) = (10, 3);
    vec![
        of_node02("Hanging: 596 after 30 s", hung).waits(1),
        of_node02("Its packets are dropped", silent).waits(1),
        of_node02("The same, and `timeout` exceeds the scrape timeout", silent).waits(5).set(beyond_the_deadline),
        of_node02("Slower than the timeout", slow).waits(1),
        of_node02("Half of the nodes hang and could take all request slots", silent)
            .also([fault(silent_too)])
            .loses([api_of("node03")])
            .reports([api_failed("node03", "timed_out")])
            .waits(1)
            .set(|settings| settings.max_concurrent = 6),
    ]
}

fn slow() -> Vec<Row> {
    let slow = r#"{"kind":"slow","node":"node02","delay_ms":100}"#;
    let slow_path = r#"{"path":"/nodes/{node}/status","node":"node02","delay_ms":3000}"#;
    vec![
        Row::new("Slow: 100 ms for each request", [fault(slow)]),
        Row::new("Slower than one of two scrape jobs: that job", [fault(slow_path)])
            .loses([all_of(&["node-status"]).of("node02")])
            .reports([failed(&["node-status"], "timed_out").of("node02")])
            .logs(1)
            .waits(5)
            .set(|settings| {
                (settings.timeout, settings.scrape_timeout, settings.second_job) = (5, 2, Some(10));
            }),
        Row::new(
            "Nodes wait for each other's lock on the replication configuration",
            [fault(r#"{"kind":"replication_lock"}"#)],
        ),
    ]
}

fn clocks() -> Vec<Row> {
    let clocks = |name, seconds: i64| {
        let json = format!(r#"{{"kind":{{"clock":{{"seconds":{seconds}}}}}}}"#);
        Row::new(name, [fault(&json)]).changes(&[ANY])
    };
    vec![
        clocks("All clocks of the cluster are a day ahead", 86_400),
        clocks("All clocks of the cluster are a day behind", -86_400),
    ]
}
