//! Responses that are not what the API would send.

use super::super::report::failed;
use super::super::row::{Row, fault};
use super::super::selection::all_of;
use super::without;

const BODIES: [(&str, &str, &str); 10] = [
    ("An HTML page", r#""login_page""#, "malformed"),
    ("Plain text", r#"{"text":"It works!"}"#, "malformed"),
    ("Nothing", r#"{"raw":""}"#, "malformed"),
    ("JSON that ends in the middle", r#""truncated""#, "malformed"),
    ("A body that ends in the middle", r#""cut""#, "unavailable"),
    ("`data` is null", r#""null""#, "malformed"),
    ("Other JSON", r#"{"raw":"{\"data\":7}"}"#, "malformed_answer"),
    ("33 MiB of JSON", r#"{"megabytes":33}"#, "too_large"),
    ("33 MiB of JSON in 33 KiB of gzip", r#"{"gzip_bomb":33}"#, "too_large"),
    ("Garbage instead of gzip", r#""gzip_garbage""#, "malformed"),
];

pub(super) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for (words, body, reason) in BODIES {
        let json = format!(r#"{{"path":"/nodes/{{node}}/status","node":"node02","body":{body}}}"#);
        let row = Row::new(format!("{words} for `/nodes/node02/status`"), [fault(&json)])
            .loses([all_of(&["node-status"]).of("node02")])
            .reports([failed(&["node-status"], reason).of("node02")]);
        rows.push(row.logs(1));
    }
    for (words, body, reason) in BODIES {
        for path in ["/cluster/status", "/cluster/resources"] {
            let json = format!(r#"{{"path":"{path}","body":{body}}}"#);
            let row = without(path, Row::new(format!("{words} for `{path}`"), [fault(&json)]), reason);
            // This is for the collectors to find out, each for itself.
            rows.push(if reason == "malformed_answer" { row.logs(5) } else { row });
        }
    }
    rows
}
