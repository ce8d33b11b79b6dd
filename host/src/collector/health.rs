//! Quarantine: a collector that keeps breaking down on a cluster's answers is left out there for a while, twice as long each time.
//!
//! A trap, an exceeded limit or a call that outlasts the scrape is a breakdown; an answer the collector does not understand is not.
//! Three breakdowns in a row, with no successful call in between, start a quarantine: a collector that fails for one node of
//! many continues for the others, and one that loops forever costs three calls rather than one per node. What one
//! cluster sends has no effect on another. A new version starts afresh.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Breakdowns in a row before quarantine.
const BREAKDOWNS: u32 = 3;
/// The first quarantine; the usual scrape interval is 15 s to 60 s, so it skips one or none.
const FIRST: Duration = Duration::from_secs(30);
/// The longest: a collector that recovers is back within the hour.
const LONGEST: Duration = Duration::from_secs(3600);

/// A cluster whose answers collectors work on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClusterId(u64);

impl ClusterId {
    /// An id that no other cluster of this process has.
    #[must_use]
    pub fn unique() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// How a collector's calls have gone, by cluster. Only clusters with trouble have a record.
#[derive(Debug, Default)]
pub struct Health(Mutex<HashMap<ClusterId, Record>>);

#[derive(Debug, Default)]
struct Record {
    breakdowns: u32,
    quarantines: u32,
    until: Option<Instant>,
}

impl Record {
    fn left(&self) -> Option<Duration> {
        let left = self.until?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }
}

impl Health {
    /// How much of its quarantine for a cluster is left, if it is in one.
    pub fn quarantined(&self, cluster: ClusterId) -> Option<Duration> {
        self.0.lock().get(&cluster)?.left()
    }

    /// Whether it is in quarantine for any cluster.
    pub fn quarantined_anywhere(&self) -> bool {
        self.0.lock().values().any(|record| record.left().is_some())
    }

    pub fn succeeded(&self, cluster: ClusterId) {
        let mut records = self.0.lock();
        // A call that began before the quarantine may succeed during it; that changes nothing.
        if records.get(&cluster).is_some_and(|record| record.left().is_none()) {
            records.remove(&cluster);
        }
    }

    /// Records a breakdown. Returns the length of the quarantine that begins with it, if one does.
    pub fn broke_down(&self, cluster: ClusterId) -> Option<Duration> {
        let mut records = self.0.lock();
        // Clusters that are gone; the longest quarantine is over by now.
        records.retain(|_, record| record.until.is_none_or(|until| until.elapsed() < LONGEST));
        let record = records.entry(cluster).or_default();
        if record.left().is_some() {
            return None;
        }
        record.breakdowns += 1;
        // After a quarantine, the first breakdown starts the next one.
        if record.breakdowns < BREAKDOWNS && record.quarantines == 0 {
            return None;
        }
        let length = FIRST.saturating_mul(2_u32.saturating_pow(record.quarantines)).min(LONGEST);
        record.breakdowns = 0;
        record.quarantines = record.quarantines.saturating_add(1);
        record.until = Some(Instant::now() + length);
        Some(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_in_a_row() {
        let (health, a) = (Health::default(), ClusterId::unique());
        assert_eq!((health.broke_down(a), health.broke_down(a)), (None, None));
        health.succeeded(a);
        assert_eq!((health.broke_down(a), health.broke_down(a)), (None, None));
        assert!(health.quarantined(a).is_none());
        assert_eq!(health.broke_down(a), Some(FIRST));
        assert!(health.quarantined(a).is_some());
        // Calls that were under way neither lengthen nor shorten it.
        assert_eq!(health.broke_down(a), None);
        health.succeeded(a);
        assert!(health.quarantined(a).is_some());
    }

    #[test]
    fn a_cluster_has_no_effect_on_another() {
        let (health, a, b) = (Health::default(), ClusterId::unique(), ClusterId::unique());
        for _ in 0..10 {
            health.broke_down(b);
        }
        assert!(health.quarantined(b).is_some() && health.quarantined_anywhere());
        assert_eq!((health.quarantined(a), health.broke_down(a), health.broke_down(a)), (None, None, None));
    }

    #[test]
    fn each_is_twice_as_long_up_to_the_longest() {
        let (health, a) = (Health::default(), ClusterId::unique());
        let mut lengths = Vec::new();
        for _ in 0..60 {
            if let Some(length) = health.broke_down(a) {
                lengths.push(length.as_secs());
                health.0.lock().get_mut(&a).unwrap().until = None;
            }
        }
        assert_eq!(lengths.get(..9).unwrap(), [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
    }
}
