//! Which costly requests a scrape makes: those for nodes with jobs, one at a time, and none without quorum.

use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::Shared;
use parking_lot::Mutex;
use pve_collector::lenient::{Number, Object, Text};
use serde::Deserialize;

use super::fetch::{Fetched, SharedFetch};
use super::inventory::{Inventory, vmid};
use crate::api::{Answer, FetchError};
use crate::contract::FetchErrorKind;

/// For the requests of one scrape.
pub(super) struct Gate {
    inventory: Arc<Inventory>,
    /// Why the cluster grants no lock, once a request has found out.
    refused: Mutex<Option<FetchError>>,
}

/// The nodes that have jobs.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum JobNodes {
    Named(HashSet<Arc<str>>),
    /// A job is of an unknown guest, or there is no list.
    Unknown,
}

pub(super) type SharedJobNodes = Shared<Pin<Box<dyn Future<Output = Result<Arc<JobNodes>, FetchError>> + Send>>>;

#[derive(Deserialize)]
struct Job<'a> {
    #[serde(default)]
    guest: Number,
    #[serde(borrow, default)]
    source: Text<'a>,
}

impl Gate {
    pub(super) fn new(inventory: Arc<Inventory>) -> Self {
        Self { inventory, refused: Mutex::default() }
    }

    /// The nodes with jobs, from the answer that lists them.
    pub(super) fn nodes(&self, list: SharedFetch) -> SharedJobNodes {
        let inventory = Arc::clone(&self.inventory);
        let nodes: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(async move {
            match list.await {
                Ok(list) => Ok(Arc::new(JobNodes::of(list.data(), &inventory))),
                // The nodes would not answer either.
                Err(error) if error.kind == FetchErrorKind::TimedOut => Err(error),
                Err(_) => Ok(Arc::new(JobNodes::Unknown)),
            }
        });
        nodes.shared()
    }

    /// Whether the cluster can grant a lock.
    pub(super) fn is_open(&self) -> bool {
        self.inventory.quorate != Some(false)
    }

    /// The answer for a node that needs no request, or why none is made; `None`: make it.
    pub(super) async fn answer(&self, node: Option<&Arc<str>>, nodes: SharedJobNodes) -> Option<Fetched> {
        match (nodes.await, node) {
            (Err(error), _) => return Some(Err(error)),
            (Ok(nodes), Some(node)) if !nodes.has(node) => {
                return Some(Answer::parse(b"{\"data\":[]}".to_vec(), "application/json"));
            }
            _ => {}
        }
        if !self.is_open() {
            let detail = "not requested, because it needs a lock that a cluster without quorum does not grant";
            return Some(Err(FetchError::new(FetchErrorKind::Unavailable, detail)));
        }
        None
    }

    /// Why the cluster grants no lock, if another request of the scrape found out.
    pub(super) fn refusal(&self) -> Option<FetchError> {
        self.refused.lock().clone()
    }

    /// Notes the answer of a request: if one gets no lock, the others would not either.
    pub(super) fn note(&self, fetched: &Fetched) {
        if let Err(error) = fetched
            && error.status == Some(500)
            && error.detail.contains("cfs-lock")
        {
            *self.refused.lock() = Some(error.clone());
        }
    }
}

impl JobNodes {
    /// A job runs on the node of its guest. `source` is the node of its last run.
    fn of(jobs: &str, inventory: &Inventory) -> Self {
        let Ok(jobs) = serde_json::from_str::<Vec<Object<Job<'_>>>>(jobs) else { return Self::Unknown };
        let of_guests = inventory.guest_nodes();
        let mut named = HashSet::new();
        for job in jobs.into_iter().filter_map(|job| job.0) {
            let Some(node) = vmid(job.guest).and_then(|guest| of_guests.get(&guest)) else { return Self::Unknown };
            named.insert(Arc::clone(node));
            named.extend(job.source.as_str().map(Into::into));
        }
        Self::Named(named)
    }

    fn has(&self, node: &str) -> bool {
        match self {
            Self::Named(nodes) => nodes.contains(node),
            Self::Unknown => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inventory() -> Inventory {
        let answer = |data: &str| Answer::parse(format!("{{\"data\":{data}}}").into_bytes(), "application/json");
        let resources = r#"[{"type":"qemu","vmid":100,"node":"a"},{"type":"lxc","vmid":101,"node":"b"},{"type":"node","node":"c"}]"#;
        Inventory::read(&answer("[]"), &answer(resources)).unwrap()
    }

    #[test]
    fn jobs_name_their_nodes() {
        let named = |nodes: &[&str]| JobNodes::Named(nodes.iter().map(|node| (*node).into()).collect());
        for (jobs, nodes) in [
            ("[]", named(&[])),
            (r#"[{"guest":"100"}]"#, named(&["a"])),
            // Migrated since the last run.
            (r#"[{"guest":100,"source":"c"},7]"#, named(&["a", "c"])),
            (r#"[{"guest":"100"},{"guest":"999","source":"a"}]"#, JobNodes::Unknown),
            (r#"[{"id":"100-0"}]"#, JobNodes::Unknown),
            ("{}", JobNodes::Unknown),
        ] {
            assert_eq!(JobNodes::of(jobs, &inventory()), nodes, "{jobs}");
        }
    }

    fn list(fetched: Fetched) -> SharedFetch {
        let list: Pin<Box<dyn Future<Output = Fetched> + Send>> = Box::pin(std::future::ready(fetched));
        list.shared()
    }

    #[tokio::test]
    async fn only_nodes_with_jobs_are_requested() {
        let gate = Gate::new(Arc::new(inventory()));
        let jobs = Answer::parse(br#"{"data":[{"guest":100}]}"#.to_vec(), "application/json");
        let nodes = gate.nodes(list(jobs));
        assert!(gate.answer(Some(&"a".into()), nodes.clone()).await.is_none());
        assert_eq!(gate.answer(Some(&"b".into()), nodes.clone()).await.unwrap().unwrap().data(), "[]");
        // Once the lock was refused, it is not tried for other nodes.
        let words = "500 cfs-lock 'file-replication_cfg' error: no quorum!";
        let refused = FetchError { status: Some(500), ..FetchError::new(FetchErrorKind::Unavailable, words) };
        gate.note(&Err(refused.clone()));
        assert_eq!(gate.refusal(), Some(refused));
    }

    #[tokio::test]
    async fn without_quorum_nothing_is_requested() {
        let mut inventory = inventory();
        inventory.quorate = Some(false);
        let gate = Gate::new(Arc::new(inventory));
        let nodes = gate.nodes(list(Err(FetchError::new(FetchErrorKind::NotFound, "501"))));
        let error = gate.answer(Some(&"a".into()), nodes).await.unwrap().unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::Unavailable);
    }
}
