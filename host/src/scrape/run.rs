//! One scrape of one cluster, from discovery to the last row.
//!
//! Each distinct GET is a shared future; each job awaits its own and is collected at once, so nothing waits for the
//! slowest node but that node's own places. Everything is over by the deadline: what is not in by then has failed.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::FutureExt as _;
use futures_util::future::{Shared, join_all};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::cluster::Cluster;
use super::discovery::Discovery;
use super::inventory::Inventory;
use super::plan::{Fetch, Job, NodeScope, Plan, Scope};
use super::report::Report;
use crate::api::{Answer, FetchError, FetchErrorKind, Place};
use crate::exposition::Encoder;
use crate::registry::{Collected, Collection, Collector, CollectorSet, Family, Kind, Rows};

/// The reason of a place that is not collected because its collector is in quarantine.
const QUARANTINED: &str = "quarantined";

type Fetched = Result<Answer, FetchError>;
/// A place's rows, and the place's position in the plan: rows stand in the order of the plan, not of the answers.
type Batch = (usize, Rows);
type SharedFetch = Shared<Pin<Box<dyn Future<Output = Fetched> + Send>>>;

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
        for collected in &self.collected {
            collected.encode(encoder);
        }
        self.report.encode(encoder);
    }
}

/// What became of one job.
struct Outcome {
    collector: Arc<Collector>,
    place: Place,
    position: usize,
    result: Result<Collection, (&'static str, String)>,
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
    let discovery = Discovery::ask(&cluster, deadline).await;
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
    let fetches: Vec<SharedFetch> = plan
        .fetches
        .into_iter()
        .map(|fetch| match known.remove(&fetch.path) {
            Some(fetched) => {
                if let Ok(answer) = &fetched {
                    cluster.sample(&fetch, answer);
                }
                ready(fetched)
            }
            None => match kept.remove(&fetch.path) {
                Some(kept) if !renew.contains(&fetch.path) => {
                    report.used_answer(fetch.path.template(), kept.age());
                    ready(Ok(kept.answer))
                }
                kept => fetch_once(Arc::clone(&cluster), fetch, kept.map(|kept| kept.answer), deadline),
            },
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
    for (position, job) in plan.jobs.into_iter().enumerate() {
        report.collector(&job.collector).places += 1;
        let answers: Vec<SharedFetch> =
            job.answers.iter().flatten().filter_map(|index| fetches.get(*index).cloned()).collect();
        running.spawn(work(job, position, answers, now, deadline));
    }
    drop(fetches);

    let mut batches: BTreeMap<String, (Arc<Collector>, Vec<Batch>)> = BTreeMap::new();
    while let Some(joined) = running.join_next().await {
        // A job that panicked is a defect of ours; the log has its message, its place is missing, the scrape goes on.
        let Ok(outcome) = joined else { continue };
        let account = report.collector(&outcome.collector);
        match outcome.result {
            Err((reason, detail)) => account.fail(outcome.place, reason, detail),
            Ok(collection) => {
                account.add(&outcome.place, &collection);
                if let Ok(rows) = collection.outcome {
                    let entry = batches.entry(outcome.collector.name().to_owned());
                    entry.or_insert_with(|| (outcome.collector, Vec::new())).1.push((outcome.position, rows));
                }
            }
        }
    }
    let collected = batches.into_values().map(|(collector, batches)| join(&collector, batches, &mut report)).collect();
    for collector in report.collectors.values_mut() {
        collector.failures.sort_by(|a, b| a.place.cmp(&b.place));
    }
    cluster.cache.sweep();
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

fn ready(fetched: Fetched) -> SharedFetch {
    let future: Pin<Box<dyn Future<Output = Fetched> + Send>> = Box::pin(std::future::ready(fetched));
    future.shared()
}

/// Fetches; where that fails and an answer is kept that is young enough, that one will do.
fn fetch_once(cluster: Arc<Cluster>, fetch: Fetch, kept: Option<Answer>, deadline: Instant) -> SharedFetch {
    let future: Pin<Box<dyn Future<Output = Fetched> + Send>> = Box::pin(async move {
        let fetched = cluster.client.get(&fetch.path, deadline).await;
        if let Ok(answer) = &fetched {
            cluster.cache.put(&fetch, answer);
            cluster.sample(&fetch, answer);
        }
        fetched.or_else(|error| kept.ok_or(error))
    });
    future.shared()
}

/// Awaits a job's answers, then a slot, then the call.
async fn work(job: Job, position: usize, answers: Vec<SharedFetch>, now: u64, deadline: Instant) -> Outcome {
    let Job { collector, place, answers: bound } = job;
    let result = match bound {
        Err(error) => Err(("place", error.to_string())),
        Ok(_) => {
            let fetched = join_all(answers).await;
            match missing(&collector, &place, &fetched) {
                Some(failure) => Err(failure),
                None => call(Arc::clone(&collector), place.clone(), fetched, now, deadline).await,
            }
        }
    };
    Outcome { collector, place, position, result }
}

/// The first required answer that is not there.
fn missing(collector: &Collector, place: &Place, fetched: &[Fetched]) -> Option<(&'static str, String)> {
    collector.schema.requests.iter().zip(fetched).find_map(|(request, fetched)| match fetched {
        Err(error) if !request.optional => {
            let path =
                request.template.bind(place).map_or_else(|_| request.template.to_string(), |path| path.to_string());
            Some((error.kind.as_str(), format!("{path}: {error}")))
        }
        _ => None,
    })
}

async fn call(
    collector: Arc<Collector>,
    place: Place,
    fetched: Vec<Fetched>,
    now: u64,
    deadline: Instant,
) -> Result<Collection, (&'static str, String)> {
    let late = || ("deadline", "the scrape's deadline passed before the collector was done".to_owned());
    let sandbox = collector.component().sandbox().clone();
    let turn = timeout_at(deadline, Arc::clone(&collector.calls).acquire_owned()).await.map_err(|_| late())?;
    if let Some(left) = collector.health.quarantined() {
        // It began while this place waited for its turn.
        return Err((QUARANTINED, format!("it broke down too often, the next try is in {} s", left.as_secs() + 1)));
    }
    let slot = timeout_at(deadline, sandbox.slot()).await.map_err(|_| late())?;
    let call = tokio::task::spawn_blocking(move || {
        // Turn and slot go back when the call has ended, even where nobody waits for it any more.
        let _held = (turn, slot);
        let responses: Vec<Result<&str, FetchErrorKind>> =
            fetched.iter().map(|fetched| fetched.as_ref().map(Answer::data).map_err(|error| error.kind)).collect();
        collector.collect(now, &place, &responses)
    });
    match timeout_at(deadline, call).await {
        Ok(Ok(collection)) => Ok(collection),
        Ok(Err(panic)) => Err(("host_panic", format!("the exporter panicked: {panic}"))),
        Err(_) => Err(late()),
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
