//! One scrape of one cluster, from discovery to the last row.
//!
//! Each distinct GET is a shared future; each job awaits its own and is collected at once, so only a slow node's own places
//! wait for it. Everything is over by the deadline: what has not arrived by then has failed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::{Instant, timeout_at};

use super::answers::{Answers, EarlyRequests, renew};
use super::cluster::Cluster;
use super::discovery::Discovery;
use super::end_of_wait::EndOfWait;
use super::fetch::SharedFetch;
use super::gathering::{Gathering, Seat};
use super::inventory::Inventory;
use super::job::{Collected, CpuTime, ReadyJob};
use super::not_collected::NotCollected;
use super::outcome::Scrape;
use super::plan::{Job, NodeScope, Plan, Scope};
use super::running::Running;
use crate::api::FetchError;
use crate::collector::{Collector, CollectorSet};
use crate::contract::FetchErrorKind;
use crate::request::{Path, Place};

type Jobs = Running<Seat, Result<Collected, NotCollected>>;

/// Scrapes a cluster; over by `deadline`.
pub(super) async fn run(
    cluster: Arc<Cluster>,
    collectors: Arc<CollectorSet>,
    scope: Scope,
    deadline: Instant,
) -> Scrape {
    let started = Instant::now();
    probe_hanging(&cluster, scope);
    let early = EarlyRequests::start(&cluster, &collectors, scope, deadline);
    let discovery = Discovery::start(&cluster, deadline).await;
    let mut gathering = match prepare(discovery, Arc::clone(&collectors), scope, &cluster, deadline).await {
        Err(error) => undiscovered(error, &collectors, scope),
        Ok(Prepared { inventory, unlisted, plan, discovered }) => {
            let mut gathering = Gathering::new(&inventory);
            report_left_out(&mut gathering, &plan, &collectors, scope, &inventory);
            if let Some(error) = unlisted {
                report_unlisted(&mut gathering, &collectors, scope, &error);
            }
            let answers = Answers::new(&cluster, plan.fetches, discovered, early, &inventory, deadline);
            gathering.report().answer_ages.clone_from(&answers.ages);
            let jobs = start_jobs(&mut gathering, &cluster, plan.jobs, &answers, deadline).await;
            let end_of_wait = answers.end_of_wait.clone();
            let renewals = answers.into_renewals();
            finish_jobs(&mut gathering, jobs, &end_of_wait, deadline + CUTOFF).await;
            cluster.kept_answers.sweep();
            cluster.kept_rows.sweep();
            if !renewals.is_empty() {
                tokio::spawn(renew(Arc::clone(&cluster), renewals, deadline));
            }
            gathering
        }
    };
    gathering.report().address = cluster.client.address_in_use();
    gathering.report().duration = started.elapsed();
    gathering.finish().await
}

/// Sends a probe to each node that hangs and that the last scrape found online. It may respond by the time its requests are
/// made; if not, it is not waited for.
fn probe_hanging(cluster: &Arc<Cluster>, scope: Scope) {
    if scope.nodes.is_none() {
        return;
    }
    let last = cluster.last().map(|(_, report)| report);
    let is_online = |name: &str| {
        let nodes = last.iter().flat_map(|report| &report.nodes);
        nodes.clone().next().is_none() || nodes.clone().any(|node| &*node.name == name && node.online)
    };
    for path in cluster.client.probes(is_online) {
        let cluster = Arc::clone(cluster);
        tokio::spawn(async move { cluster.client.probe(&path).await });
    }
}

/// What a scrape starts from.
struct Prepared {
    inventory: Arc<Inventory>,
    plan: Plan,
    /// Why guests and storages are unknown, if they are.
    unlisted: Option<FetchError>,
    discovered: HashMap<Path, SharedFetch>,
}

/// Reads the lists and plans off the async workers: the lists of a large cluster take tens of milliseconds.
async fn prepare(
    discovery: Discovery,
    collectors: Arc<CollectorSet>,
    scope: Scope,
    cluster: &Arc<Cluster>,
    deadline: Instant,
) -> Result<Prepared, FetchError> {
    let (id, max_age_seconds) = (cluster.id, cluster.max_age_seconds);
    let prepare = tokio::task::spawn_blocking(move || {
        let inventory = Arc::new(discovery.inventory()?);
        let plan = Plan::new(&collectors, &inventory, scope, id, max_age_seconds);
        let unlisted = discovery.unlisted();
        Ok(Prepared { inventory, unlisted, plan, discovered: discovery.into_requests() })
    });
    match timeout_at(deadline, prepare).await {
        Ok(Ok(prepared)) => prepared,
        Ok(Err(panic)) => Err(FetchError::new(FetchErrorKind::Malformed, format!("the exporter panicked: {panic}"))),
        Err(_) => {
            let detail = "the deadline passed while the cluster's lists were read; they are too long";
            Err(FetchError::new(FetchErrorKind::TimedOut, detail))
        }
    }
}

/// Without an inventory no collector can run: all fail for the same reason.
fn undiscovered(error: FetchError, collectors: &CollectorSet, scope: Scope) -> Gathering {
    let mut gathering = Gathering::new(&Inventory::default());
    for collector in collectors.iter().filter(|collector| scope.includes(collector)) {
        fail_everywhere(&mut gathering, collector, NotCollected::Undiscovered(error.clone()));
    }
    gathering.report().discovery_error = Some(error);
    gathering
}

/// Reports the collectors that do not run at all.
fn report_left_out(
    gathering: &mut Gathering,
    plan: &Plan,
    collectors: &CollectorSet,
    scope: Scope,
    inventory: &Inventory,
) {
    // A collector without places has an account too: whoever watches it must see that it has none.
    for collector in collectors.iter().filter(|collector| scope.includes(collector)) {
        gathering.report().collector(collector.name());
    }
    if scope.nodes == Some(NodeScope::Local) && !inventory.knows_local() {
        for collector in collectors.iter().filter(|collector| !collector.schema.placeholders.is_empty()) {
            fail_everywhere(gathering, collector, NotCollected::LocalNodeUnknown);
        }
    }
    for (collector, left) in &plan.quarantined {
        fail_everywhere(gathering, collector, NotCollected::Quarantined { left: *left });
    }
}

/// Without a list of guests and storages, their collectors have no places: they fail for the list's reason.
fn report_unlisted(gathering: &mut Gathering, collectors: &CollectorSet, scope: Scope, error: &FetchError) {
    let unlisted = |collector: &&Arc<Collector>| {
        let placeholders = collector.schema.placeholders;
        scope.includes(collector) && (placeholders.vmid || placeholders.storage)
    };
    for collector in collectors.iter().filter(unlisted) {
        let cause = NotCollected::Unanswered { path: "/cluster/resources".to_owned(), error: error.clone() };
        fail_everywhere(gathering, collector, cause);
    }
}

fn fail_everywhere(gathering: &mut Gathering, collector: &Collector, cause: NotCollected) {
    gathering.report().collector(collector.name()).fail(Place::cluster(), cause);
}

/// How long after the deadline jobs may report why they failed.
const CUTOFF: Duration = Duration::from_millis(150);

/// Jobs started between two chances for other tasks to run.
const JOBS_AT_ONCE: usize = 1000;

/// Starts every job whose rows are not kept from an earlier scrape, those of guests last: on a slow node their requests take long.
async fn start_jobs(
    gathering: &mut Gathering,
    cluster: &Arc<Cluster>,
    jobs: Vec<Job>,
    answers: &Answers,
    deadline: Instant,
) -> Jobs {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let mut running = Running::new();
    let mut cpu: HashMap<String, Arc<CpuTime>> = HashMap::new();
    let mut jobs: Vec<(usize, Job)> = jobs.into_iter().enumerate().collect();
    jobs.sort_by_key(|(_, job)| job.place.vmid.is_some());
    for (count, (position, job)) in jobs.into_iter().enumerate() {
        if count % JOBS_AT_ONCE == JOBS_AT_ONCE - 1 {
            tokio::task::yield_now().await;
        }
        gathering.expect(&job);
        let seat = Seat::of(&job, position, answers.are_held(&job));
        // Without answers, rows could depend on the time alone.
        let kept = answers.kept(&job).filter(|answers| !answers.is_empty());
        match kept.and_then(|answers| cluster.kept_rows.get(&job.collector, &job.place, answers.into_iter())) {
            Some(collection) => gathering.add(seat, Ok(&collection)),
            None => {
                let cpu = Arc::clone(cpu.entry(job.collector.name().to_owned()).or_default());
                let ready = ReadyJob { answers: answers.of(&job), max_age: answers.max_age(&job), cpu, job };
                running.spawn(seat, ready.run(Arc::clone(cluster), now, deadline));
            }
        }
    }
    running
}

/// Until `cutoff`: at the deadline tens of thousands of jobs may end at the same time.
async fn finish_jobs(gathering: &mut Gathering, mut jobs: Jobs, end_of_wait: &EndOfWait, cutoff: Instant) {
    let mut waited_for = jobs.tags().filter(|seat| !seat.is_held).count();
    loop {
        if waited_for == 0 {
            end_of_wait.set();
        }
        let Ok(next) = timeout_at(cutoff, jobs.next()).await else { break };
        let Some((seat, finished)) = next else { return };
        waited_for -= usize::from(!seat.is_held);
        match finished {
            Ok(Ok(Collected { collection, missing })) => {
                gathering.add_missing(&seat, missing);
                gathering.add(seat, Ok(&collection));
            }
            Ok(Err(cause)) => gathering.add(seat, Err(cause)),
            Err(panic) => gathering.add(seat, Err(NotCollected::Panicked(panic.to_string()))),
        }
    }
    for seat in jobs.abort() {
        gathering.add(seat, Err(NotCollected::Deadline));
    }
}
