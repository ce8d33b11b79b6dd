//! Discovery: the two requests that list nodes, guests and storages. Collectors use their answers too.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{Either, Shared, select};
use tokio::time::{Instant, timeout_at};

use super::cluster::Cluster;
use super::fetch::{Fetched, SharedFetch};
use super::inventory::Inventory;
use crate::api::{Answer, FetchError};
use crate::contract::FetchErrorKind;
use crate::request::{Path, Place, Template};

const STATUS: &str = "/cluster/status";
const RESOURCES: &str = "/cluster/resources";

/// The answer of `/cluster/resources`, and what it lists if it could be read in one go.
type Listed = Result<(Answer, Option<Arc<Inventory>>), FetchError>;
type SharedList = Shared<Pin<Box<dyn Future<Output = Listed> + Send>>>;

/// Both requests. One that hangs goes on: collectors may wait for its answer longer than discovery does.
pub(super) struct Discovery {
    status: SharedFetch,
    resources: SharedList,
    /// What had arrived when discovery ended.
    arrived: (Option<Fetched>, Option<Listed>),
}

impl Discovery {
    /// Waits for both answers; once one has arrived, for the other only half of the time that is left.
    pub(super) async fn start(cluster: &Arc<Cluster>, deadline: Instant) -> Self {
        let (status, resources) = (status(Arc::clone(cluster), deadline), resources(Arc::clone(cluster), deadline));
        let arrived = match select(status.clone(), resources.clone()).await {
            Either::Left((status, resources)) => (Some(status), timeout_at(half_way(deadline), resources).await.ok()),
            Either::Right((resources, status)) => (timeout_at(half_way(deadline), status).await.ok(), Some(resources)),
        };
        Self { status, resources, arrived }
    }

    /// Whether it requests this path.
    pub(super) fn requests(path: &Path) -> bool {
        [STATUS, RESOURCES].contains(&path.template())
    }

    /// What the cluster consists of; fails if neither answer arrived.
    pub(super) fn inventory(&self) -> Result<Inventory, FetchError> {
        let status = self.arrived.0.clone().unwrap_or_else(|| Err(late(STATUS)));
        match self.list() {
            Ok((_, Some(listed))) => Inventory::complete(&status, Ok(listed.as_ref().clone())),
            Ok((answer, None)) => Inventory::read(&status, &Ok(answer)),
            Err(error) => Inventory::read(&status, &Err(error)),
        }
    }

    /// Why guests and storages are unknown, if they are.
    pub(super) fn unlisted(&self) -> Option<FetchError> {
        self.list().err()
    }

    fn list(&self) -> Listed {
        self.arrived.1.clone().unwrap_or_else(|| Err(late(RESOURCES)))
    }

    /// The requests by path, so that they are not made again.
    pub(super) fn into_requests(self) -> HashMap<Path, SharedFetch> {
        let answer = async move |resources: SharedList| resources.await.map(|(answer, _)| answer);
        let resources: Pin<Box<dyn Future<Output = Fetched> + Send>> = Box::pin(answer(self.resources));
        let requests = [(path(STATUS), self.status), (path(RESOURCES), resources.shared())];
        requests.into_iter().filter_map(|(path, request)| Some((path.ok()?, request))).collect()
    }
}

fn status(cluster: Arc<Cluster>, deadline: Instant) -> SharedFetch {
    let request: Pin<Box<dyn Future<Output = Fetched> + Send>> =
        Box::pin(async move { cluster.client.discover(&path(STATUS)?, deadline).await });
    request.shared()
}

fn resources(cluster: Arc<Cluster>, deadline: Instant) -> SharedList {
    let request: Pin<Box<dyn Future<Output = Listed> + Send>> = Box::pin(async move {
        let (answer, listed) = cluster.client.discover_reading(&path(RESOURCES)?, deadline, Inventory::listed).await?;
        Ok((answer, listed.map(Arc::new)))
    });
    request.shared()
}

fn half_way(deadline: Instant) -> Instant {
    let now = Instant::now();
    now + deadline.saturating_duration_since(now) / 2
}

fn late(path: &str) -> FetchError {
    FetchError::new(FetchErrorKind::TimedOut, format!("{path} had no answer in time; discovery went on without it"))
}

/// Fails only if the constant is not a template.
fn path(path: &'static str) -> Result<Path, FetchError> {
    let bound = Template::parse(path).ok().and_then(|template| template.bind(&Place::cluster()).ok());
    bound.ok_or_else(|| FetchError::new(FetchErrorKind::Malformed, path))
}
