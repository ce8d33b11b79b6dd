//! One scrape of one cluster, from discovery to the last row.
//!
//! Each distinct GET is a shared future; each job awaits its own and is collected at once, so only a slow node's own places
//! wait for it. Everything is over by the deadline: what has not arrived by then has failed.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use super::answers::{Answers, EarlyRequests, renew};
use super::cluster::Cluster;
use super::discovery::Discovery;
use super::gathering::{Gathering, Seat};
use super::inventory::Inventory;
use super::job::ReadyJob;
use super::not_collected::NotCollected;
use super::outcome::Scrape;
use super::plan::{Job, NodeScope, Plan, Scope};
use super::running::Running;
use crate::api::FetchError;
use crate::collector::{Collection, Collector, CollectorSet};
use crate::request::Place;

type Jobs = Running<Seat, Result<Collection, NotCollected>>;

/// Scrapes a cluster; over by `deadline`.
pub(super) async fn run(
    cluster: Arc<Cluster>,
    collectors: Arc<CollectorSet>,
    scope: Scope,
    deadline: Instant,
) -> Scrape {
    let started = Instant::now();
    let early = EarlyRequests::start(&cluster, &collectors, scope, deadline);
    let mut discovery = Discovery::start(&cluster.client, deadline).await;
    let mut gathering = match discovery.inventory() {
        Err(error) => undiscovered(error, &collectors, scope),
        Ok(inventory) => {
            let mut gathering = Gathering::new(&inventory);
            let plan = Plan::new(&collectors, &inventory, scope, cluster.max_age_seconds);
            report_left_out(&mut gathering, &plan, &collectors, scope, &inventory);
            let answers = Answers::new(&cluster, plan.fetches, discovery.into_answers(), early, deadline);
            gathering.report().answer_ages.clone_from(&answers.ages);
            let jobs = start_jobs(&mut gathering, &cluster, plan.jobs, &answers, deadline);
            let renewals = answers.into_renewals();
            finish_jobs(&mut gathering, jobs).await;
            cluster.kept_answers.sweep();
            cluster.kept_rows.sweep();
            if !renewals.is_empty() {
                tokio::spawn(renew(cluster, renewals, deadline));
            }
            gathering
        }
    };
    gathering.report().duration = started.elapsed();
    gathering.finish()
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
    if scope.nodes == Some(NodeScope::Local) && !inventory.knows_local() {
        for collector in collectors.iter().filter(|collector| !collector.schema.placeholders.is_empty()) {
            fail_everywhere(gathering, collector, NotCollected::LocalNodeUnknown);
        }
    }
    for (collector, left) in &plan.quarantined {
        fail_everywhere(gathering, collector, NotCollected::Quarantined { left: *left });
    }
}

fn fail_everywhere(gathering: &mut Gathering, collector: &Collector, cause: NotCollected) {
    gathering.report().collector(collector.name()).fail(Place::cluster(), cause);
}

/// Starts every job whose rows are not kept from an earlier scrape.
fn start_jobs(
    gathering: &mut Gathering,
    cluster: &Arc<Cluster>,
    jobs: Vec<Job>,
    answers: &Answers,
    deadline: Instant,
) -> Jobs {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let mut running = Running::new();
    for (position, job) in jobs.into_iter().enumerate() {
        gathering.expect(&job);
        let seat = Seat::of(&job, position);
        // Without answers, rows could depend on the time alone.
        let kept = answers.kept(&job).filter(|answers| !answers.is_empty());
        match kept.and_then(|answers| cluster.kept_rows.get(&job.collector, &job.place, answers.into_iter())) {
            Some(collection) => gathering.add(seat, Ok(&collection)),
            None => {
                let ready = ReadyJob { answers: answers.of(&job), max_age: answers.max_age(&job), job };
                running.spawn(seat, ready.run(Arc::clone(cluster), now, deadline));
            }
        }
    }
    running
}

async fn finish_jobs(gathering: &mut Gathering, mut jobs: Jobs) {
    while let Some((seat, finished)) = jobs.next().await {
        match finished {
            Ok(Ok(collection)) => gathering.add(seat, Ok(&collection)),
            Ok(Err(cause)) => gathering.add(seat, Err(cause)),
            Err(panic) => gathering.add(seat, Err(NotCollected::Panicked(panic.to_string()))),
        }
    }
}
