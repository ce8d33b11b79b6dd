//! Runs in flight, and who may join them.
//!
//! A request joins a run that ends by the request's own deadline and takes most of the time the request has. So the two Prometheus
//! servers of a pair share one run; a scraper with a short timeout neither cuts another one's scrape short nor waits for a
//! run that ends too late for it.
//!
//! A run belongs to the requests that wait for it: when the last of them is gone (its client disconnected), the run is dropped, and
//! with it the API requests and jobs it started. A call into a component that has begun ends by its own limits.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::pin::Pin;

use futures_util::FutureExt as _;
use futures_util::future::{Shared, WeakShared};
use parking_lot::Mutex;
use tokio::time::Instant;

/// The part of its own time that a run must have for a request to join it.
const SHARE: f64 = 0.75;
/// Concurrent runs of the same scrape; requests with as many different timeouts are not scrapers.
const RUNS: usize = 8;

type Run<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Runs in flight by what they scrape.
pub(super) struct Flights<K, T: Clone>(Mutex<HashMap<K, Vec<Flight<T>>>>);

struct Flight<T: Clone> {
    deadline: Instant,
    run: WeakShared<Run<T>>,
}

impl<K: Eq + Hash, T: Clone> Flights<K, T> {
    pub(super) fn new() -> Self {
        Self(Mutex::default())
    }

    /// A run to wait for: one in flight if it fits, else `start`ed. `None` if too many are in flight.
    pub(super) fn join(&self, key: K, deadline: Instant, start: impl FnOnce() -> Run<T>) -> Option<Shared<Run<T>>> {
        let now = Instant::now();
        let mut flights = self.0.lock();
        flights.retain(|_, flights| {
            flights.retain(|flight| flight.run.upgrade().is_some());
            !flights.is_empty()
        });
        let flights = flights.entry(key).or_default();
        let fitting = flights.iter().filter(|flight| fits(flight.deadline, deadline, now));
        let latest = fitting.max_by_key(|flight| flight.deadline);
        if let Some(run) = latest.and_then(|flight| flight.run.upgrade()) {
            return Some(run);
        }
        if flights.len() >= RUNS {
            return None;
        }
        let run = start().shared();
        flights.extend(run.downgrade().map(|run| Flight { deadline, run }));
        Some(run)
    }
}

fn fits(run: Instant, own: Instant, now: Instant) -> bool {
    let left = |deadline: Instant| deadline.saturating_duration_since(now);
    run <= own && left(run) >= left(own).mul_f64(SHARE)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    struct Counted {
        flights: Flights<&'static str, usize>,
        started: Arc<AtomicUsize>,
    }

    impl Counted {
        fn new() -> Self {
            Self { flights: Flights::new(), started: Arc::default() }
        }

        /// Joins a run that never ends; its number.
        fn join(&self, key: &'static str, seconds: f64) -> Option<Shared<Run<usize>>> {
            let started = Arc::clone(&self.started);
            let start = || -> Run<usize> {
                started.fetch_add(1, Ordering::Relaxed);
                Box::pin(std::future::pending())
            };
            self.flights.join(key, Instant::now() + Duration::from_secs_f64(seconds), start)
        }

        fn started(&self) -> usize {
            self.started.load(Ordering::Relaxed)
        }
    }

    #[test]
    fn a_pair_shares_a_run() {
        let counted = Counted::new();
        let _runs = (counted.join("a", 9.5), counted.join("a", 9.6), counted.join("a", 12.0));
        assert_eq!(counted.started(), 1);
        let _other = counted.join("b", 9.5);
        assert_eq!(counted.started(), 2);
    }

    #[test]
    fn nobody_is_cut_short_or_kept_waiting() {
        let counted = Counted::new();
        let _hostile = counted.join("a", 0.001);
        let _scraper = counted.join("a", 9.5);
        assert_eq!(counted.started(), 2);
        // Too early for the run in flight.
        let _short = counted.join("a", 3.0);
        assert_eq!(counted.started(), 3);
        // Of two runs that fit, the later one.
        let _joined = counted.join("a", 9.6);
        assert_eq!(counted.started(), 3);
    }

    #[test]
    fn a_run_without_waiters_is_gone() {
        let counted = Counted::new();
        drop(counted.join("a", 9.5));
        let _again = counted.join("a", 9.5);
        assert_eq!(counted.started(), 2);
    }

    #[test]
    fn runs_of_the_same_scrape_are_bounded() {
        let counted = Counted::new();
        let runs: Vec<_> = (0..20).map(|n| counted.join("a", f64::from(2_u32.pow(n)))).collect();
        assert_eq!((counted.started(), runs.iter().flatten().count()), (RUNS, RUNS));
    }
}
