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
    /// What `/cluster/resources` lists, where it could be read in one go.
    listed: Option<Inventory>,
}

impl Discovery {
    pub(super) async fn ask(cluster: &Cluster, deadline: Instant) -> Self {
        let (status, resources) = (path(STATUS), path(RESOURCES));
        let ask_status = async { cluster.client.get(status.as_ref().map_err(Clone::clone)?, deadline).await };
        let ask_resources = async {
            let path = resources.as_ref().map_err(Clone::clone)?;
            cluster.client.get_reading(path, deadline, Inventory::listed).await
        };
        let (status_fetched, resources_fetched) = tokio::join!(ask_status, ask_resources);
        let (resources_fetched, listed) = match resources_fetched {
            Ok((answer, listed)) => (Ok(answer), listed),
            Err(error) => (Err(error), None),
        };
        Self { status: (status.ok(), status_fetched), resources: (resources.ok(), resources_fetched), listed }
    }

    /// Whether it asks for this path.
    pub(super) fn asks(path: &Path) -> bool {
        [STATUS, RESOURCES].contains(&path.template())
    }

    /// What there is; fails where neither answer came.
    pub(super) fn inventory(&mut self) -> Result<Inventory, FetchError> {
        match self.listed.take() {
            Some(listed) => Inventory::complete(&self.status.1, Ok(listed)),
            None => Inventory::read(&self.status.1, &self.resources.1),
        }
    }

    /// The answers by path, so that nobody asks again.
    pub(super) fn into_answers(self) -> HashMap<Path, Fetched> {
        [self.status, self.resources].into_iter().filter_map(|(path, fetched)| Some((path?, fetched))).collect()
    }
}

/// Fails only if the constant were no template.
fn path(path: &'static str) -> Result<Path, FetchError> {
    let bound = Template::parse(path).ok().and_then(|template| template.bind(&Place::cluster()).ok());
    bound.ok_or_else(|| FetchError { kind: FetchErrorKind::Malformed, detail: path.to_owned(), status: None })
}
