//! The table, by what fails.

mod addresses;
mod cluster;
mod credentials;
mod delivery;
mod members;
mod nodes;
mod paths;
mod responses;

use super::report::failed;
use super::row::{Cost, Row};
use super::selection::{PER_NODE, all_of};

/// Rows that state what is right, though the exporter does not do it yet: a part of their name, and why. They are neither run,
/// unless `PVE_EXPORTER_TEST_FAULTS` names them, nor published.
pub(super) const WAITING: &[(&str, &str)] = &[
    ("Other JSON for `/cluster/resources`", "config has no places, and succeeds"),
    (
        "The same, and `timeout` exceeds the scrape timeout",
        "a hanging node holds up the replication jobs of others; the log says that lists are too long",
    ),
    ("Slower than one of two scrape jobs", "the log has the failure and its end in turn"),
];

/// Why a row is in [`WAITING`], if it is.
pub(super) fn waits_for(row: &Row) -> Option<&'static str> {
    WAITING.iter().find(|(name, _)| row.name.contains(name)).map(|(_, why)| *why)
}

/// Rows under a heading of docs/faults.md.
pub(super) struct Group {
    pub(super) heading: &'static str,
    pub(super) rows: Vec<Row>,
}

pub(super) fn groups() -> Vec<Group> {
    let group = |heading, rows| Group { heading, rows };
    vec![
        group("A node fails", nodes::rows()),
        group("The node that the exporter is connected to fails", addresses::rows()),
        group("The whole cluster fails", cluster::rows()),
        group("Nodes and guests come, go and move", members::rows()),
        group("Credentials and privileges", credentials::rows()),
        group("A single path fails", paths::rows()),
        group("Responses are wrong", responses::rows()),
        group("Connections and certificates", delivery::rows()),
    ]
}

/// Collectors that need `/cluster/status`.
const OF_STATUS: &[&str] = &["backup-info", "cluster", "node", "qdevice", "status"];
/// Collectors that need `/cluster/resources`.
const OF_RESOURCES: &[&str] = &["config", "resources", "status"];

/// There is no response of `/cluster/status`. Without it the exporter does not know which node it is connected to.
fn without_status(row: Row, reason: &'static str) -> Row {
    row.loses([all_of(OF_STATUS)]).reports([failed(OF_STATUS, reason)]).logs(1).locally(Cost {
        lost: vec![all_of(OF_STATUS), all_of(PER_NODE)],
        reported: vec![failed(OF_STATUS, reason), failed(PER_NODE, "local_node_unknown")],
        ..Cost::default()
    })
}

/// There is no response of `/cluster/resources`.
fn without_resources(row: Row, reason: &'static str) -> Row {
    row.loses([all_of(OF_RESOURCES)]).reports([failed(OF_RESOURCES, reason)]).logs(1)
}

/// One of the two.
fn without(path: &str, row: Row, reason: &'static str) -> Row {
    if path == "/cluster/status" { without_status(row, reason) } else { without_resources(row, reason) }
}
