//! Where each answer of a scrape comes from: discovery, an earlier scrape, or a request of this one.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use tokio::sync::MutexGuard;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::cluster::Cluster;
use super::costly::{Gate, SharedJobNodes};
use super::discovery::Discovery;
use super::end_of_wait::EndOfWait;
use super::fetch::{Fetched, SharedFetch};
use super::inventory::Inventory;
use super::plan::{Fetch, Job, Plan, Scope};
use crate::api::{Answer, FetchError};
use crate::collector::CollectorSet;
use crate::contract::FetchErrorKind;
use crate::request::Path;

/// The answers of a scrape, by position in [`Plan::fetches`].
pub(super) struct Answers {
    sources: Vec<Source>,
    /// How old each answer may be.
    max_ages: Vec<Duration>,
    /// The oldest kept answer that is used, by path template.
    pub(super) ages: BTreeMap<String, Duration>,
    /// Kept answers whose turn it is to be renewed.
    renewals: Vec<Fetch>,
    pub(super) end_of_wait: EndOfWait,
}

enum Source {
    /// Kept from an earlier scrape.
    Kept(Answer),
    /// Requested by this scrape.
    Requested(SharedFetch),
    /// Requested by this scrape if a node that hangs responds again.
    Held(SharedFetch),
}

impl Source {
    fn fetch(&self) -> SharedFetch {
        match self {
            Self::Kept(answer) => ready(Ok(answer.clone())),
            Self::Requested(fetch) | Self::Held(fetch) => fetch.clone(),
        }
    }
}

impl Answers {
    pub(super) fn new(
        cluster: &Arc<Cluster>,
        fetches: Vec<Fetch>,
        mut discovered: HashMap<Path, SharedFetch>,
        mut early: EarlyRequests,
        inventory: &Arc<Inventory>,
        deadline: Instant,
    ) -> Self {
        let (mut kept, renew) = cluster.kept_answers.for_scrape(&fetches);
        let max_ages = fetches.iter().map(|fetch| Duration::from_secs(fetch.max_age_seconds.into())).collect();
        let (sources, end_of_wait) = (Vec::with_capacity(fetches.len()), EndOfWait::new());
        let mut answers = Self { sources, max_ages, ages: BTreeMap::new(), renewals: Vec::new(), end_of_wait };
        let hanging = hanging(cluster, &fetches);
        let gate = Arc::new(Gate::new(Arc::clone(inventory)));
        let mut nodes_with_jobs: HashMap<usize, SharedJobNodes> = HashMap::new();
        for fetch in fetches {
            let hold = fetch.path.node_name().filter(|node| hanging.contains(*node));
            let hold = hold.map(|node| Hold { node: Arc::clone(node), end_of_wait: answers.end_of_wait.clone() });
            let source = if let Some(request) = discovered.remove(&fetch.path) {
                if let Some(Ok(answer)) = request.peek() {
                    cluster.sample(&fetch, answer);
                }
                Source::Requested(request)
            } else if let Some(kept) = kept.remove(&fetch.path) {
                answers.note_age(fetch.path.template(), kept.age());
                if renew.contains(&fetch.path) && (fetch.path.costly().is_none() || gate.is_open()) {
                    answers.renewals.push(fetch);
                }
                Source::Kept(kept.answer)
            } else if let Some(list) = fetch.jobs.and_then(|jobs| Some((jobs, answers.sources.get(jobs)?))) {
                let nodes = nodes_with_jobs.entry(list.0).or_insert_with(|| gate.nodes(list.1.fetch()));
                let request = Request { cluster: Arc::clone(cluster), fetch, hold, deadline };
                request.source(|request| request.gated(Arc::clone(&gate), nodes.clone()))
            } else if let Some(early) = early.take(&fetch.path, cluster) {
                Source::Requested(early)
            } else {
                let request = Request { cluster: Arc::clone(cluster), fetch, hold, deadline };
                request.source(Request::send)
            };
            answers.sources.push(source);
        }
        answers
    }

    fn note_age(&mut self, template: &str, age: Duration) {
        match self.ages.get_mut(template) {
            Some(oldest) => *oldest = age.max(*oldest),
            None => drop(self.ages.insert(template.to_owned(), age)),
        }
    }

    /// The answers of a job, to be awaited.
    pub(super) fn of(&self, job: &Job) -> Vec<SharedFetch> {
        let sources = indices(job).filter_map(|index| self.sources.get(index));
        sources.map(Source::fetch).collect()
    }

    /// The answers of a job, if all of them are kept ones.
    pub(super) fn kept(&self, job: &Job) -> Option<Vec<&Answer>> {
        job.answers.as_ref().ok()?;
        let kept = |index| match self.sources.get(index) {
            Some(Source::Kept(answer)) => Some(answer),
            _ => None,
        };
        indices(job).map(kept).collect()
    }

    /// Whether a job waits for a node that hangs.
    pub(super) fn are_held(&self, job: &Job) -> bool {
        indices(job).any(|index| matches!(self.sources.get(index), Some(Source::Held(_))))
    }

    /// How old a job's rows may get; `None` if one of its answers must be fresh.
    pub(super) fn max_age(&self, job: &Job) -> Option<Duration> {
        indices(job).filter_map(|index| self.max_ages.get(index).copied()).min().filter(|age| !age.is_zero())
    }

    /// Drops the answers, which the jobs hold as long as they need them, and returns what is to be renewed.
    pub(super) fn into_renewals(self) -> Vec<Fetch> {
        self.renewals
    }
}

fn indices(job: &Job) -> impl Iterator<Item = usize> + '_ {
    job.answers.iter().flatten().copied()
}

/// Requests that do not depend on discovery and are made along with it: the cluster's own answers that must be fresh.
/// Dropping this aborts them.
pub(super) struct EarlyRequests {
    requests: HashMap<Path, SharedFetch>,
    /// Where they were sent first.
    target: String,
    /// Polls the requests: nobody else does before discovery is over.
    _driver: JoinSet<()>,
}

impl EarlyRequests {
    pub(super) fn start(cluster: &Arc<Cluster>, collectors: &CollectorSet, scope: Scope, deadline: Instant) -> Self {
        let (mut requests, mut driver) = (HashMap::new(), JoinSet::new());
        let target = cluster.client.preferred_target();
        // A cluster that refuses the credentials logs each request, and one that is down should not get more of them than it takes
        // to find out.
        if cluster.last().is_none_or(|(_, report)| report.discovery_error.is_none()) {
            let of_the_cluster = Scope { nodes: None, ..scope };
            let plan =
                Plan::new(collectors, &Inventory::default(), of_the_cluster, cluster.id, cluster.max_age_seconds);
            for fetch in plan.fetches {
                if fetch.max_age_seconds == 0 && !Discovery::requests(&fetch.path) {
                    let path = fetch.path.clone();
                    let request = Request { cluster: Arc::clone(cluster), fetch, hold: None, deadline };
                    let request = shared(request.send());
                    driver.spawn(request.clone().map(drop));
                    requests.insert(path, request);
                }
            }
        }
        Self { requests, target, _driver: driver }
    }

    /// The request for a path; `None` if discovery found the API elsewhere and this request has no answer from there.
    fn take(&mut self, path: &Path, cluster: &Cluster) -> Option<SharedFetch> {
        let request = self.requests.remove(path)?;
        let moved = cluster.client.preferred_target() != self.target;
        (!moved || matches!(request.peek(), Some(Ok(_)))).then_some(request)
    }
}

/// Requests kept answers again, for later scrapes: this one had answers that were young enough. If that fails they are requested
/// by later scrapes until they are too old, and then their places fail.
pub(super) async fn renew(cluster: Arc<Cluster>, renewals: Vec<Fetch>, deadline: Instant) {
    join_all(renewals.iter().map(|fetch| renew_one(&cluster, fetch, deadline))).await;
}

/// The nodes of these requests that hang.
fn hanging(cluster: &Cluster, fetches: &[Fetch]) -> HashSet<Arc<str>> {
    let nodes: HashSet<&Arc<str>> = fetches.iter().filter_map(|fetch| fetch.path.node_name()).collect();
    nodes.into_iter().filter(|node| cluster.client.hang(node).is_some()).cloned().collect()
}

/// A request of a scrape.
struct Request {
    cluster: Arc<Cluster>,
    fetch: Fetch,
    hold: Option<Hold>,
    deadline: Instant,
}

/// What a request to a node that hangs waits for.
struct Hold {
    node: Arc<str>,
    end_of_wait: EndOfWait,
}

impl Request {
    fn source<F: Future<Output = Fetched> + Send + 'static>(self, send: impl FnOnce(Self) -> F) -> Source {
        if self.hold.is_some() { Source::Held(shared(send(self))) } else { Source::Requested(shared(send(self))) }
    }

    async fn send(self) -> Fetched {
        self.wait().await?;
        get_and_keep(&self.cluster, &self.fetch, self.deadline).await
    }

    /// Sends a costly request only if the gate has no answer.
    async fn gated(self, gate: Arc<Gate>, nodes: SharedJobNodes) -> Fetched {
        if let Some(answer) = gate.answer(self.fetch.path.node_name(), nodes).await {
            return answer;
        }
        self.wait().await?;
        let _turn = turn(&self.cluster, self.deadline).await?;
        if let Some(refusal) = gate.refusal() {
            return Err(refusal);
        }
        let fetched = get_and_keep(&self.cluster, &self.fetch, self.deadline).await;
        gate.note(&fetched);
        fetched
    }

    /// Waits until the node responds again, but not longer than the rest of the scrape takes.
    async fn wait(&self) -> Result<(), FetchError> {
        let Some(Hold { node, end_of_wait }) = &self.hold else { return Ok(()) };
        let Some(hang) = self.cluster.client.hang(node) else { return Ok(()) };
        tokio::select! {
            () = self.cluster.client.until_back(node) => Ok(()),
            () = end_of_wait.reached() => Err(hang),
            () = sleep_until(self.deadline) => Err(hang),
        }
    }
}

fn ready(fetched: Fetched) -> SharedFetch {
    shared(std::future::ready(fetched))
}

fn shared(fetch: impl Future<Output = Fetched> + Send + 'static) -> SharedFetch {
    let future: Pin<Box<dyn Future<Output = Fetched> + Send>> = Box::pin(fetch);
    future.shared()
}

/// For costly requests: one at a time.
async fn turn(cluster: &Cluster, deadline: Instant) -> Result<MutexGuard<'_, ()>, FetchError> {
    let late = "not requested: the same request to other nodes took too long";
    timeout_at(deadline, cluster.costly_turn.lock()).await.map_err(|_| FetchError::new(FetchErrorKind::TimedOut, late))
}

async fn renew_one(cluster: &Cluster, fetch: &Fetch, deadline: Instant) -> Fetched {
    let _turn = match fetch.path.costly() {
        Some(_) => Some(turn(cluster, deadline).await?),
        None => None,
    };
    get_and_keep(cluster, fetch, deadline).await
}

async fn get_and_keep(cluster: &Cluster, fetch: &Fetch, deadline: Instant) -> Fetched {
    let fetched = cluster.client.get(&fetch.path, deadline).await;
    if let Ok(answer) = &fetched {
        cluster.kept_answers.put(fetch, answer, cluster.client.budget());
        cluster.sample(fetch, answer);
    }
    fetched
}
