//! The plan of a scrape: every place of every collector, and every distinct GET they need, once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::inventory::Inventory;
use crate::collector::{ClusterId, Collector, CollectorSet};
use crate::request::{BindError, Costly, Path, Place, Template};
use crate::schema::Request;

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
    /// Run collectors of the cluster as a whole.
    pub cluster: bool,
    /// Run collectors of nodes, guests or storages, on these nodes.
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
    /// Distinct requests.
    pub fetches: Vec<Fetch>,
    /// Every place of every collector, in order of the collectors' names.
    pub jobs: Vec<Job>,
    /// Collectors left out because of quarantine, and how much of it is left.
    pub quarantined: Vec<(Arc<Collector>, Duration)>,
}

/// One GET.
#[derive(Debug)]
pub struct Fetch {
    pub path: Path,
    /// How old an answer may be: the minimum over the collectors that need it.
    pub max_age_seconds: u32,
    /// The place, if it is the first one of its template: the answer is kept for trials.
    pub(super) sample_of: Option<Place>,
    /// For a costly path, the position of the request that lists the jobs it is about.
    pub(super) jobs: Option<usize>,
}

/// One collector at one place.
#[derive(Debug)]
pub struct Job {
    pub collector: Arc<Collector>,
    pub place: Place,
    /// Positions in [`Plan::fetches`], in the manifest's order; or why a path can't be built.
    pub answers: Result<Vec<usize>, BindError>,
}

impl Plan {
    /// Plans a scrape of the inventory; no answer may be older than `max_age` seconds, whatever a manifest allows.
    #[must_use]
    pub fn new(
        collectors: &CollectorSet,
        inventory: &Inventory,
        scope: Scope,
        cluster: ClusterId,
        max_age: u32,
    ) -> Self {
        let mut plan = Self { fetches: Vec::new(), jobs: Vec::new(), quarantined: Vec::new() };
        let mut known: HashMap<Path, usize> = HashMap::new();
        let mut sampled: HashSet<String> = HashSet::new();
        for collector in collectors.iter() {
            let schema = &collector.schema;
            if !scope.includes(collector) {
                continue;
            }
            if let Some(left) = collector.health.quarantined(cluster) {
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
                        let max_age_seconds = max_age_seconds(request, &path).min(max_age);
                        let jobs = path.costly().and_then(|costly| plan.list_jobs(costly, max_age_seconds, &mut known));
                        let index = *known.entry(path.clone()).or_insert_with(|| {
                            let first = sampled.insert(path.template().to_owned());
                            let sample_of = first.then(|| place.clone());
                            plan.fetches.push(Fetch { path, max_age_seconds, sample_of, jobs });
                            plan.fetches.len() - 1
                        });
                        if let Some(fetch) = plan.fetches.get_mut(index) {
                            fetch.max_age_seconds = fetch.max_age_seconds.min(max_age_seconds);
                        }
                        Ok(index)
                    })
                    .collect();
                plan.jobs.push(Job { collector: Arc::clone(collector), place, answers });
            }
        }
        plan
    }

    /// The position of the request that lists the jobs of a costly path.
    fn list_jobs(&mut self, costly: &Costly, max_age_seconds: u32, known: &mut HashMap<Path, usize>) -> Option<usize> {
        let path = Template::parse(costly.jobs).ok()?.bind(&Place::cluster()).ok()?;
        Some(*known.entry(path.clone()).or_insert_with(|| {
            self.fetches.push(Fetch { path, max_age_seconds, sample_of: None, jobs: None });
            self.fetches.len() - 1
        }))
    }
}

/// What the collector allows, or more for a costly path.
fn max_age_seconds(request: &Request, path: &Path) -> u32 {
    request.max_age_seconds.max(path.costly().map_or(0, |costly| costly.max_age_seconds))
}
