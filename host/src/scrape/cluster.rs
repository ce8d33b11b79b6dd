//! The clusters being scraped: for each module and target a client with its connections, kept answers, and the last report.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use tokio::time::Instant;

use super::journal::Journal;
use super::kept_answers::KeptAnswers;
use super::kept_rows::KeptRows;
use super::plan::{Fetch, Scope};
use super::report::Report;
use super::samples::Samples;
use crate::api::{Answer, Client, ClientError, Observer};
use crate::budget::{ByteBudget, Purpose};
use crate::collector::ClusterId;
use crate::config::{ClientOptions, Module, Targets};
use crate::contract::PlaceAnswers;
use crate::schema::Schema;

/// The most clusters kept apart from the configured ones; the one that was scraped least recently makes room. `/pve?target=` can
/// name any, unless the module has `allowed_targets`.
const CLUSTERS_KEPT: usize = 256;

/// One cluster as one module sees it.
pub struct Cluster {
    pub(super) id: ClusterId,
    pub module: String,
    pub targets: Targets,
    /// Digest of the module's files when the client was made.
    files_digest: [u8; 32],
    pub(super) client: Client,
    pub(super) kept_answers: KeptAnswers,
    pub(super) kept_rows: KeptRows,
    /// The oldest an answer may be, whatever manifests allow.
    pub(super) max_age_seconds: u32,
    /// Held during a costly request.
    pub(super) costly_turn: tokio::sync::Mutex<()>,
    samples: Samples,
    last: Mutex<Option<Last>>,
    journal: Journal,
    /// When a scrape last used it.
    used: Mutex<Instant>,
    /// Whether the configuration names it, so that requests can't multiply its like.
    configured: bool,
}

/// The last scrape, for the status page.
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
    /// Keeps an answer for trials if the plan says so.
    pub(super) fn sample(&self, fetch: &Fetch, answer: &Answer) {
        if let Some(place) = &fetch.sample_of {
            self.samples.put(place, &fetch.path, answer);
        }
    }

    /// The last scrape's report and its time.
    pub fn last(&self) -> Option<(SystemTime, Arc<Report>)> {
        self.last.lock().as_ref().map(|last| (last.at, Arc::clone(&last.report)))
    }

    /// Keeps a report and logs what is new in it.
    pub(super) fn finish(&self, scope: Scope, report: &Arc<Report>) {
        *self.last.lock() = Some(Last { at: SystemTime::now(), report: Arc::clone(report) });
        let (module, cluster) = (self.module.as_str(), self.targets.to_string());
        self.journal.note(module, &cluster, scope, report);
        for (collector, account) in &report.collectors {
            for (place, warning) in &account.warnings {
                tracing::debug!(module, cluster, collector, %place, "warning: {warning}");
            }
            for (reason, count, first) in account.rejections.iter() {
                tracing::debug!(module, cluster, collector, reason, count, "samples dropped: {first}");
            }
        }
    }
}

/// By module and addresses.
type Known = HashMap<(String, Targets), Arc<Cluster>>;

/// All clusters scraped so far.
pub struct Clusters {
    known: Mutex<Known>,
    options: ClientOptions,
    max_age_seconds: u32,
    observer: Arc<dyn Observer>,
    /// What the answers of all clusters may occupy.
    budget: Arc<ByteBudget>,
}

impl std::fmt::Debug for Clusters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Clusters").field("known", &self.known.lock().len()).finish_non_exhaustive()
    }
}

impl Clusters {
    /// Clients get these options and report to `observer`; answers are kept for at most `max_age`.
    pub fn new(
        options: ClientOptions,
        max_age: Duration,
        observer: Arc<dyn Observer>,
        budget: Arc<ByteBudget>,
    ) -> Self {
        let max_age_seconds = u32::try_from(max_age.as_secs()).unwrap_or(u32::MAX);
        Self { known: Mutex::default(), options, max_age_seconds, observer, budget }
    }

    /// The cluster of this module and these addresses; created if it is new.
    pub fn get(&self, module: &Module, targets: &Targets) -> Result<Arc<Cluster>, ClientError> {
        let mut known = self.known.lock();
        let key = (module.name.clone(), targets.clone());
        if let Some(cluster) = known.get(&key) {
            *cluster.used.lock() = Instant::now();
            return Ok(Arc::clone(cluster));
        }
        let budget = self.budget.child(Purpose::Cluster, self.budget.limit() / 2);
        let cluster = Arc::new(Cluster {
            id: ClusterId::unique(),
            module: module.name.clone(),
            targets: targets.clone(),
            files_digest: module.files_digest(),
            client: Client::with_budget(module, targets, self.options, Arc::clone(&self.observer), budget)?,
            kept_answers: KeptAnswers::default(),
            kept_rows: KeptRows::default(),
            max_age_seconds: self.max_age_seconds,
            costly_turn: tokio::sync::Mutex::default(),
            samples: Samples::default(),
            last: Mutex::new(None),
            journal: Journal::default(),
            used: Mutex::new(Instant::now()),
            configured: module.allowed_targets.is_some() || module.targets.as_ref() == Some(targets),
        });
        make_room(&mut known);
        known.insert(key, Arc::clone(&cluster));
        Ok(cluster)
    }

    /// Forgets clusters whose module or files changed: their next scrape gets a new client. `unchanged` returns the module of a
    /// name if it did not change. Returns the modules of which only the files did.
    pub fn keep_only<'a>(&self, unchanged: impl Fn(&str) -> Option<&'a Module>) -> BTreeSet<String> {
        let mut changed = BTreeSet::new();
        self.known.lock().retain(|(name, _), cluster| {
            let Some(module) = unchanged(name) else { return false };
            let same_files = module.files_digest() == cluster.files_digest;
            if !same_files {
                changed.insert(name.clone());
            }
            same_files
        });
        changed
    }

    /// Allows logins at once that were refused.
    pub fn retry_logins(&self) {
        self.known.lock().values().for_each(|cluster| cluster.client.retry_login());
    }

    /// Answers of the last scrapes for all requests of a manifest, on which a new version of a collector is tried.
    pub fn last_answers(&self, schema: &Schema) -> Option<PlaceAnswers> {
        self.all().iter().find_map(|cluster| cluster.samples.answers(schema))
    }

    /// By module and address.
    pub fn all(&self) -> Vec<Arc<Cluster>> {
        let mut all: Vec<Arc<Cluster>> = self.known.lock().values().cloned().collect();
        all.sort_by_key(|cluster| (cluster.module.clone(), cluster.targets.clone()));
        all
    }
}

/// Forgets the least recently scraped of the clusters that requests named, if there are too many of them.
fn make_room(known: &mut Known) {
    let named = known.iter().filter(|(_, cluster)| !cluster.configured);
    if named.clone().count() >= CLUSTERS_KEPT
        && let Some(oldest) = named.min_by_key(|(_, cluster)| *cluster.used.lock()).map(|(key, _)| key.clone())
    {
        known.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::api::NoObserver;
    use crate::config::{Config, Environment};

    #[test]
    fn targets_of_requests_make_room_for_each_other_only() {
        let variables = [
            ("PVE_USER", "prometheus@pve"),
            ("PVE_PASSWORD", "sesame"),
            ("PVE_VERIFY_SSL", "false"),
            ("PVE_TARGET", "pve1"),
        ];
        let environment: Environment = variables.into_iter().collect();
        let config = Config::load(Path::new("/nonexistent"), &environment).unwrap();
        let module = &config.modules["default"];
        let budget = ByteBudget::unlimited();
        let clusters = Clusters::new(ClientOptions::default(), Duration::ZERO, Arc::new(NoObserver), budget);
        let configured = clusters.get(module, module.targets.as_ref().unwrap()).unwrap();
        let named = |n: usize| clusters.get(module, &module.target(&format!("junk{n}")).unwrap()).unwrap();
        let first = named(0);
        for n in 1..CLUSTERS_KEPT + 10 {
            named(n);
        }
        assert_eq!(clusters.all().len(), CLUSTERS_KEPT + 1);
        assert!(Arc::ptr_eq(&configured, &clusters.get(module, &configured.targets).unwrap()));
        assert!(!Arc::ptr_eq(&first, &named(0)));
    }
}
