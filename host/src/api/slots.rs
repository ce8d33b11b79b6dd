//! Bounds on requests in flight, to the cluster and to each node.
//!
//! A node has three workers whose handlers block, which also serve its web interface; more than three requests at once only make
//! the web interface slow.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

pub(super) struct Slots {
    cluster: Semaphore,
    nodes: Mutex<HashMap<Arc<str>, Arc<Semaphore>>>,
    per_node: usize,
}

/// Released when dropped.
pub(super) struct Slot<'a> {
    _cluster: Option<SemaphorePermit<'a>>,
    _node: Option<OwnedSemaphorePermit>,
}

impl Slots {
    pub(super) fn new(cluster: usize, per_node: usize) -> Self {
        Self { cluster: Semaphore::new(cluster), nodes: Mutex::default(), per_node }
    }

    /// Waits for a slot. The node's comes first: requests queued for a slow node must not hold slots that others could use.
    pub(super) async fn take(&self, node: Option<&Arc<str>>) -> Slot<'_> {
        // The semaphores are never closed, so this always returns a permit.
        let node = match node {
            Some(node) => self.of_node(node).acquire_owned().await.ok(),
            None => None,
        };
        Slot { _cluster: self.cluster.acquire().await.ok(), _node: node }
    }

    fn of_node(&self, node: &Arc<str>) -> Arc<Semaphore> {
        let mut nodes = self.nodes.lock();
        // A cluster has tens of nodes; entries of removed ones cost nothing.
        nodes.entry(node.clone()).or_insert_with(|| Arc::new(Semaphore::new(self.per_node))).clone()
    }
}
