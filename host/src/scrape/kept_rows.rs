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
        // The rest is for calls.
        if collector.budget().used() > collector.budget().limit() / 2 {
            return;
        }
        let collection = Arc::new(Collection {
            outcome: Ok(Arc::clone(rows)),
            rejections: made.rejections.clone(),
            warnings: made.warnings.clone(),
            // Reuse costs no time; the use of the limits stays true.
            usage: Usage { cpu: Duration::ZERO, wall: Duration::ZERO, ..made.usage },
            used: made.used.clone(),
        });
        let mut kept = self.0.lock();
        let of = kept.entry(collector.name().to_owned()).or_default();
        if !std::ptr::eq(of.collector.as_ptr(), Arc::as_ptr(collector)) {
            *of = OfCollector { collector: Arc::downgrade(collector), places: HashMap::new() };
        }
        of.places.insert(place.clone(), Entry { answers, collection, until: Instant::now() + max_age });
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
