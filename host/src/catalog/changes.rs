//! What a reload changed, for its response and the log.

use std::path::PathBuf;
use std::sync::Arc;

use crate::collector::{Collector, CollectorSet};
use crate::text;
use crate::trust::Exposure;

/// The last line if nothing changed.
pub const UNCHANGED: &str = "nothing changed\n";

/// What a reload changed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Changes {
    /// Collectors that serve now and did not before, as `name version (origin, digest)`.
    pub loaded: Vec<String>,
    /// Collectors that no longer serve.
    pub removed: Vec<String>,
    /// Files refused in this reload, with the reason.
    pub refused: Vec<(PathBuf, String)>,
    /// Files refused before, with the same reason.
    pub still_refused: Vec<(PathBuf, String)>,
    /// Folders that can't be listed, with the reason; their collectors keep serving.
    pub unreadable: Vec<(PathBuf, String)>,
    /// Folders and files that other users can change, and what they can do.
    pub exposed: Vec<(PathBuf, Exposure)>,
}

impl Changes {
    /// Adds the collectors that came and went.
    pub(super) fn compare(&mut self, before: &CollectorSet, after: &CollectorSet) {
        let is_in = |set: &CollectorSet, collector: &Arc<Collector>| {
            set.get(collector.name()).is_some_and(|other| Arc::ptr_eq(other, collector))
        };
        for collector in after.iter().filter(|collector| !is_in(before, collector)) {
            let digest = &collector.component().facts().digest;
            let digest = digest.get(..12).unwrap_or(digest);
            let version = &collector.schema.version;
            self.loaded.push(format!("{} {version} ({}, sha256 {digest}…)", collector.name(), collector.origin));
        }
        for collector in before.iter().filter(|collector| after.get(collector.name()).is_none()) {
            self.removed.push(collector.name().to_owned());
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.loaded.is_empty() && self.removed.is_empty() && !self.has_problems()
    }

    /// Something could not be loaded.
    #[must_use]
    pub fn has_problems(&self) -> bool {
        !self.refused.is_empty() || !self.unreadable.is_empty()
    }
}

/// A line each, as `/-/reload` returns it.
impl std::fmt::Display for Changes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for loaded in &self.loaded {
            writeln!(f, "loaded {loaded}")?;
        }
        for removed in &self.removed {
            writeln!(f, "removed {removed}")?;
        }
        for (path, reason) in &self.refused {
            writeln!(f, "refused {}: {reason}", text::path(path))?;
        }
        for (path, reason) in &self.unreadable {
            writeln!(f, "unreadable {}: {reason}", text::path(path))?;
        }
        for (path, reason) in &self.still_refused {
            writeln!(f, "still refused {}: {reason}", text::path(path))?;
        }
        for (path, exposure) in &self.exposed {
            writeln!(f, "warning {} {exposure}", text::path(path))?;
        }
        if self.is_empty() { f.write_str(UNCHANGED) } else { Ok(()) }
    }
}
