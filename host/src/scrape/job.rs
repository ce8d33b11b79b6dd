//! One job: its answers awaited, a slot, the call, and its outcome.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, timeout_at};

use super::answers::{Fetched, SharedFetch};
use super::cluster::Cluster;
use super::not_collected::NotCollected;
use super::plan::Job;
use crate::api::Answer;
use crate::collector::{Collection, Collector};
use crate::contract::FetchErrorKind;
use crate::request::Place;

/// A job with its answers.
pub(super) struct ReadyJob {
    pub(super) job: Job,
    pub(super) answers: Vec<SharedFetch>,
    /// How old its rows may get.
    pub(super) max_age: Option<Duration>,
}

impl ReadyJob {
    /// Awaits the job's answers, then a slot, then the call.
    pub(super) async fn run(
        self,
        cluster: Arc<Cluster>,
        now: u64,
        deadline: Instant,
    ) -> Result<Collection, NotCollected> {
        let Job { collector, place, answers: bound } = self.job;
        bound?;
        let fetched = join_all(self.answers).await;
        if let Some(unanswered) = unanswered(&collector, &place, &fetched) {
            return Err(unanswered);
        }
        let answers: Option<Vec<Answer>> = fetched.iter().map(|fetched| fetched.as_ref().ok().cloned()).collect();
        let collection = call(Arc::clone(&collector), place.clone(), fetched, now, deadline).await?;
        if let (Some(answers), Some(max_age)) = (answers, self.max_age) {
            cluster.kept_rows.put(&collector, &place, answers, &collection, max_age);
        }
        Ok(collection)
    }
}

/// The first required answer that is missing.
fn unanswered(collector: &Collector, place: &Place, fetched: &[Fetched]) -> Option<NotCollected> {
    collector.schema.requests.iter().zip(fetched).find_map(|(request, fetched)| match fetched {
        Err(error) if !request.optional => {
            let path =
                request.template.bind(place).map_or_else(|_| request.template.to_string(), |path| path.to_string());
            Some(NotCollected::Unanswered { path, error: error.clone() })
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
) -> Result<Collection, NotCollected> {
    let late = |_| NotCollected::Deadline;
    let sandbox = collector.component().sandbox().clone();
    let turn = timeout_at(deadline, Arc::clone(&collector.calls).acquire_owned()).await.map_err(late)?;
    if let Some(left) = collector.health.quarantined() {
        // It began while this place waited for its turn.
        return Err(NotCollected::Quarantined { left });
    }
    let slot = timeout_at(deadline, sandbox.slot()).await.map_err(late)?;
    let call = tokio::task::spawn_blocking(move || {
        // Held until the call ends, even if nobody waits for it any more.
        let _held = (turn, slot);
        let answers: Vec<Result<&str, FetchErrorKind>> =
            fetched.iter().map(|fetched| fetched.as_ref().map(Answer::data).map_err(|error| error.kind)).collect();
        collector.collect(now, &place, &answers)
    });
    match timeout_at(deadline, call).await.map_err(late)? {
        Ok(collection) => Ok(collection),
        Err(panic) => Err(NotCollected::Panicked(panic.to_string())),
    }
}
