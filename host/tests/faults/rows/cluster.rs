//! The cluster fails altogether.

use super::super::report::{ALL, Report, failed};
use super::super::row::{Row, fault};
use super::super::selection::{all_of, everything};

fn down(row: Row, reason: &'static str) -> Row {
    row.loses([everything()]).reports([Report::TargetDown, failed(ALL, reason)]).logs(1)
}

pub(super) fn rows() -> Vec<Row> {
    let all = |name, json: &str, reason| down(Row::new(name, [fault(json)]), reason);
    vec![
        all("Connections are refused", r#"{"kind":{"connections":"refused"}}"#, "unavailable"),
        all("Connections are accepted, but nothing responds", r#"{"kind":{"connections":"ignored"}}"#, "timed_out")
            .waits(5)
            // New connections fail in another way than kept ones.
            .logs(2),
        all("The same, and `timeout` exceeds the scrape timeout", r#"{"kind":{"connections":"ignored"}}"#, "timed_out")
            .waits(5)
            .logs(2)
            .set(|settings| (settings.timeout, settings.scrape_timeout) = (10, 3)),
        Row::new("No quorum", [fault(r#"{"kind":"no_quorum"}"#)])
            .loses([all_of(&["replication", "cluster"])])
            .gains([all_of(&["cluster"])])
            .changes(&["pve_up"])
            .reports(["node01", "node02", "node03"].map(|node| failed(&["replication"], "unavailable").of(node)))
            .logs(1),
        all("A proxy responds with 404 to everything", r#"{"status":404,"body":"proxy_page"}"#, "malformed"),
        all("A proxy responds with 429 to everything", r#"{"status":429,"body":"proxy_page"}"#, "unavailable"),
        all("A proxy responds with 502 to everything", r#"{"status":502,"body":"proxy_page"}"#, "unavailable"),
        all("A proxy redirects everything to a login page", r#"{"status":302,"body":"proxy_page"}"#, "malformed"),
        all("A proxy shows a login page for everything", r#"{"body":"login_page"}"#, "malformed"),
    ]
}
