//! What happened in a scrape, for metrics, the log and the status page.

use std::collections::BTreeMap;
use std::time::Duration;

use super::inventory::{Dropped, Inventory, Node};
use super::not_collected::NotCollected;
use crate::api::{AddressInUse, FetchError};
use crate::collector::Collection;
use crate::request::Place;
use crate::schema::Rejections;

/// The account of one scrape.
#[derive(Debug, Default)]
pub struct Report {
    /// The cluster's nodes; empty if discovery failed.
    pub nodes: Vec<Node>,
    /// The number of guests that the cluster lists.
    pub guests: usize,
    /// What discovery dropped.
    pub dropped: Dropped,
    /// Why discovery failed, if it did.
    pub discovery_error: Option<FetchError>,
    /// The address that responded last.
    pub address: Option<AddressInUse>,
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
    /// Places it was to collect.
    pub places: usize,
    /// Places that were not collected, in order.
    pub failures: Vec<PlaceFailure>,
    /// CPU time of all calls.
    pub cpu: Duration,
    /// Wall time of all calls.
    pub wall: Duration,
    /// The most memory one call used, in bytes.
    pub memory: usize,
    /// The highest use of each limit by one call, from 0 to 1.
    pub used: BTreeMap<&'static str, f64>,
    /// Rows kept.
    pub rows: usize,
    /// Series written, without duplicates.
    pub series: u64,
    /// Optional requests that failed for another reason than that the API does not have them or refuses them. Their places were
    /// collected without.
    pub incomplete: Vec<PlaceFailure>,
    pub warnings: Vec<(Place, String)>,
    /// What was dropped of its rows.
    pub rejections: Rejections,
}

/// A place that was not collected.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaceFailure {
    pub place: Place,
    pub cause: NotCollected,
}

impl CollectorReport {
    /// Whether every place was collected.
    #[must_use]
    pub fn success(&self) -> bool {
        self.failures.is_empty()
    }

    pub(super) fn fail(&mut self, place: Place, cause: NotCollected) {
        self.failures.push(PlaceFailure { place, cause });
    }

    /// Adds what one call used and lost.
    pub(super) fn add(&mut self, place: &Place, collection: &Collection) {
        for (limit, ratio) in &collection.used {
            let highest = self.used.entry(limit).or_default();
            *highest = highest.max(*ratio);
        }
        self.cpu += collection.usage.cpu;
        self.wall += collection.usage.wall;
        self.memory = self.memory.max(collection.usage.memory);
        self.rejections.merge(collection.rejections.clone());
        self.warnings.extend(collection.warnings.iter().map(|warning| (place.clone(), warning.clone())));
    }
}

impl Report {
    pub(super) fn new(inventory: &Inventory) -> Self {
        Self {
            nodes: inventory.nodes.clone(),
            guests: inventory.guests(),
            dropped: inventory.dropped,
            ..Self::default()
        }
    }

    pub(super) fn collector(&mut self, name: &str) -> &mut CollectorReport {
        self.collectors.entry(name.to_owned()).or_default()
    }

    /// Every failure with its collector's name.
    pub fn failures(&self) -> impl Iterator<Item = (&str, &PlaceFailure)> {
        self.collectors
            .iter()
            .flat_map(|(name, collector)| collector.failures.iter().map(|failure| (name.as_str(), failure)))
    }

    pub(super) fn sort(&mut self) {
        for collector in self.collectors.values_mut() {
            collector.failures.sort_by(|a, b| a.place.cmp(&b.place));
        }
    }
}
