//! The first wave of a scrape: the two requests that tell what there is. Their answers serve collectors as well.

use std::collections::HashMap;

use tokio::time::Instant;

use super::cluster::Cluster;
use super::inventory::Inventory;
use crate::api::{Answer, FetchError, FetchErrorKind, Path, Place, Template};

const STATUS: &str = "/cluster/status";
const RESOURCES: &str = "/cluster/resources";

type Fetched = Result<Answer, FetchError>;

/// Both answers, or why they are not there.
#[derive(Debug)]
pub(super) struct Discovery {
    status: (Option<Path>, Fetched),
    resources: (Option<Path>, Fetched),
}

impl Discovery {
    pub(super) async fn ask(cluster: &Cluster, deadline: Instant) -> Self {
        let (status, resources) = tokio::join!(get(cluster, STATUS, deadline), get(cluster, RESOURCES, deadline));
        Self { status, resources }
    }

    /// What there is; fails where neither answer came.
    pub(super) fn inventory(&self) -> Result<Inventory, FetchError> {
        Inventory::read(&self.status.1, &self.resources.1)
    }

    /// The answers by path, so that nobody asks again.
    pub(super) fn into_answers(self) -> HashMap<Path, Fetched> {
        [self.status, self.resources].into_iter().filter_map(|(path, fetched)| Some((path?, fetched))).collect()
    }
}

/// The path is `None` only if the constant were no template.
async fn get(cluster: &Cluster, path: &'static str, deadline: Instant) -> (Option<Path>, Fetched) {
    match Template::parse(path).ok().and_then(|template| template.bind(&Place::cluster()).ok()) {
        Some(path) => {
            let fetched = cluster.client.get(&path, deadline).await;
            (Some(path), fetched)
        }
        None => (None, Err(FetchError { kind: FetchErrorKind::Malformed, detail: path.to_owned(), status: None })),
    }
}
