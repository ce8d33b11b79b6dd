//! Nodes that do not respond: which requests to them are made.
//!
//! A request to a node that is down takes 3 to 30 s, and three are in flight at a time; with a request per guest the queue would
//! outlast any scrape. A request that waited while others failed because the node did not respond fails the same way, without
//! being sent.
//!
//! A node that let a request wait until it timed out *hangs*. That is remembered: later scrapes do not send it requests, but a probe,
//! and finish without the node if the probe has no response by the time they have everything else.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::error::FetchError;
use crate::request::Path;

/// Consecutive failures that make an outage: a single one may be due to a guest that is being migrated.
const FAILURES: u32 = 2;
/// How long a failure takes that is remembered. What fails at once can be tried at each scrape.
const LONG: Duration = Duration::from_millis(1500);
/// The shortest wait for a response that says something about a node, unless it has been silent for long: any client can ask for a
/// scrape that ends soon.
const ENOUGH: Duration = Duration::from_millis(750);
const SILENT: Duration = Duration::from_secs(3);
/// Probes of a node at a time. Each scrape sends one: the node may be back, and earlier ones still have no response.
const PROBES: usize = 8;

#[derive(Default)]
pub(super) struct Outages {
    nodes: Mutex<HashMap<Arc<str>, Node>>,
    /// Notified when a node responds again.
    back: Notify,
}

#[derive(Default)]
struct Node {
    /// When it last responded.
    responded: Option<Instant>,
    /// When the first request since then was sent that had no response.
    silent_since: Option<Instant>,
    /// Consecutive failures, and the last one.
    failures: u32,
    last: Option<(Instant, FetchError)>,
    hang: Option<Hang>,
}

struct Hang {
    error: FetchError,
    /// The shortest of the paths that had no response.
    path: Path,
    probes: usize,
}

/// What became of a request to a node.
#[derive(Debug, Clone, Copy)]
pub(super) enum Outcome<'a> {
    Response,
    /// It timed out.
    NoResponse(&'a FetchError),
    Error(&'a FetchError),
}

impl Outages {
    /// Records the outcome of a request that was sent at `start`.
    pub(super) fn note(&self, path: &Path, start: Instant, outcome: Outcome<'_>) {
        let Some(name) = path.node_name() else { return };
        let mut nodes = self.nodes.lock();
        let (error, gave_up) = match outcome {
            Outcome::Response => {
                let node = nodes.entry(Arc::clone(name)).or_default();
                let hung = node.hang.is_some();
                *node = Node { responded: Some(Instant::now()), ..Node::default() };
                if hung {
                    self.back.notify_waiters();
                }
                return;
            }
            Outcome::NoResponse(error) => (error, true),
            Outcome::Error(error) => (error, false),
        };
        // 595 to 599: pveproxy could not reach the node, or the node did not respond.
        let unreachable = error.status.is_some_and(|status| (595..=599).contains(&status));
        // A costly request waits for other nodes.
        if !(unreachable || gave_up) || path.costly().is_some() {
            return;
        }
        let node = nodes.entry(Arc::clone(name)).or_default();
        // It responds, but not to this request.
        if gave_up && node.responded.is_some_and(|responded| responded >= start) {
            return;
        }
        if gave_up && start.elapsed() < ENOUGH && node.silent_since.get_or_insert(start).elapsed() < SILENT {
            return;
        }
        node.failures = if gave_up { node.failures.max(FAILURES) } else { node.failures.saturating_add(1) };
        node.last = Some((Instant::now(), error.clone()));
        if node.failures >= FAILURES && (gave_up || start.elapsed() >= LONG) {
            match &mut node.hang {
                Some(hang) if hang.path.as_str().len() <= path.as_str().len() => {}
                Some(hang) => hang.path = path.clone(),
                None => {
                    node.hang = Some(Hang { error: error.clone(), path: path.clone(), probes: 0 });
                }
            }
        }
    }

    /// The outage of a node, if it was observed after `since` or the node hangs.
    pub(super) fn since(&self, node: Option<&Arc<str>>, since: Instant) -> Option<FetchError> {
        let nodes = self.nodes.lock();
        let node = nodes.get(node?)?;
        if let Some(hang) = &node.hang {
            return Some(hang.error.clone());
        }
        node.last
            .as_ref()
            .filter(|(seen, _)| node.failures >= FAILURES && *seen >= since)
            .map(|(_, error)| error.clone())
    }

    /// Why a node gets no requests, if it hangs.
    pub(super) fn hang(&self, node: &str) -> Option<FetchError> {
        self.nodes.lock().get(node)?.hang.as_ref().map(|hang| hang.error.clone())
    }

    /// Waits until a node does not hang.
    pub(super) async fn until_back(&self, node: &str) {
        loop {
            let back = self.back.notified();
            if self.hang(node).is_none() {
                return;
            }
            back.await;
        }
    }

    /// The probes to send, for those of the hanging nodes that `wanted` accepts. The others are forgotten.
    pub(super) fn probes(&self, wanted: impl Fn(&str) -> bool) -> Vec<Path> {
        let mut probes = Vec::new();
        self.nodes.lock().retain(|name, node| {
            let Some(hang) = &mut node.hang else { return true };
            if !wanted(name) {
                return false;
            }
            if hang.probes < PROBES {
                hang.probes += 1;
                probes.push(hang.path.clone());
            }
            true
        });
        probes
    }

    /// Records the result of a probe.
    pub(super) fn note_probe(&self, path: &Path, result: Result<(), &FetchError>) {
        let responded = match result {
            Ok(()) => true,
            Err(error) => error.status.is_some_and(|status| !(595..=599).contains(&status)),
        };
        if responded {
            return self.note(path, Instant::now(), Outcome::Response);
        }
        let mut nodes = self.nodes.lock();
        let node = path.node_name().and_then(|name| nodes.get_mut(name));
        if let Some(hang) = node.and_then(|node| node.hang.as_mut()) {
            hang.probes = hang.probes.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::FetchErrorKind;
    use crate::request::{Place, Template};

    fn path(template: &str) -> Path {
        Template::parse(template).unwrap().bind(&Place::node("a")).unwrap()
    }

    fn status() -> Path {
        path("/nodes/{node}/status")
    }

    fn timed_out() -> FetchError {
        FetchError::new(FetchErrorKind::TimedOut, "no response")
    }

    fn unreachable() -> FetchError {
        FetchError { status: Some(595), ..FetchError::new(FetchErrorKind::Unavailable, "595") }
    }

    fn ago(seconds: u64) -> Instant {
        Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap()
    }

    #[test]
    fn a_request_that_times_out_makes_its_node_hang() {
        let outages = Outages::default();
        outages.note(&status(), ago(5), Outcome::NoResponse(&timed_out()));
        assert_eq!(outages.hang("a"), Some(timed_out()));
        assert_eq!(outages.since(status().node_name(), Instant::now()), Some(timed_out()));
        assert_eq!(outages.hang("b"), None);
        outages.note(&status(), ago(0), Outcome::Response);
        assert_eq!(outages.hang("a"), None);
    }

    #[test]
    fn a_slow_path_is_not_a_hanging_node() {
        let outages = Outages::default();
        outages.note(&status(), ago(1), Outcome::Response);
        outages.note(&path("/nodes/{node}/disks/list"), ago(5), Outcome::NoResponse(&timed_out()));
        outages.note(&path("/nodes/{node}/replication"), Instant::now(), Outcome::NoResponse(&timed_out()));
        assert_eq!(outages.hang("a"), None);
    }

    #[test]
    fn a_short_wait_says_little() {
        let outages = Outages::default();
        outages.note(&status(), ago(0), Outcome::NoResponse(&timed_out()));
        assert_eq!(outages.hang("a"), None);
        outages.nodes.lock().get_mut("a").unwrap().silent_since = Some(ago(4));
        outages.note(&status(), ago(0), Outcome::NoResponse(&timed_out()));
        assert_eq!(outages.hang("a"), Some(timed_out()));
    }

    #[test]
    fn what_fails_at_once_is_tried_again() {
        let outages = Outages::default();
        let start = Instant::now();
        outages.note(&status(), start, Outcome::Error(&unreachable()));
        assert_eq!(outages.since(status().node_name(), start), None);
        outages.note(&status(), start, Outcome::Error(&unreachable()));
        assert_eq!(outages.since(status().node_name(), start), Some(unreachable()));
        assert_eq!(outages.since(status().node_name(), Instant::now() + Duration::from_secs(1)), None);
        // Three seconds are too long for each scrape.
        outages.note(&status(), ago(3), Outcome::Error(&unreachable()));
        assert_eq!(outages.hang("a"), Some(unreachable()));
    }

    #[tokio::test]
    async fn probes_are_few_and_end_the_outage() {
        let outages = Outages::default();
        outages.note(&path("/nodes/{node}/disks/list"), ago(5), Outcome::NoResponse(&timed_out()));
        outages.note(&status(), ago(5), Outcome::NoResponse(&timed_out()));
        for _ in 0..PROBES {
            assert_eq!(outages.probes(|_| true), [status()]);
        }
        assert_eq!(outages.probes(|_| true), []);
        outages.note_probe(&status(), Err(&timed_out()));
        assert_eq!(outages.probes(|_| true), [status()]);
        let refused = FetchError { status: Some(403), ..FetchError::new(FetchErrorKind::Forbidden, "403") };
        outages.note_probe(&status(), Err(&refused));
        outages.until_back("a").await;
        assert_eq!(outages.hang("a"), None);

        outages.note(&status(), ago(5), Outcome::NoResponse(&timed_out()));
        assert_eq!(outages.probes(|_| false), []);
        assert_eq!(outages.hang("a"), None);
    }
}
