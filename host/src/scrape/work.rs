//! One job: its answers awaited, a slot, the call, and what became of it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, timeout_at};

use super::cluster::Cluster;
use super::plan::Job;
use super::run::{Fetched, SharedFetch};
use crate::api::{Answer, FetchErrorKind, Place};
use crate::registry::{Collection, Collector};

/// The reason of a place that is not collected because its collector is in quarantine.
pub(super) const QUARANTINED: &str = "quarantined";

/// One job and its answers.
pub(super) struct Work {
    pub(super) job: Job,
    pub(super) position: usize,
    pub(super) answers: Vec<SharedFetch>,
    /// How old its rows may get, where all its answers may get old.
    pub(super) max_age: Option<Duration>,
}

/// What became of one job.
pub(super) struct Outcome {
    pub(super) collector: Arc<Collector>,
    pub(super) place: Place,
    pub(super) position: usize,
    pub(super) result: Result<Collection, (&'static str, String)>,
}

impl Work {
    /// Awaits the job's answers, then a slot, then the call.
    pub(super) async fn run(self, cluster: Arc<Cluster>, now: u64, deadline: Instant) -> Outcome {
        let Self { job: Job { collector, place, answers: bound }, position, answers, max_age } = self;
        let result = match bound {
            Err(error) => Err(("place", error.to_string())),
            Ok(_) => {
                let fetched = join_all(answers).await;
                match missing(&collector, &place, &fetched) {
                    Some(failure) => Err(failure),
                    None => {
                        let answers: Option<Vec<Answer>> =
                            fetched.iter().map(|fetched| fetched.as_ref().ok().cloned()).collect();
                        let result = call(Arc::clone(&collector), place.clone(), fetched, now, deadline).await;
                        if let (Some(answers), Some(max_age), Ok(collection)) = (answers, max_age, &result) {
                            cluster.made.put(&collector, &place, answers, collection, max_age);
                        }
                        result
                    }
                }
            }
        };
        Outcome { collector, place, position, result }
    }
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
