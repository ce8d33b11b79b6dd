//! Discovery: the two requests that list nodes, guests and storages. Collectors use their answers too.

use std::collections::HashMap;

use tokio::time::Instant;

use super::inventory::Inventory;
use crate::api::{Answer, Client, FetchError};
use crate::contract::FetchErrorKind;
use crate::request::{Path, Place, Template};

const STATUS: &str = "/cluster/status";
const RESOURCES: &str = "/cluster/resources";

type Fetched = Result<Answer, FetchError>;

/// Both answers, or why they are missing.
#[derive(Debug)]
pub(super) struct Discovery {
    status: (Option<Path>, Fetched),
    resources: (Option<Path>, Fetched),
    /// What `/cluster/resources` lists, if it could be read in one go.
    listed: Option<Inventory>,
}

impl Discovery {
    pub(super) async fn start(client: &Client, deadline: Instant) -> Self {
        let (status, resources) = (path(STATUS), path(RESOURCES));
        let get_status = async { client.get(status.as_ref().map_err(Clone::clone)?, deadline).await };
        let get_resources = async {
            let path = resources.as_ref().map_err(Clone::clone)?;
            client.get_reading(path, deadline, Inventory::listed).await
        };
        let (status_fetched, resources_fetched) = tokio::join!(get_status, get_resources);
        let (resources_fetched, listed) = match resources_fetched {
            Ok((answer, listed)) => (Ok(answer), listed),
            Err(error) => (Err(error), None),
        };
        Self { status: (status.ok(), status_fetched), resources: (resources.ok(), resources_fetched), listed }
    }

    /// Whether it requests this path.
    pub(super) fn requests(path: &Path) -> bool {
        [STATUS, RESOURCES].contains(&path.template())
    }

    /// What the cluster consists of; fails if neither answer arrived.
    pub(super) fn inventory(&mut self) -> Result<Inventory, FetchError> {
        match self.listed.take() {
            Some(listed) => Inventory::complete(&self.status.1, Ok(listed)),
            None => Inventory::read(&self.status.1, &self.resources.1),
        }
    }

    /// The answers by path, so that they are not requested again.
    pub(super) fn into_answers(self) -> HashMap<Path, Fetched> {
        [self.status, self.resources].into_iter().filter_map(|(path, fetched)| Some((path?, fetched))).collect()
    }
}

/// Fails only if the constant is not a template.
fn path(path: &'static str) -> Result<Path, FetchError> {
    let bound = Template::parse(path).ok().and_then(|template| template.bind(&Place::cluster()).ok());
    bound.ok_or_else(|| FetchError::new(FetchErrorKind::Malformed, path))
}
