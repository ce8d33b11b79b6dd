//! Scrapes clusters. Overlapping scrapes of the same thing share one run: the two Prometheus servers of a pair scrape within a
//! second of each other.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{Shared, WeakShared};
use parking_lot::Mutex;
use tokio::time::{Instant, timeout_at};

use super::cluster::Clusters;
use super::outcome::Scrape;
use super::plan::Scope;
use super::run::run;
use crate::api::ClientError;
use crate::collector::CollectorSet;
use crate::config::{Module, Targets};

type Run = Pin<Box<dyn Future<Output = Arc<Scrape>> + Send>>;

/// What a run may take beyond its deadline to join its rows.
const GRACE: Duration = Duration::from_millis(400);

/// What to scrape.
#[derive(Debug)]
pub struct ScrapeRequest<'a> {
    /// Whose credentials to use.
    pub module: &'a Module,
    /// The cluster's addresses.
    pub targets: Targets,
    pub scope: Scope,
    pub collectors: Arc<CollectorSet>,
    pub deadline: Instant,
}

/// Why there is no scrape at all.
#[derive(Debug, thiserror::Error)]
pub enum ScrapeError {
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The run in progress has a later deadline than this request.
    #[error("the scrape in progress did not finish by this request's deadline")]
    Deadline,
}

#[derive(Debug, PartialEq, Eq, Hash, Clone)]
struct Flight {
    module: String,
    targets: Targets,
    scope: Scope,
}

/// Scrapes clusters.
pub struct Scraper {
    pub clusters: Clusters,
    in_flight: Mutex<HashMap<Flight, WeakShared<Run>>>,
}

impl std::fmt::Debug for Scraper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scraper").field("clusters", &self.clusters).finish_non_exhaustive()
    }
}

impl Scraper {
    pub fn new(clusters: Clusters) -> Self {
        Self { clusters, in_flight: Mutex::default() }
    }

    /// Scrapes, or joins a run of the same scrape.
    pub async fn scrape(&self, request: ScrapeRequest<'_>) -> Result<Arc<Scrape>, ScrapeError> {
        let cluster = self.clusters.get(request.module, &request.targets)?;
        let flight = Flight { module: request.module.name.clone(), targets: request.targets, scope: request.scope };
        let run = {
            let mut in_flight = self.in_flight.lock();
            in_flight.retain(|_, run| run.upgrade().is_some());
            match in_flight.get(&flight).and_then(WeakShared::upgrade) {
                Some(run) => run,
                None => {
                    let (scope, deadline, collectors) = (request.scope, request.deadline, request.collectors);
                    let run: Run = Box::pin(async move {
                        let scrape = Arc::new(run(Arc::clone(&cluster), collectors, scope, deadline).await);
                        cluster.finish(&scrape.report);
                        scrape
                    });
                    let run: Shared<Run> = run.shared();
                    if let Some(weak) = run.downgrade() {
                        in_flight.insert(flight, weak);
                    }
                    run
                }
            }
        };
        // The run ends by the deadline of the request that started it.
        timeout_at(request.deadline + GRACE, run).await.map_err(|_| ScrapeError::Deadline)
    }
}
