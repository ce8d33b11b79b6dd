//! File descriptors: at least half of them stay for connections to clusters, files and the runtime.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Raises the limit of open files as far as the system allows, and returns how many connections there may be.
pub(super) fn connections(wanted: usize) -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current < limit.maximum || limit.maximum.is_none() {
        let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
        if setrlimit(Resource::Nofile, raised).is_ok() {
            limit = raised;
        }
    }
    let Some(files) = limit.current else { return wanted };
    let most = usize::try_from(files / 2).unwrap_or(usize::MAX).max(1);
    if most < wanted {
        tracing::warn!(
            connections = most,
            "fewer connections than --web.max-connections: only {files} files may be open (LimitNOFILE=)"
        );
    }
    most.min(wanted)
}
