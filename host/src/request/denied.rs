//! GET requests that do or show more than a collector should by default.
//!
//! An operator can still grant each of them by its exact path. The list follows the API of Proxmox VE 9.

use super::segment::Segment;

const CONSOLE: &str = "it opens a console or a tunnel";
const GUEST_AGENT: &str = "the guest agent runs commands and reads files inside guests";
const BACKUPS: &str = "it reads files out of backups";
const CLOUD_INIT: &str = "it shows passwords and keys of guests";
const CONNECTS: &str = "it makes the node connect to other hosts";
const LOGS: &str = "it reads the node's logs";
const EVERYTHING: &str = "it shows the whole configuration";
const CREDENTIALS: &str = "it shows credentials of other services";

/// Consecutive literal segments anywhere in a path, and the reason.
const DENIED: &[(&[&str], &str)] = &[
    (&["agent"], GUEST_AGENT),
    (&["vncproxy"], CONSOLE),
    (&["vncwebsocket"], CONSOLE),
    (&["vncshell"], CONSOLE),
    (&["termproxy"], CONSOLE),
    (&["spiceproxy"], CONSOLE),
    (&["spiceshell"], CONSOLE),
    (&["mtunnel"], CONSOLE),
    (&["mtunnelwebsocket"], CONSOLE),
    (&["monitor"], CONSOLE),
    (&["file-restore"], BACKUPS),
    (&["extractconfig"], BACKUPS),
    (&["cloudinit", "dump"], CLOUD_INIT),
    (&["query-url-metadata"], CONNECTS),
    (&["query-oci-repo-tags"], CONNECTS),
    (&["import-metadata"], CONNECTS),
    (&["scan"], CONNECTS),
    (&["acme", "tos"], CONNECTS),
    (&["acme", "meta"], CONNECTS),
    (&["apt", "changelog"], CONNECTS),
    (&["acme", "plugins"], CREDENTIALS),
    (&["metrics", "server"], CREDENTIALS),
    (&["journal"], LOGS),
    (&["syslog"], LOGS),
    (&["firewall", "log"], LOGS),
    (&["report"], EVERYTHING),
];

/// Why a path with these segments is denied by default.
pub(super) fn reason(segments: &[Segment]) -> Option<&'static str> {
    let starts_with = |segments: &[Segment], wanted: &[&str]| {
        segments.len() >= wanted.len()
            && segments.iter().zip(wanted).all(|(segment, wanted)| match segment {
                Segment::Literal(text) => **text == **wanted,
                Segment::Bound(_) => false,
            })
    };
    let found =
        |wanted: &[&str]| (0..segments.len()).any(|at| starts_with(segments.get(at..).unwrap_or_default(), wanted));
    DENIED.iter().find(|(wanted, _)| found(wanted)).map(|(_, reason)| *reason)
}
