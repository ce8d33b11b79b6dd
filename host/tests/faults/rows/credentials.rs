//! Credentials that stop working, and privileges that are missing.

use std::time::Duration;

use super::super::report::{ALL, Report, failed};
use super::super::row::{Act, Cost, Row, fault};
use super::super::selection::{PER_NODE, all_of, everything, metrics};

const REVOKED: &str = r#"{"kind":"token_revoked"}"#;

pub(super) fn rows() -> Vec<Row> {
    let down = |name, acts: Vec<Act>, reason| {
        Row::new(name, acts).loses([everything()]).reports([Report::TargetDown, failed(ALL, reason)]).logs(1)
    };
    let slow = |row: Row| {
        row.waits(5).set(|settings| {
            (settings.timeout, settings.scrape_timeout, settings.auth_delay) = (4, 5, Duration::from_secs(3));
        })
    };
    let password = |row: Row| row.set(|settings| settings.password = true);
    vec![
        down("The token was revoked", vec![fault(REVOKED)], "forbidden"),
        slow(down("The same; Proxmox VE delays each 401 by 3 s", vec![fault(REVOKED)], "forbidden")),
        password(Row::new("All tickets expire", [Act::RevokeTickets])),
        password(down(
            "All tickets expire; the delay of a 401 exceeds the timeout",
            vec![Act::RevokeTickets],
            "timed_out",
        ))
        .only_in_the_first_scrape()
        .waits(1)
        .logs(2)
        .set(|settings| settings.auth_delay = Duration::from_secs(3)),
        Row::new("The token loses all privileges", [Act::RevokeRights])
            .loses([all_of(FORBIDDEN), all_of(EMPTY), all_of(&["resources"]).without(r#"id="node/"#)])
            .loses([all_of(&["resources"]).with(r#"id="node/"#).except(&["pve_ha_state"])])
            .loses([metrics(&["pve_subscription_info", "pve_subscription_next_due_timestamp_seconds"])])
            .gains([metrics(&["pve_subscription_info"])])
            .changes(&["pve_ha_state"])
            .reports([failed(OF_THE_CLUSTER, "forbidden")])
            .reports(NODES.map(|node| failed(OF_NODES, "forbidden").of(node)))
            .logs(2)
            .locally(Cost {
                lost: vec![
                    all_of(FORBIDDEN),
                    all_of(PER_NODE),
                    all_of(&["resources"]).without(r#"id="node/"#),
                    all_of(&["resources"]).with(r#"id="node/"#).except(&["pve_ha_state"]),
                ],
                changed: vec!["pve_ha_state"],
                reported: vec![failed(OF_THE_CLUSTER, "forbidden"), failed(PER_NODE, "local_node_unknown")],
                ..Cost::default()
            })
            .on_8_and_9(),
    ]
}

const NODES: [&str; 4] = ["node01", "node02", "node03", "node04"];
const OF_THE_CLUSTER: &[&str] = &["backup-info", "cluster", "ha-status", "node", "qdevice", "status"];
const OF_NODES: &[&str] = &["node-status", "physical-disk"];
const FORBIDDEN: &[&str] =
    &["backup-info", "cluster", "ha-status", "node", "node-status", "physical-disk", "qdevice", "status"];
/// Collectors whose lists are empty without privileges.
const EMPTY: &[&str] = &["config", "lxc-pressure", "replication", "vm-pressure"];
