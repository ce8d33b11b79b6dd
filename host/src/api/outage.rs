//! Nodes that turned out to be down while requests to them waited.
//!
//! A request to a node that is down takes 3 to 30 s, and three are in flight at a time; with a request per guest the queue would
//! outlast any scrape. A request that waited while another one failed because the node did not respond fails the same way,
//! without being sent.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::error::FetchError;

/// Consecutive failures that make an outage: a single one may be due to a guest that is being migrated.
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
    /// Records the result of a request to a node.
    pub(super) fn note(&self, node: Option<&Arc<str>>, result: Result<(), &FetchError>) {
        let Some(node) = node else { return };
        match result {
            // 595 to 599: pveproxy could not reach the node, or the node did not respond.
            Err(error) if error.status.is_some_and(|status| (595..=599).contains(&status)) => {
                let mut outages = self.0.lock();
                let failures = outages.get(node).map_or(1, |outage| outage.failures.saturating_add(1));
                outages.insert(Arc::clone(node), Outage { seen: Instant::now(), failures, error: error.clone() });
            }
            Err(_) => {}
            Ok(()) => drop(self.0.lock().remove(node)),
        }
    }

    /// The outage of a node, if it was observed after `since`.
    pub(super) fn since(&self, node: Option<&Arc<str>>, since: Instant) -> Option<FetchError> {
        let outages = self.0.lock();
        let outage = outages.get(node?)?;
        (outage.failures >= FAILURES && outage.seen >= since).then(|| outage.error.clone())
    }
}
