//! A node fails that is not the one the exporter is connected to.

use super::super::report::{Report, api_failed, failed};
use super::super::row::{ANY, Row, fault};
use super::super::selection::{all_of, api_of, metrics};

const DEAD: &str = r#"{"kind":{"down":"stale"},"node":"node02","delay_ms":0}"#;
const DEAD_SLOWLY: &str = r#"{"kind":{"down":"stale"},"node":"node02","delay_ms":1000}"#;
const HUNG: &str = r#"{"kind":{"down":"timeout"},"node":"node02","delay_ms":30000}"#;
const REFUSED: &str = r#"{"kind":{"down":"refused"},"node":"node02"}"#;
const SILENT: &str = r#"{"kind":{"down":"silent"},"node":"node02"}"#;
const SILENT_TOO: &str = r#"{"kind":{"down":"silent"},"node":"node03"}"#;

/// What the cluster knows of the guests and storages of an offline node.
const KEPT: &[&str] = &["pve_ha_state", "pve_lock_state", "pve_storage_info", "pve_storage_shared"];

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::new("Offline, and the cluster knows", [fault(r#"{"kind":{"down":"no_route"},"node":"node02"}"#)])
            .loses([api_of("node02"), all_of(&["resources"]).of("node02").except(KEPT)])
            .loses([metrics(&["pve_ha_node_status"]).of("node02")])
            .gains([metrics(&["pve_guest_info", "pve_ha_node_status"]).of("node02")])
            .changes(&["pve_ha_state", "pve_up"])
            .changes(&["pve_replication_failed_syncs", "pve_replication_next_sync_timestamp_seconds"])
            .reports([Report::NodeOffline("node02")])
            .on_8_and_9(),
        Row::new("Dead, but the cluster doesn't know yet: 595 at once", [fault(DEAD)])
            .loses([api_of("node02")])
            .reports([api_failed("node02", "unavailable")])
            .logs(1)
            .on_8_and_9(),
        Row::new("The same, 595 only after a second, or three on real hosts", [fault(DEAD_SLOWLY)])
            .loses([api_of("node02")])
            .reports([api_failed("node02", "unavailable")])
            .logs(1)
            .waits(1)
            .set(|settings| (settings.timeout, settings.scrape_timeout) = (4, 6)),
        Row::new("Hanging: 596 after 30 s", [fault(HUNG)])
            .loses([api_of("node02")])
            .reports([api_failed("node02", "timed_out")])
            .logs(1)
            .waits(1),
        Row::new("pveproxy isn't running: 595 Connection refused", [fault(REFUSED)])
            .loses([api_of("node02")])
            .reports([api_failed("node02", "unavailable")])
            .logs(1),
        Row::new("Its packets are dropped", [fault(SILENT)])
            .loses([api_of("node02")])
            .reports([api_failed("node02", "timed_out")])
            .logs(1)
            .waits(1),
        Row::new("Half of the nodes hang and could take all request slots", [fault(SILENT), fault(SILENT_TOO)])
            .loses([api_of("node02"), api_of("node03")])
            .reports([api_failed("node02", "timed_out"), api_failed("node03", "timed_out")])
            .logs(1)
            .waits(1)
            .set(|settings| settings.max_concurrent = 6),
        Row::new("Flapping: fails in every other scrape", [fault(REFUSED)])
            .every_other_scrape()
            .loses([api_of("node02")])
            .reports([api_failed("node02", "unavailable")])
            .logs(5),
        Row::new("Slow: 100 ms for each request", [fault(r#"{"kind":"slow","node":"node02","delay_ms":100}"#)]),
        Row::new("Slower than the timeout", [fault(r#"{"kind":"slow","node":"node02","delay_ms":30000}"#)])
            .loses([api_of("node02")])
            .reports([api_failed("node02", "timed_out")])
            .logs(1)
            .waits(1),
        Row::new(
            "Slower than one of two scrape jobs: that job",
            [fault(r#"{"path":"/nodes/{node}/status","node":"node02","delay_ms":3000}"#)],
        )
        .loses([all_of(&["node-status"]).of("node02")])
        .reports([failed(&["node-status"], "timed_out").of("node02")])
        .logs(1)
        .waits(1)
        .set(|settings| {
            (settings.timeout, settings.scrape_timeout, settings.second_job) = (5, 2, Some(10));
        }),
        Row::new(
            "Nodes wait for each other's lock on the replication configuration",
            [fault(r#"{"kind":"replication_lock"}"#)],
        ),
        Row::new("All clocks of the cluster are a day ahead", [fault(r#"{"kind":{"clock":{"seconds":86400}}}"#)])
            .changes(&[ANY]),
        Row::new("All clocks of the cluster are a day behind", [fault(r#"{"kind":{"clock":{"seconds":-86400}}}"#)])
            .changes(&[ANY]),
    ]
}
