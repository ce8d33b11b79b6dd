//! The clusters being scraped: a client with its connections, kept answers, and what was wrong last time, for each pair
//! of module and target.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use tokio::time::Instant;

use super::discovery::Discovery;
use super::inventory::Inventory;
use super::kept_answers::KeptAnswers;
use super::kept_rows::KeptRows;
use super::plan::Fetch;
use super::report::{PlaceFailure, Report};
use super::samples::Samples;
use crate::api::{Answer, Client, ClientError, FetchError, Observer};
use crate::config::{ClientOptions, Module, Targets};
use crate::contract::FetchErrorKind;
use crate::request::Place;
use crate::schema::Schema;

/// Clusters kept at most. `/pve?target=` names them freely where the configuration does not say which are allowed.
const CLUSTERS_KEPT: usize = 1000;

/// One cluster as one module sees it.
pub struct Cluster {
    /// The module's name.
    pub module: String,
    /// Its addresses.
    pub targets: Targets,
    /// Of the module's files when the client was made.
    files_digest: [u8; 32],
    pub(super) client: Client,
    pub(super) kept_answers: KeptAnswers,
    pub(super) kept_rows: KeptRows,
    /// How old an answer may be at most, whatever manifests allow.
    pub(super) max_age_seconds: u32,
    samples: Samples,
    last: Mutex<Option<Last>>,
}

/// What the last scrape came to, for the status page and for saying only what is new in the log.
#[derive(Clone)]
struct Last {
    at: SystemTime,
    report: Arc<Report>,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("module", &self.module).field("targets", &self.targets).finish_non_exhaustive()
    }
}

impl Cluster {
    /// Asks what there is, without collecting anything.
    pub async fn discover(&self, deadline: Instant) -> Result<Inventory, FetchError> {
        Discovery::start(&self.client, deadline).await.inventory()
    }

    /// Keeps an answer for trials, where the plan says so.
    pub(super) fn sample(&self, fetch: &Fetch, answer: &Answer) {
        if let Some(place) = &fetch.sample_of {
            self.samples.put(place, &fetch.path, answer);
        }
    }

    /// The last scrape's report and its time.
    pub fn last(&self) -> Option<(SystemTime, Arc<Report>)> {
        self.last.lock().as_ref().map(|last| (last.at, Arc::clone(&last.report)))
    }

    /// Keeps a report and logs what is new in it: each failure when it begins, and its end. A node that is down for a
    /// day is two lines, not 5,760.
    pub(super) fn finish(&self, report: &Arc<Report>) {
        let last = self.last.lock().replace(Last { at: SystemTime::now(), report: Arc::clone(report) });
        let (before, now) = (last.as_ref().map(|last| keys(&last.report)).unwrap_or_default(), keys(report));
        let (module, cluster) = (self.module.as_str(), self.targets.to_string());
        for (key, detail) in &now {
            let (collector, place, reason) = key;
            if before.contains_key(key) {
                tracing::debug!(module, cluster, collector, place, reason, "not collected: {detail}");
            } else {
                tracing::warn!(module, cluster, collector, place, reason, "not collected: {detail}");
            }
        }
        let still = |collector: &str, place: &str| now.keys().any(|key| (&*key.0, &*key.1) == (collector, place));
        for (collector, place, reason) in before.keys().filter(|(collector, place, _)| !still(collector, place)) {
            tracing::info!(module, cluster, collector, place, reason, "no longer failing");
        }
        for (collector, account) in &report.collectors {
            for (place, warning) in &account.warnings {
                tracing::debug!(module, cluster, collector, %place, "warning: {warning}");
            }
            for (reason, count, first) in account.rejections.iter() {
                tracing::debug!(module, cluster, collector, reason, count, "samples lost: {first}");
            }
        }
    }
}

/// Collector, place, reason.
type FailureKey = (String, String, &'static str);

fn keys(report: &Report) -> BTreeMap<FailureKey, String> {
    // If the API does not answer, every collector fails for that one reason: one line, not one per collector.
    if let Some(error) = &report.discovery_error {
        let key = ("all".to_owned(), "cluster".to_owned(), error.kind.as_str());
        return BTreeMap::from([(key, error.detail.clone())]);
    }
    let key = |(collector, failure): (&str, &PlaceFailure)| {
        let PlaceFailure { place, cause } = failure;
        ((collector.to_owned(), place.to_string(), cause.reason().as_str()), cause.to_string())
    };
    report.failures().map(key).collect()
}

/// All clusters scraped so far.
pub struct Clusters {
    known: Mutex<HashMap<(String, Targets), Arc<Cluster>>>,
    options: ClientOptions,
    max_age_seconds: u32,
    observer: Arc<dyn Observer>,
}

impl std::fmt::Debug for Clusters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Clusters").field("known", &self.known.lock().len()).finish_non_exhaustive()
    }
}

impl Clusters {
    /// None yet; clients are made with these limits and observed by `observer`, and answers kept for `max_age` at most.
    pub fn new(options: ClientOptions, max_age: Duration, observer: Arc<dyn Observer>) -> Self {
        let max_age_seconds = u32::try_from(max_age.as_secs()).unwrap_or(u32::MAX);
        Self { known: Mutex::default(), options, max_age_seconds, observer }
    }

    /// The cluster of this module and these addresses; made where it is new.
    pub fn get(&self, module: &Module, targets: &Targets) -> Result<Arc<Cluster>, ClientError> {
        let mut known = self.known.lock();
        let key = (module.name.clone(), targets.clone());
        if let Some(cluster) = known.get(&key) {
            return Ok(Arc::clone(cluster));
        }
        let cluster = Arc::new(Cluster {
            module: module.name.clone(),
            targets: targets.clone(),
            files_digest: module.files_digest(),
            client: Client::new(module, targets, self.options, Arc::clone(&self.observer))?,
            kept_answers: KeptAnswers::default(),
            kept_rows: KeptRows::default(),
            max_age_seconds: self.max_age_seconds,
            samples: Samples::default(),
            last: Mutex::new(None),
        });
        if known.len() >= CLUSTERS_KEPT {
            // Whoever asks for that many targets is served without keeping them.
            return Ok(cluster);
        }
        known.insert(key, Arc::clone(&cluster));
        Ok(cluster)
    }

    /// Forgets the clusters of modules that are not what they were, or whose files are not: their next scrape is made with a
    /// new client. `unchanged` gives a module of this name that is as it was.
    pub fn keep_only<'a>(&self, unchanged: impl Fn(&str) -> Option<&'a Module>) {
        self.known.lock().retain(|(module, _), cluster| {
            unchanged(module).is_some_and(|module| module.files_digest() == cluster.files_digest)
        });
    }

    /// Answers of the last scrapes for all requests of a manifest, on which a new version of a collector is tried.
    pub fn last_answers(&self, schema: &Schema) -> Option<(Place, Vec<Result<Arc<str>, FetchErrorKind>>)> {
        self.all().iter().find_map(|cluster| cluster.samples.answers(schema))
    }

    /// All of them, by module and address.
    pub fn all(&self) -> Vec<Arc<Cluster>> {
        let mut all: Vec<Arc<Cluster>> = self.known.lock().values().cloned().collect();
        all.sort_by_key(|cluster| (cluster.module.clone(), cluster.targets.clone()));
        all
    }
}
