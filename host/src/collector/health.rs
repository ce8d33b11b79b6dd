//! Quarantine: a collector that keeps breaking down is left out for a while, twice as long each time.
//!
//! A trap or an exceeded limit is a breakdown; an answer the collector does not understand is not. Three breakdowns in a row, with
//! no successful call in between, start a quarantine: a collector that fails for one node of many continues for the
//! others, and one that loops forever costs three calls rather than one per node. A new version starts afresh.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Breakdowns in a row before quarantine.
const BREAKDOWNS: u32 = 3;
/// The first quarantine; the usual scrape interval is 15 s to 60 s, so it skips one or none.
const FIRST: Duration = Duration::from_secs(30);
/// The longest: a collector that recovers is back within the hour.
const LONGEST: Duration = Duration::from_secs(3600);

/// How a collector's calls have gone.
#[derive(Debug, Default)]
pub struct Health(Mutex<Record>);

#[derive(Debug, Default)]
struct Record {
    breakdowns: u32,
    quarantines: u32,
    until: Option<Instant>,
}

impl Health {
    /// How much of its quarantine is left, if it is in one.
    pub fn quarantined(&self) -> Option<Duration> {
        let left = self.0.lock().until?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    pub(super) fn succeeded(&self) {
        let mut record = self.0.lock();
        // A call that began before the quarantine may succeed during it; that changes nothing.
        if record.until.is_none_or(|until| until <= Instant::now()) {
            *record = Record::default();
        }
    }

    /// Records a breakdown. Returns the length of the quarantine that begins with it, if one does.
    pub(super) fn broke_down(&self) -> Option<Duration> {
        let mut record = self.0.lock();
        if record.until.is_some_and(|until| until > Instant::now()) {
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
        let health = Health::default();
        assert_eq!((health.broke_down(), health.broke_down()), (None, None));
        health.succeeded();
        assert_eq!((health.broke_down(), health.broke_down()), (None, None));
        assert!(health.quarantined().is_none());
        assert_eq!(health.broke_down(), Some(FIRST));
        assert!(health.quarantined().is_some());
        // Calls that were under way neither lengthen nor shorten it.
        assert_eq!(health.broke_down(), None);
        health.succeeded();
        assert!(health.quarantined().is_some());
    }

    #[test]
    fn each_is_twice_as_long_up_to_the_longest() {
        let health = Health::default();
        let mut lengths = Vec::new();
        for _ in 0..60 {
            if let Some(length) = health.broke_down() {
                lengths.push(length.as_secs());
                health.0.lock().until = None;
            }
        }
        assert_eq!(lengths.get(..9).unwrap(), [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
    }
}
