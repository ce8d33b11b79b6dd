//! The plan of a scrape: every place of every collector, and every distinct GET they need, once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::inventory::Inventory;
use crate::collector::{Collector, CollectorSet};
use crate::request::{BindError, Path, Place, Template};

/// Which nodes a scrape covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NodeScope {
    /// Every online node.
    All,
    /// The node whose API answers.
    Local,
}

/// Which collectors a scrape runs, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scope {
    /// Run collectors that look at the cluster as a whole.
    pub cluster: bool,
    /// Run collectors that look at nodes, guests or storages, on these nodes.
    pub nodes: Option<NodeScope>,
}

impl Scope {
    /// Whether it runs this collector, wherever that is.
    pub(super) fn includes(&self, collector: &Collector) -> bool {
        if collector.schema.placeholders.is_empty() { self.cluster } else { self.nodes.is_some() }
    }
}

/// What to fetch, and who needs it.
#[derive(Debug)]
pub struct Plan {
    /// Each distinct request.
    pub fetches: Vec<Fetch>,
    /// Each place of each collector, collectors in order of their names.
    pub jobs: Vec<Job>,
    /// Collectors that are left out because they are in quarantine, and for how long still.
    pub quarantined: Vec<(Arc<Collector>, Duration)>,
}

/// One GET.
#[derive(Debug)]
pub struct Fetch {
    /// What is asked.
    pub path: Path,
    /// How old an answer may be: the least of what those who need it allow.
    pub max_age_seconds: u32,
    /// The place it is for, where it is the first of its template: its answer is kept for trials.
    pub(super) sample_of: Option<Place>,
}

/// One collector at one place.
#[derive(Debug)]
pub struct Job {
    /// Who.
    pub collector: Arc<Collector>,
    /// Where.
    pub place: Place,
    /// Its answers, by position in [`Plan::fetches`], in the manifest's order; or why there can be none.
    pub answers: Result<Vec<usize>, BindError>,
}

impl Plan {
    /// Plans for what the inventory holds; no answer may be older than `max_age` seconds, whatever a manifest allows.
    #[must_use]
    pub fn new(collectors: &CollectorSet, inventory: &Inventory, scope: Scope, max_age: u32) -> Self {
        let mut plan = Self { fetches: Vec::new(), jobs: Vec::new(), quarantined: Vec::new() };
        let mut known: HashMap<Path, usize> = HashMap::new();
        let mut sampled: HashSet<String> = HashSet::new();
        for collector in collectors.iter() {
            let schema = &collector.schema;
            if !scope.includes(collector) {
                continue;
            }
            if let Some(left) = collector.health.quarantined() {
                plan.quarantined.push((Arc::clone(collector), left));
                continue;
            }
            let templates: Vec<&Template> = schema.requests.iter().map(|request| &request.template).collect();
            let places = inventory.places(&templates, |node| scope.nodes == Some(NodeScope::All) || node.local);
            for place in places {
                let answers = schema
                    .requests
                    .iter()
                    .map(|request| {
                        let path = request.template.bind(&place)?;
                        let index = *known.entry(path.clone()).or_insert_with(|| {
                            let first = sampled.insert(path.template().to_owned());
                            let sample_of = first.then(|| place.clone());
                            let max_age_seconds = request.max_age_seconds.min(max_age);
                            plan.fetches.push(Fetch { path, max_age_seconds, sample_of });
                            plan.fetches.len() - 1
                        });
                        if let Some(fetch) = plan.fetches.get_mut(index) {
                            fetch.max_age_seconds = fetch.max_age_seconds.min(request.max_age_seconds);
                        }
                        Ok(index)
                    })
                    .collect();
                plan.jobs.push(Job { collector: Arc::clone(collector), place, answers });
            }
        }
        plan
    }
}
