//! Connections that break, and certificates that change.

use super::super::report::{ALL, Report, failed};
use super::super::row::{Act, Row, fault};
use super::super::selection::{all_of, everything};
use super::without;

const FAILURES: [(&str, &str, &str); 5] = [
    ("Reset before the response of", "reset", "unavailable"),
    ("Reset in the middle of the response of", "reset_mid_body", "unavailable"),
    ("`Content-Length` is too great for the response of", "length_too_long", "unavailable"),
    ("`Content-Length` is too small for the response of", "length_too_short", "malformed"),
    ("No response of", "hang", "timed_out"),
];

pub(super) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for (words, delivery, reason) in FAILURES {
        let late = if delivery == "hang" { 5 } else { 0 };
        let broken = |path: &str, scope: &str| {
            let json = format!(r#"{{"kind":{{"delivery":"{delivery}"}},{scope}}}"#);
            let row = Row::new(format!("{words} `{path}`"), [fault(&json)]);
            if late > 0 { row.waits(late) } else { row }
        };
        let of_node = broken("/nodes/node02/status", r#""path":"/nodes/{node}/status","node":"node02""#);
        let of_node = of_node.loses([all_of(&["node-status"]).of("node02")]);
        let of_node = of_node.reports([failed(&["node-status"], reason).of("node02")]).logs(1);
        // Up to the deadline of the scrape instead of the timeout.
        rows.push(if late > 0 { of_node.set(|settings| settings.timeout = 10) } else { of_node });
        for path in ["/cluster/status", "/cluster/resources"] {
            let row = without(path, broken(path, &format!(r#""path":"{path}""#)), reason);
            // The collectors that only need the list don't wait for the response itself.
            rows.push(if late > 0 && path == "/cluster/resources" { row.logs(2) } else { row });
        }
    }
    rows.extend(connections());
    rows
}

fn connections() -> Vec<Row> {
    let certificate = |name, which: &str| {
        Row::new(name, [Act::Restart, fault(&format!(r#"{{"kind":{{"certificate":"{which}"}}}}"#))])
    };
    let distrusted = |name, which: &str| {
        let reported = [Report::TargetDown, failed(ALL, "unavailable")];
        certificate(name, which).loses([everything()]).reports(reported).logs(1)
    };
    let delivery = |name, how: &str| Row::new(name, [fault(&format!(r#"{{"kind":{{"delivery":"{how}"}}}}"#))]);
    vec![
        delivery("Kept connections are closed when they are used again", "close_reused"),
        delivery("The server closes the connection after each response", "close_after"),
        Row::new("All connections are closed once", [Act::Restart]),
        certificate("The certificate is renewed by the same CA", "renewed"),
        distrusted("The certificate is signed by another CA", "other_ca"),
        distrusted("The certificate has expired", "expired"),
        distrusted("The certificate is for another name", "other_name"),
    ]
}
