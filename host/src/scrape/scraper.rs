//! Scrapes clusters. Overlapping scrapes of the same thing share one run: the two Prometheus servers of a pair scrape within a
//! second of each other.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::cluster::{Cluster, Clusters};
use super::discovery::Discovery;
use super::flights::Flights;
use super::inventory::Inventory;
use super::outcome::Scrape;
use super::plan::Scope;
use super::run::run;
use crate::api::{ClientError, FetchError};
use crate::collector::CollectorSet;
use crate::config::{Module, Targets};

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
    #[error("the scrape did not finish by this request's deadline")]
    Deadline,
    #[error("too many scrapes of this cluster with different timeouts are in progress")]
    Busy,
}

/// What is the same scrape.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Subject {
    module: String,
    targets: Targets,
    scope: Scope,
}

/// Scrapes clusters.
pub struct Scraper {
    pub clusters: Clusters,
    flights: Flights<Subject, Arc<Scrape>>,
}

impl std::fmt::Debug for Scraper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scraper").field("clusters", &self.clusters).finish_non_exhaustive()
    }
}

impl Scraper {
    pub fn new(clusters: Clusters) -> Self {
        Self { clusters, flights: Flights::new() }
    }

    /// Discovers a cluster without collecting anything.
    pub async fn discover(cluster: &Arc<Cluster>, deadline: Instant) -> Result<Inventory, FetchError> {
        Discovery::start(cluster, deadline).await.inventory()
    }

    /// Scrapes, or joins a run of the same scrape.
    pub async fn scrape(&self, request: ScrapeRequest<'_>) -> Result<Arc<Scrape>, ScrapeError> {
        let cluster = self.clusters.get(request.module, &request.targets)?;
        let ScrapeRequest { module, targets, scope, collectors, deadline } = request;
        let subject = Subject { module: module.name.clone(), targets, scope };
        let start = || async move {
            let scrape = Arc::new(run(Arc::clone(&cluster), collectors, scope, deadline).await);
            cluster.finish(scope, &scrape.report);
            scrape
        };
        let run = self.flights.join(subject, deadline, || Box::pin(start())).ok_or(ScrapeError::Busy)?;
        timeout_at(deadline + GRACE, run).await.map_err(|_| ScrapeError::Deadline)
    }
}
