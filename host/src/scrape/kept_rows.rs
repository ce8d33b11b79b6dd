//! Rows kept along with the kept answers they were made of.
//!
//! At 10,000 guests the collector `config` has as many places, and its answers may be ten minutes old: without this each scrape
//! would make 10,000 calls (2 s of CPU time) to get the same rows from the same answers. `collect` sees only its input, so
//! the same answers yield the same rows; only the scrape's time differs, and a request that allows an old answer allows
//! the rows made of it to be as old.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::api::Answer;
use crate::budget::Reservation;
use crate::collector::{Collection, Collector};
use crate::request::Place;
use crate::sandbox::Usage;

/// One cluster's kept rows, by collector name.
#[derive(Debug, Default)]
pub(super) struct KeptRows(Mutex<HashMap<String, OfCollector>>);

#[derive(Debug, Default)]
struct OfCollector {
    /// This version with its settings and limits: a reload makes another one.
    collector: Weak<Collector>,
    places: HashMap<Place, Entry>,
}

#[derive(Debug)]
struct Entry {
    answers: Vec<Answer>,
    collection: Arc<Collection>,
    /// When the first of the answers expires.
    until: Instant,
    /// Its share of what the collector may keep.
    _kept: Reservation,
}

impl KeptRows {
    /// What this collector made of exactly these answers for the place.
    pub(super) fn get<'a>(
        &self,
        collector: &Arc<Collector>,
        place: &Place,
        answers: impl ExactSizeIterator<Item = &'a Answer>,
    ) -> Option<Arc<Collection>> {
        let made = self.0.lock();
        let of = made.get(collector.name()).filter(|of| std::ptr::eq(of.collector.as_ptr(), Arc::as_ptr(collector)))?;
        let entry = of.places.get(place)?;
        let same = entry.answers.len() == answers.len() && entry.answers.iter().zip(answers).all(|(a, b)| a.is(b));
        same.then(|| Arc::clone(&entry.collection))
    }

    /// Keeps a call's rows, if it has any and there is room, for as long as its answers may be used.
    pub(super) fn put(
        &self,
        collector: &Arc<Collector>,
        place: &Place,
        answers: Vec<Answer>,
        made: &Collection,
        max_age: Duration,
    ) {
        let Ok(rows) = &made.outcome else { return };
        let collection = Arc::new(Collection {
            outcome: Ok(Arc::clone(rows)),
            rejections: made.rejections.clone(),
            warnings: made.warnings.clone(),
            // Reuse costs no time; the use of the limits stays true.
            usage: Usage { cpu: Duration::ZERO, wall: Duration::ZERO, ..made.usage },
            used: made.used.clone(),
        });
        let mut collectors = self.0.lock();
        let of = collectors.entry(collector.name().to_owned()).or_default();
        if !std::ptr::eq(of.collector.as_ptr(), Arc::as_ptr(collector)) {
            *of = OfCollector { collector: Arc::downgrade(collector), places: HashMap::new() };
        }
        // The old rows make room first.
        of.places.remove(place);
        let Ok(kept) = collector.kept().reserve(rows.memory()) else { return };
        let until = Instant::now() + max_age;
        of.places.insert(place.clone(), Entry { answers, collection, until, _kept: kept });
    }

    /// Forgets rows of expired answers and of replaced collectors.
    pub(super) fn sweep(&self) {
        let now = Instant::now();
        self.0.lock().retain(|_, of| {
            of.places.retain(|_, entry| entry.until > now);
            of.collector.strong_count() > 0 && !of.places.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::builtins;
    use crate::collector::Origin;
    use crate::limits::Limits;
    use crate::sandbox::{Capacity, Sandbox};

    fn version(limits: Limits) -> Arc<Collector> {
        let sandbox = Sandbox::new(Capacity { slots: 1, max_memory: limits.memory }, None).unwrap();
        let (_, component) = builtins().iter().find(|(name, _)| *name == "version").unwrap();
        Arc::new(Collector::load(&sandbox, component, Origin::Builtin, limits).unwrap())
    }

    /// Whether rows made of an answer are found again.
    fn keeps(collector: &Arc<Collector>, kept: &KeptRows) -> bool {
        let data = r#"{"data":{"version":"9.0.3","release":"9.0","repoid":"abc"}}"#;
        let answer = Answer::parse(data.as_bytes().to_vec(), "application/json").unwrap();
        let collection = collector.collect(0, &Place::cluster(), &[Ok(answer.data())]);
        assert!(collection.outcome.as_ref().unwrap().memory() > 0);
        kept.put(collector, &Place::cluster(), vec![answer.clone()], &collection, Duration::from_secs(60));
        kept.get(collector, &Place::cluster(), [&answer].into_iter()).is_some()
    }

    #[test]
    fn calls_in_flight_do_not_keep_rows_from_being_kept() {
        let (collector, kept) = (version(Limits::default()), KeptRows::default());
        let limits = &collector.limits;
        let _in_flight = collector.budget().reserve(limits.concurrency * limits.lifted_bytes).unwrap();
        assert!(keeps(&collector, &kept));
    }

    #[test]
    fn rows_are_kept_within_the_collector_s_share_over_all_clusters() {
        let collector = version(Limits::default());
        let (one, other) = (KeptRows::default(), KeptRows::default());
        let rest = collector.kept().reserve(collector.kept().limit() - collector.kept().used()).unwrap();
        assert!(!keeps(&collector, &one));
        drop(rest);
        assert!(keeps(&collector, &one) && keeps(&collector, &other));
        let used = collector.kept().used();
        assert!(keeps(&collector, &one));
        assert_eq!(collector.kept().used(), used);
        drop((one, other));
        assert_eq!(collector.kept().used(), 0);
    }
}
