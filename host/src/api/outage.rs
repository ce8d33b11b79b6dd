//! Nodes that turned out to be dead while others waited to ask them.
//!
//! A request to a dead node takes the entry node 3 to 30 s, and three at a time are asked; with a request for each guest
//! the queue would outlast any scrape. Whoever waited while another was told that the node does not answer is told the
//! same, without asking.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::error::FetchError;

/// Failures in a row that make an outage: a single one may belong to a guest that is being moved.
const FAILURES: u32 = 2;

/// The last failure of each node.
#[derive(Default)]
pub(super) struct Outages(Mutex<HashMap<Arc<str>, Outage>>);

struct Outage {
    seen: Instant,
    failures: u32,
    error: FetchError,
}

impl Outages {
    /// Notes what a request to a node came to.
    pub(super) fn note(&self, node: Option<&Arc<str>>, result: Result<(), &FetchError>) {
        let Some(node) = node else { return };
        match result {
            // 595 to 599: pveproxy could not reach the node, or got no answer from it.
            Err(error) if error.status.is_some_and(|status| (595..=599).contains(&status)) => {
                let mut outages = self.0.lock();
                let failures = outages.get(node).map_or(1, |outage| outage.failures.saturating_add(1));
                outages.insert(Arc::clone(node), Outage { seen: Instant::now(), failures, error: error.clone() });
            }
            Err(_) => {}
            Ok(()) => drop(self.0.lock().remove(node)),
        }
    }

    /// The outage of a node, if it was seen after `since`.
    pub(super) fn since(&self, node: Option<&Arc<str>>, since: Instant) -> Option<FetchError> {
        let outages = self.0.lock();
        let outage = outages.get(node?)?;
        (outage.failures >= FAILURES && outage.seen >= since).then(|| outage.error.clone())
    }
}
