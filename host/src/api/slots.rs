//! Who may ask now: requests in flight to one cluster, and to one node of it.
//!
//! A node has three workers whose handlers block, its web interface included; more than three requests at once only
//! make it slow for people.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

pub(super) struct Slots {
    cluster: Semaphore,
    nodes: Mutex<HashMap<Arc<str>, Arc<Semaphore>>>,
    per_node: usize,
}

/// Given back when dropped.
pub(super) struct Slot<'a> {
    _cluster: Option<SemaphorePermit<'a>>,
    _node: Option<OwnedSemaphorePermit>,
}

impl Slots {
    pub(super) fn new(cluster: usize, per_node: usize) -> Self {
        Self { cluster: Semaphore::new(cluster), nodes: Mutex::default(), per_node }
    }

    /// Waits. The node's slot comes first: what queues for a slow node must not hold slots the others could use.
    pub(super) async fn take(&self, node: Option<&Arc<str>>) -> Slot<'_> {
        // Semaphores that are never closed always give a permit.
        let node = match node {
            Some(node) => self.of_node(node).acquire_owned().await.ok(),
            None => None,
        };
        Slot { _cluster: self.cluster.acquire().await.ok(), _node: node }
    }

    fn of_node(&self, node: &Arc<str>) -> Arc<Semaphore> {
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        // A cluster has tens of nodes; the entry of one that is gone costs nothing.
        nodes.entry(node.clone()).or_insert_with(|| Arc::new(Semaphore::new(self.per_node))).clone()
    }
}
