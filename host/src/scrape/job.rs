//! One job: its answers awaited, a slot, the call, and its outcome.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, timeout_at};

use super::cluster::Cluster;
use super::fetch::{Fetched, SharedFetch};
use super::not_collected::NotCollected;
use super::plan::Job;
use crate::api::Answer;
use crate::collector::{ClusterId, Collection, Collector};
use crate::contract::FetchErrorKind;
use crate::request::Place;

/// A job with its answers.
pub(super) struct ReadyJob {
    pub(super) job: Job,
    pub(super) answers: Vec<SharedFetch>,
    /// How old its rows may get.
    pub(super) max_age: Option<Duration>,
    pub(super) cpu: Arc<CpuTime>,
}

/// CPU time of all calls of one collector in a scrape.
#[derive(Debug, Default)]
pub(super) struct CpuTime(AtomicU64);

impl CpuTime {
    fn add(&self, used: Duration) {
        self.0.fetch_add(u64::try_from(used.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Fails once the collector has used up `limit`.
    fn check(&self, limit: Duration) -> Result<(), NotCollected> {
        let used = Duration::from_micros(self.0.load(Ordering::Relaxed));
        if used < limit { Ok(()) } else { Err(NotCollected::ScrapeCpu { used, limit }) }
    }
}

impl ReadyJob {
    /// Awaits the job's answers, then a slot, then the call.
    pub(super) async fn run(
        self,
        cluster: Arc<Cluster>,
        now: u64,
        deadline: Instant,
    ) -> Result<Collected, NotCollected> {
        let Job { collector, place, answers: bound } = self.job;
        bound?;
        let fetched = join_all(self.answers).await;
        let (mut required, missing): (Vec<Missing>, _) =
            missing(&collector, &place, &fetched).partition(|missing| !missing.is_optional);
        if !required.is_empty() {
            return Err(required.swap_remove(0).cause);
        }
        let missing: Vec<NotCollected> = missing.into_iter().map(|missing: Missing| missing.cause).collect();
        let answers: Option<Vec<Answer>> = fetched.iter().map(|fetched| fetched.as_ref().ok().cloned()).collect();
        let call = Call { cluster: cluster.id, collector: Arc::clone(&collector), place: place.clone(), cpu: self.cpu };
        let collection = call.run(fetched, now, deadline).await?;
        if let (Some(answers), Some(max_age)) = (answers, self.max_age) {
            cluster.kept_rows.put(&collector, &place, answers, &collection, max_age);
        }
        Ok(Collected { collection, missing })
    }
}

/// What a job returned.
pub(super) struct Collected {
    pub(super) collection: Collection,
    /// Optional answers that it was made without, because of a failure.
    pub(super) missing: Vec<NotCollected>,
}

/// An answer that is missing.
struct Missing {
    is_optional: bool,
    cause: NotCollected,
}

/// The missing answers that are required, or optional but should be there.
fn missing(collector: &Collector, place: &Place, fetched: &[Fetched]) -> impl Iterator<Item = Missing> {
    collector.schema.requests.iter().zip(fetched).filter_map(|(request, fetched)| {
        let error = fetched.as_ref().err()?;
        let is_usual = matches!(error.kind, FetchErrorKind::NotFound | FetchErrorKind::Forbidden);
        if request.optional && is_usual {
            return None;
        }
        let path = request.template.bind(place).map_or_else(|_| request.template.to_string(), |path| path.to_string());
        let cause = NotCollected::Unanswered { path, error: error.clone() };
        Some(Missing { is_optional: request.optional, cause })
    })
}

struct Call {
    cluster: ClusterId,
    collector: Arc<Collector>,
    place: Place,
    cpu: Arc<CpuTime>,
}

impl Call {
    async fn run(self, fetched: Vec<Fetched>, now: u64, deadline: Instant) -> Result<Collection, NotCollected> {
        let late = |_| NotCollected::Deadline;
        let Self { cluster, collector, place, cpu } = self;
        let turn = timeout_at(deadline, Arc::clone(&collector.calls).acquire_owned()).await.map_err(late)?;
        if let Some(left) = collector.health.quarantined(cluster) {
            // It began while this place waited for its turn.
            return Err(NotCollected::Quarantined { left });
        }
        cpu.check(collector.limits.scrape_cpu)?;
        let slot = timeout_at(deadline, collector.slot()).await.map_err(late)?;
        let call = tokio::task::spawn_blocking(move || {
            // Held until the call ends, even if nobody waits for it any more.
            let _held = (turn, slot);
            let answers: Vec<Result<&str, FetchErrorKind>> =
                fetched.iter().map(|fetched| fetched.as_ref().map(Answer::data).map_err(|error| error.kind)).collect();
            let collection = collector.collect(now, &place, &answers);
            cpu.add(collection.usage.cpu);
            collector.record(cluster, &collection, deadline.into_std());
            collection
        });
        match timeout_at(deadline, call).await.map_err(late)? {
            Ok(collection) => Ok(collection),
            Err(panic) => Err(NotCollected::Panicked(panic.to_string())),
        }
    }
}
