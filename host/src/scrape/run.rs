//! One scrape of one cluster, from discovery to the last row.
//!
//! Each distinct GET is a shared future; each job awaits its own and is collected at once, so nothing waits for the
//! slowest node but that node's own places. Everything is over by the deadline: what is not in by then has failed.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::FutureExt as _;
use futures_util::future::{Shared, join_all};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::cluster::Cluster;
use super::discovery::Discovery;
use super::inventory::Inventory;
use super::plan::{Fetch, Job, NodeScope, Plan, Scope};
use super::report::Report;
use super::work::{QUARANTINED, Work};
use crate::api::{Answer, FetchError, Path, Place};
use crate::exposition::Encoder;
use crate::registry::{Collected, Collection, Collector, CollectorSet, Family, Kind, Rows};

pub(super) type Fetched = Result<Answer, FetchError>;
/// A place's rows, and the place's position in the plan: rows stand in the order of the plan, not of the answers.
type Batch = (usize, Arc<Rows>);
pub(super) type SharedFetch = Shared<Pin<Box<dyn Future<Output = Fetched> + Send>>>;

/// What a scrape came to.
#[derive(Debug)]
pub struct Scrape {
    /// Each collector's rows, by name.
    pub collected: Vec<Collected>,
    /// What happened.
    pub report: Arc<Report>,
}

impl Scrape {
    /// Whether two families would have one name in OpenMetrics, where counters are named without `_total`. The gauges
    /// that prometheus-pve-exporter deprecates, `pve_disk_read_bytes` among them, are named as its counters are then.
    /// Every scraper that takes OpenMetrics takes the text format too, and there the names differ.
    pub fn clashes_in_open_metrics(&self) -> bool {
        let families = || self.collected.iter().flat_map(|collected| collected.families().map(move |f| (collected, f)));
        let by_name: HashMap<&str, (&Collected, &Family)> =
            families().map(|(collected, family)| (family.name.as_str(), (collected, family))).collect();
        families()
            .filter(|(_, family)| family.kind == Kind::Counter)
            .filter_map(|(_, family)| by_name.get(family.name.strip_suffix("_total")?))
            .any(|(collected, family)| collected.has_samples(family))
    }

    /// Writes everything: what was collected, then the report.
    pub fn encode(&self, encoder: &mut Encoder) {
        encoder.reserve(self.collected.iter().map(Collected::text_size).sum());
        for collected in &self.collected {
            collected.encode(encoder);
        }
        self.report.encode(encoder);
    }
}

/// Where an answer comes from.
enum Source {
    /// It is kept from an earlier scrape.
    Kept(Answer),
    /// It is asked for in this one.
    Asked(SharedFetch),
}

/// Scrapes a cluster; over by `deadline`.
pub(super) async fn run(
    cluster: Arc<Cluster>,
    collectors: Arc<CollectorSet>,
    scope: Scope,
    deadline: Instant,
) -> Scrape {
    let started = Instant::now();
    let mut report = Report::new();
    let (mut early, _driving) = ask_early(&cluster, &collectors, scope, deadline);
    let mut discovery = Discovery::ask(&cluster, deadline).await;
    let inventory = discovery.inventory().unwrap_or_else(|error| {
        report.discovery_error = Some(error);
        Inventory::default()
    });
    report.nodes.clone_from(&inventory.nodes);
    if report.discovery_error.is_some() {
        report_undiscovered(&mut report, &collectors, scope);
        report.duration = started.elapsed();
        return Scrape { collected: Vec::new(), report: Arc::new(report) };
    }

    let plan = Plan::new(&collectors, &inventory, scope, cluster.max_age_seconds);
    let mut known = discovery.into_answers();
    let (mut kept, renew) = cluster.cache.for_scrape(&plan.fetches);
    let ages: Vec<Duration> =
        plan.fetches.iter().map(|fetch| Duration::from_secs(fetch.max_age_seconds.into())).collect();
    let mut renewals = Vec::new();
    let sources: Vec<Source> = plan
        .fetches
        .into_iter()
        .map(|fetch| match (known.remove(&fetch.path), kept.remove(&fetch.path)) {
            (Some(fetched), _) => {
                if let Ok(answer) = &fetched {
                    cluster.sample(&fetch, answer);
                }
                Source::Asked(ready(fetched))
            }
            (None, Some(kept)) => {
                report.used_answer(fetch.path.template(), kept.age());
                if renew.contains(&fetch.path) {
                    renewals.push(fetch);
                }
                Source::Kept(kept.answer)
            }
            (None, None) => {
                let asked = early.remove(&fetch.path);
                Source::Asked(asked.unwrap_or_else(|| fetch_once(Arc::clone(&cluster), fetch, deadline)))
            }
        })
        .collect();
    drop(known);

    if scope.nodes == Some(NodeScope::Local) && !inventory.knows_local() {
        for collector in collectors.iter().filter(|collector| !collector.schema.placeholders.is_empty()) {
            let detail = "/cluster/status does not say which node answers; it needs Sys.Audit on / (PVEAuditor)";
            report.collector(collector).fail(Place::cluster(), "local_node_unknown", detail.to_owned());
        }
    }
    for (collector, left) in &plan.quarantined {
        let detail = format!("it broke down too often, the next try is in {} s", left.as_secs() + 1);
        report.collector(collector).fail(Place::cluster(), QUARANTINED, detail);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let mut running = JoinSet::new();
    let mut batches: BTreeMap<String, (Arc<Collector>, Vec<Batch>)> = BTreeMap::new();
    for (position, job) in plan.jobs.into_iter().enumerate() {
        let account = report.collector(&job.collector);
        account.places += 1;
        if let Some(collection) = made_before(&cluster, &job, &sources) {
            if let Some(rows) = account.add(&job.place, &collection, job.collector.limits.exposition_bytes) {
                add(&mut batches, job.collector, position, rows);
            }
            continue;
        }
        let indices = || job.answers.iter().flatten().copied();
        let answers = indices().filter_map(|index| sources.get(index)).map(Source::shared).collect();
        let max_age = indices().filter_map(|index| ages.get(index).copied()).min().filter(|age| !age.is_zero());
        let work = Work { job, position, answers, max_age };
        running.spawn(work.run(Arc::clone(&cluster), now, deadline));
    }
    drop(sources);

    while let Some(joined) = running.join_next().await {
        // A job that panicked is a defect of ours; the log has its message, its place is missing, the scrape goes on.
        let Ok(outcome) = joined else { continue };
        let account = report.collector(&outcome.collector);
        match outcome.result {
            Err((reason, detail)) => account.fail(outcome.place, reason, detail),
            Ok(collection) => {
                let limit = outcome.collector.limits.exposition_bytes;
                if let Some(rows) = account.add(&outcome.place, &collection, limit) {
                    add(&mut batches, outcome.collector, outcome.position, rows);
                }
            }
        }
    }
    let collected = batches.into_values().map(|(collector, batches)| join(&collector, batches, &mut report)).collect();
    for collector in report.collectors.values_mut() {
        collector.failures.sort_by(|a, b| a.place.cmp(&b.place));
    }
    cluster.cache.sweep();
    cluster.made.sweep();
    if !renewals.is_empty() {
        tokio::spawn(renew_kept(cluster, renewals, deadline));
    }
    report.duration = started.elapsed();
    Scrape { collected, report: Arc::new(report) }
}

/// Without an inventory no collector can run: all say so, for the same reason.
fn report_undiscovered(report: &mut Report, collectors: &CollectorSet, scope: Scope) {
    let Some(error) = report.discovery_error.clone() else { return };
    for collector in collectors.iter() {
        let cluster_side = collector.schema.placeholders.is_empty();
        if (cluster_side && scope.cluster) || (!cluster_side && scope.nodes.is_some()) {
            report.collector(collector).fail(Place::cluster(), error.kind.as_str(), error.to_string());
        }
    }
}

/// Asks along with discovery for what does not depend on it: the answers of the cluster as a whole that are asked for at each
/// scrape. Dropping the set stops them, where discovery failed.
fn ask_early(
    cluster: &Arc<Cluster>,
    collectors: &CollectorSet,
    scope: Scope,
    deadline: Instant,
) -> (HashMap<Path, SharedFetch>, JoinSet<()>) {
    let (mut early, mut driving) = (HashMap::new(), JoinSet::new());
    // A cluster that refuses the credentials logs each request, and one that is down is not to be asked more than it takes to
    // know.
    if cluster.last().is_some_and(|(_, report)| report.discovery_error.is_some()) {
        return (early, driving);
    }
    let of_the_cluster = Scope { nodes: None, ..scope };
    let plan = Plan::new(collectors, &Inventory::default(), of_the_cluster, cluster.max_age_seconds);
    for fetch in plan.fetches {
        if fetch.max_age_seconds == 0 && !Discovery::asks(&fetch.path) {
            let path = fetch.path.clone();
            let asked = fetch_once(Arc::clone(cluster), fetch, deadline);
            // Nobody else polls it before discovery is over.
            driving.spawn(asked.clone().map(drop));
            early.insert(path, asked);
        }
    }
    (early, driving)
}

fn ready(fetched: Fetched) -> SharedFetch {
    let future: Pin<Box<dyn Future<Output = Fetched> + Send>> = Box::pin(std::future::ready(fetched));
    future.shared()
}

fn fetch_once(cluster: Arc<Cluster>, fetch: Fetch, deadline: Instant) -> SharedFetch {
    let future: Pin<Box<dyn Future<Output = Fetched> + Send>> =
        Box::pin(async move { ask(&cluster, &fetch, deadline).await });
    future.shared()
}

async fn ask(cluster: &Cluster, fetch: &Fetch, deadline: Instant) -> Fetched {
    let fetched = cluster.client.get(&fetch.path, deadline).await;
    if let Ok(answer) = &fetched {
        cluster.cache.put(fetch, answer);
        cluster.sample(fetch, answer);
    }
    fetched
}

/// Asks again for kept answers, for the scrapes to come: this one had answers that are young enough and is over. Where
/// it fails they are asked for again until they are too old, and then their places fail.
async fn renew_kept(cluster: Arc<Cluster>, renewals: Vec<Fetch>, deadline: Instant) {
    join_all(renewals.iter().map(|fetch| ask(&cluster, fetch, deadline))).await;
}

impl Source {
    fn shared(&self) -> SharedFetch {
        match self {
            Self::Kept(answer) => ready(Ok(answer.clone())),
            Self::Asked(fetch) => fetch.clone(),
        }
    }
}

/// The rows of a place whose answers are all kept ones that they have been made of.
fn made_before(cluster: &Cluster, job: &Job, sources: &[Source]) -> Option<Arc<Collection>> {
    let kept = |index: &usize| match sources.get(*index) {
        Some(Source::Kept(answer)) => Some(answer),
        _ => None,
    };
    let answers: Vec<&Answer> = job.answers.as_ref().ok()?.iter().map(kept).collect::<Option<_>>()?;
    // What needs no answers could be made of the time alone.
    if answers.is_empty() {
        return None;
    }
    cluster.made.get(&job.collector, &job.place, answers.into_iter())
}

fn add(
    batches: &mut BTreeMap<String, (Arc<Collector>, Vec<Batch>)>,
    collector: Arc<Collector>,
    position: usize,
    rows: Arc<Rows>,
) {
    if let Some((_, batches)) = batches.get_mut(collector.name()) {
        batches.push((position, rows));
    } else {
        batches.insert(collector.name().to_owned(), (collector, vec![(position, rows)]));
    }
}

fn join(collector: &Collector, mut batches: Vec<Batch>, report: &mut Report) -> Collected {
    batches.sort_by_key(|(position, _)| *position);
    let rows = batches.into_iter().map(|(_, rows)| rows).collect();
    let (collected, rejections) = Collected::join(Arc::clone(&collector.schema), rows);
    if let Some(account) = report.collectors.get_mut(collector.name()) {
        account.rejections.merge(rejections);
        account.series = collected.series();
    }
    collected
}
