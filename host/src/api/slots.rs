//! Bounds on requests in flight, to the cluster and to each node, and who is next.
//!
//! A node has three workers whose handlers block, which also serve its web interface; more than three requests at once only make
//! the web interface slow. A slot goes to the node with the fewest requests in flight, so that nodes that hang can't hold all of
//! them. Of one node's requests, those about the node come before those about each storage and guest.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::request::{Breadth, Path};

/// Age of a request in flight at which its node comes after the others.
const STALLED: Duration = Duration::from_secs(1);

pub(super) struct Slots(Arc<Mutex<Lanes>>);

/// Released when dropped.
pub(super) struct Slot {
    lanes: Arc<Mutex<Lanes>>,
    node: Option<Arc<str>>,
    number: u64,
}

struct Lanes {
    free: usize,
    per_node: usize,
    /// Requests so far.
    queued: u64,
    lanes: HashMap<Option<Arc<str>>, Lane>,
}

/// The requests to a node, or to the cluster as a whole.
#[derive(Default)]
struct Lane {
    /// The numbers of those in flight, and since when.
    held: BTreeMap<u64, Instant>,
    waiting: BTreeMap<(Breadth, u64), oneshot::Sender<Slot>>,
}

impl Slots {
    pub(super) fn new(cluster: usize, per_node: usize) -> Self {
        let lanes = Lanes { free: cluster, per_node, queued: 0, lanes: HashMap::new() };
        Self(Arc::new(Mutex::new(lanes)))
    }

    /// Waits for a slot.
    pub(super) async fn take(&self, path: &Path) -> Slot {
        let (sender, receiver) = oneshot::channel();
        {
            let mut lanes = self.0.lock();
            lanes.queued += 1;
            let key = (path.breadth(), lanes.queued);
            lanes.lanes.entry(path.node_name().cloned()).or_default().waiting.insert(key, sender);
        }
        grant(&self.0);
        match receiver.await {
            Ok(slot) => slot,
            // A sender is only dropped with a receiver that is gone.
            Err(_) => std::future::pending().await,
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        {
            let mut lanes = self.lanes.lock();
            lanes.free += 1;
            if let Some(lane) = lanes.lanes.get_mut(&self.node) {
                lane.held.remove(&self.number);
                if lane.is_empty() {
                    lanes.lanes.remove(&self.node);
                }
            }
        }
        grant(&self.lanes);
    }
}

/// Grants free slots to waiting requests.
fn grant(shared: &Arc<Mutex<Lanes>>) {
    loop {
        // Outside the lock: a slot that can't be sent is released, which takes it.
        let Some((sender, slot)) = shared.lock().next(shared) else { return };
        drop(sender.send(slot));
    }
}

impl Lanes {
    /// The next one to get a slot, with it.
    fn next(&mut self, shared: &Arc<Mutex<Self>>) -> Option<(oneshot::Sender<Slot>, Slot)> {
        let now = Instant::now();
        while self.free > 0 {
            let node = self.next_node(now)?;
            let lane = self.lanes.get_mut(&node)?;
            let ((_, number), sender) = lane.waiting.pop_first()?;
            if sender.is_closed() {
                if lane.is_empty() {
                    self.lanes.remove(&node);
                }
                continue;
            }
            lane.held.insert(number, now);
            self.free -= 1;
            return Some((sender, Slot { lanes: Arc::clone(shared), node, number }));
        }
        None
    }

    fn next_node(&self, now: Instant) -> Option<Option<Arc<str>>> {
        let order = |(node, lane): (&Option<Arc<str>>, &Lane)| {
            let first = *lane.waiting.keys().next()?;
            let has_room = node.is_none() || lane.held.len() < self.per_node;
            has_room.then(|| ((lane.is_stalled(now), lane.held.len(), first), node.clone()))
        };
        let (_, node) = self.lanes.iter().filter_map(order).min_by_key(|(order, _)| *order)?;
        Some(node)
    }
}

impl Lane {
    fn is_empty(&self) -> bool {
        self.held.is_empty() && self.waiting.is_empty()
    }

    /// Whether its oldest request has been in flight for long.
    fn is_stalled(&self, now: Instant) -> bool {
        self.held.first_key_value().is_some_and(|(_, since)| now.duration_since(*since) >= STALLED)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::request::{GuestType, Place, Template};

    fn path(text: &str, place: &Place) -> Path {
        Template::parse(text).unwrap().bind(place).unwrap()
    }

    fn of_node(node: &str) -> Path {
        path("/nodes/{node}/status", &Place::node(node))
    }

    /// The slots that are granted at once.
    fn granted(slots: &Slots, paths: &[Path]) -> Vec<Option<Slot>> {
        // Waiting requests stay in the queue.
        paths.iter().map(|path| slots.take(path).now_or_never()).collect()
    }

    #[test]
    fn a_node_has_its_bound_and_the_cluster_too() {
        let slots = Slots::new(4, 2);
        let paths = ["a", "a", "a", "b", "b", "c"].map(of_node);
        let granted = granted(&slots, &paths).iter().map(Option::is_some).collect::<Vec<_>>();
        assert_eq!(granted, [true, true, false, true, true, false]);
    }

    #[tokio::test]
    async fn the_node_with_the_fewest_is_next() {
        let slots = Slots::new(3, 3);
        let held: Vec<Slot> = granted(&slots, &["a", "a", "b"].map(of_node)).into_iter().flatten().collect();
        let (a, c) = (of_node("a"), of_node("c"));
        let (mut a, mut c) = (Box::pin(slots.take(&a)), Box::pin(slots.take(&c)));
        assert!(a.as_mut().now_or_never().is_none() && c.as_mut().now_or_never().is_none());
        let mut held = held.into_iter();
        drop(held.next_back());
        // `a` came first, but has two already.
        assert!(a.as_mut().now_or_never().is_none());
        let _c = c.now_or_never().unwrap();
        drop(held);
        let _a = a.now_or_never().unwrap();
    }

    #[tokio::test]
    async fn a_node_comes_before_its_guests() {
        let slots = Slots::new(1, 1);
        let held = slots.take(&of_node("a")).await;
        let guest = path("/nodes/{node}/{type}/{vmid}/config", &Place::guest("a", GuestType::Qemu, 100));
        let node = of_node("a");
        let (mut guest, mut node) = (Box::pin(slots.take(&guest)), Box::pin(slots.take(&node)));
        assert!(guest.as_mut().now_or_never().is_none() && node.as_mut().now_or_never().is_none());
        drop(held);
        assert!(guest.as_mut().now_or_never().is_none());
        drop(node.now_or_never().unwrap());
        drop(guest.now_or_never().unwrap());
        assert!(slots.0.lock().lanes.is_empty());
    }

    #[tokio::test]
    async fn a_request_that_is_given_up_keeps_nothing() {
        let slots = Slots::new(1, 1);
        let held = slots.take(&of_node("a")).await;
        drop(granted(&slots, &["a", "b"].map(of_node)));
        drop(held);
        assert_eq!(slots.0.lock().free, 1);
        drop(slots.take(&of_node("c")).now_or_never().unwrap());
    }
}
