//! Quarantine: a collector that keeps breaking down is left alone for a while, twice as long each time.
//!
//! Breaking down is trapping or running into a limit; an answer the collector does not understand is not. Three in a row,
//! with no call in between that went well, are enough: a collector that fails for one node of many goes on with the
//! others, one that loops for ever costs three calls and not one a node. A new version starts anew.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Breakdowns in a row before quarantine.
const BREAKDOWNS: u32 = 3;
/// The first quarantine; the usual scrape interval is 15 s to 60 s, so it skips one or none.
const FIRST: Duration = Duration::from_secs(30);
/// The longest: a collector that mends itself is back within the hour.
const LONGEST: Duration = Duration::from_secs(3600);

/// How a collector's calls have gone.
#[derive(Debug, Default)]
pub struct Health(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    breakdowns: u32,
    quarantines: u32,
    until: Option<Instant>,
}

impl Health {
    /// How long it is still in quarantine, if it is.
    pub fn quarantined(&self) -> Option<Duration> {
        let left = self.0.lock().until?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    /// A call went well.
    pub(super) fn well(&self) {
        let mut state = self.0.lock();
        // A call that began before the quarantine may end well during it; that changes nothing.
        if state.until.is_none_or(|until| until <= Instant::now()) {
            *state = State::default();
        }
    }

    /// A call broke down. Gives the length of the quarantine that begins with it, if one does.
    pub(super) fn broke_down(&self) -> Option<Duration> {
        let mut state = self.0.lock();
        if state.until.is_some_and(|until| until > Instant::now()) {
            return None;
        }
        state.breakdowns += 1;
        // After a quarantine the first breakdown is enough for the next one.
        if state.breakdowns < BREAKDOWNS && state.quarantines == 0 {
            return None;
        }
        let length = FIRST.saturating_mul(2_u32.saturating_pow(state.quarantines)).min(LONGEST);
        state.breakdowns = 0;
        state.quarantines = state.quarantines.saturating_add(1);
        state.until = Some(Instant::now() + length);
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
        health.well();
        assert_eq!((health.broke_down(), health.broke_down()), (None, None));
        assert!(health.quarantined().is_none());
        assert_eq!(health.broke_down(), Some(FIRST));
        assert!(health.quarantined().is_some());
        // Calls that were under way do not make it longer, or shorter.
        assert_eq!(health.broke_down(), None);
        health.well();
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
