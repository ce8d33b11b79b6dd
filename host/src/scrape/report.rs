//! What happened in a scrape: the account for metrics, log and status page.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::inventory::Node;
use crate::api::{FetchError, Place};
use crate::registry::{Budget, Collection, Collector, Rejections, Rows};

/// The account of one scrape.
#[derive(Debug)]
pub struct Report {
    /// The cluster's nodes; empty where discovery failed.
    pub nodes: Vec<Node>,
    /// Why nothing is known of the cluster, where that is so.
    pub discovery_error: Option<FetchError>,
    /// Every collector that was to run, by name.
    pub collectors: BTreeMap<String, CollectorReport>,
    /// The oldest kept answer that was used, by path template.
    pub answer_ages: BTreeMap<String, Duration>,
    /// From the request to the last row.
    pub duration: Duration,
}

/// The account of one collector over all its places.
#[derive(Debug, Default)]
pub struct CollectorReport {
    /// Places it was to be run for.
    pub places: usize,
    /// What went wrong, place by place.
    pub failures: Vec<Failure>,
    /// CPU time of all calls.
    pub cpu: Duration,
    /// Wall time of all calls.
    pub wall: Duration,
    /// The most memory one call used, in bytes.
    pub memory: usize,
    /// The highest use of each limit by one call, from 0 to 1.
    pub used: BTreeMap<&'static str, f64>,
    /// Bytes of the exposition so far, at most.
    pub(super) text_bytes: usize,
    /// Rows kept.
    pub rows: usize,
    /// Series written, duplicates left out.
    pub series: u64,
    /// Warnings it gave.
    pub warnings: Vec<(Place, String)>,
    /// What was lost of its rows.
    pub rejections: Rejections,
}

/// A place that was not collected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Where.
    pub place: Place,
    /// Why, as a label value.
    pub reason: &'static str,
    /// Why, in words; with the path, where a request failed.
    pub detail: String,
}

impl CollectorReport {
    /// Every place gave its rows.
    #[must_use]
    pub fn success(&self) -> bool {
        self.failures.is_empty()
    }

    pub(super) fn fail(&mut self, place: Place, reason: &'static str, detail: String) {
        self.failures.push(Failure { place, reason, detail });
    }

    /// Adds what one call came to; gives its rows, unless the collector's places have made too much text together.
    pub(super) fn add(&mut self, place: &Place, collection: &Collection, exposition_bytes: usize) -> Option<Arc<Rows>> {
        for (limit, ratio) in &collection.used {
            let highest = self.used.entry(limit).or_default();
            *highest = highest.max(*ratio);
        }
        self.cpu += collection.usage.cpu;
        self.wall += collection.usage.wall;
        self.memory = self.memory.max(collection.usage.memory);
        self.rejections.merge(collection.rejections.clone());
        self.warnings.extend(collection.warnings.iter().map(|warning| (place.clone(), warning.clone())));
        let rows = match &collection.outcome {
            Ok(rows) => rows,
            Err(error) => {
                self.fail(place.clone(), error.reason(), error.to_string());
                return None;
            }
        };
        self.text_bytes = self.text_bytes.saturating_add(rows.text_bytes());
        if self.text_bytes > exposition_bytes {
            let budget = Budget::Text { limit: exposition_bytes };
            self.fail(place.clone(), budget.reason(), budget.to_string());
            return None;
        }
        self.rows += rows.rows();
        Some(Arc::clone(rows))
    }
}

impl Report {
    pub(super) fn new() -> Self {
        Self {
            nodes: Vec::new(),
            discovery_error: None,
            collectors: BTreeMap::new(),
            answer_ages: BTreeMap::new(),
            duration: Duration::ZERO,
        }
    }

    pub(super) fn used_answer(&mut self, template: &str, age: Duration) {
        match self.answer_ages.get_mut(template) {
            Some(oldest) => *oldest = age.max(*oldest),
            None => drop(self.answer_ages.insert(template.to_owned(), age)),
        }
    }

    pub(super) fn collector(&mut self, collector: &Arc<Collector>) -> &mut CollectorReport {
        self.collectors.entry(collector.name().to_owned()).or_default()
    }

    /// Every failure with its collector's name.
    pub fn failures(&self) -> impl Iterator<Item = (&str, &Failure)> {
        self.collectors
            .iter()
            .flat_map(|(name, collector)| collector.failures.iter().map(|failure| (name.as_str(), failure)))
    }
}
