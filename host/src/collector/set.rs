//! The collectors that serve, as one value that is swapped as a whole: a scrape finishes with the set it began with.

use std::collections::HashMap;
use std::sync::Arc;

use super::Collector;

/// Collectors whose names and metrics do not collide, in order of their names.
#[derive(Debug, Default)]
pub struct CollectorSet {
    collectors: Vec<Arc<Collector>>,
}

/// Why a collector can't join a set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    #[error("a collector named {0} already serves")]
    Name(String),
    #[error("the metric {metric} belongs to the collector {owner}")]
    Metric { metric: String, owner: String },
}

impl CollectorSet {
    /// Adds a collector if its name and all its metric names are free.
    pub fn add(&mut self, collector: Arc<Collector>) -> Result<(), Conflict> {
        if self.get(collector.name()).is_some() {
            return Err(Conflict::Name(collector.name().to_owned()));
        }
        let owners: HashMap<&str, &str> = self
            .collectors
            .iter()
            .flat_map(|other| other.schema.families.iter().map(|family| (family.name.as_str(), other.name())))
            .collect();
        for family in &collector.schema.families {
            if let Some(owner) = owners.get(family.name.as_str()) {
                return Err(Conflict::Metric { metric: family.name.clone(), owner: (*owner).to_owned() });
            }
        }
        let at = self.collectors.partition_point(|other| other.name() < collector.name());
        self.collectors.insert(at, collector);
        Ok(())
    }

    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<Collector>> {
        self.collectors.iter().find(|collector| collector.name() == name)
    }

    /// By name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Collector>> {
        self.collectors.iter()
    }
}
