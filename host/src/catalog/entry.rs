//! The catalog as a list for people and metrics.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::Catalog;
use crate::collector::{Collector, Origin};

/// One collector or file.
#[derive(Debug, Clone)]
pub struct CatalogEntry {
    /// The collector's name if it is known, else the file's.
    pub name: String,
    pub origin: Origin,
    /// The collector, if a version from this origin is loaded.
    pub collector: Option<Arc<Collector>>,
    pub standing: Standing,
    /// Why the file as it is now is refused; an older version may serve.
    pub refusal: Option<String>,
}

/// What a collector does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Serving,
    /// A component of a folder has its name.
    Shadowed,
    Quarantined,
    /// Nothing from this origin serves.
    Refused,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Serving => "serving",
            Self::Shadowed => "shadowed",
            Self::Quarantined => "quarantined",
            Self::Refused => "refused",
        })
    }
}

impl Catalog {
    /// Every collector and file, by name.
    #[must_use]
    pub fn entries(&self) -> Vec<CatalogEntry> {
        let known = self.known.lock();
        let builtins = self.builtins.iter().map(|collector| CatalogEntry {
            name: collector.name().to_owned(),
            origin: Origin::Builtin,
            collector: Some(Arc::clone(collector)),
            standing: self.standing(collector),
            refusal: known.displaced.get(collector.name()).cloned(),
        });
        let files = known.files.iter().map(|(path, file)| CatalogEntry {
            name: file.serving.as_ref().map_or_else(|| file_name(path), |collector| collector.name().to_owned()),
            origin: Origin::File(path.clone()),
            collector: file.serving.clone(),
            standing: file.serving.as_ref().map_or(Standing::Refused, |collector| self.standing(collector)),
            refusal: file.refusal.clone(),
        });
        let mut entries: Vec<CatalogEntry> = builtins.chain(files).collect();
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        entries
    }

    fn standing(&self, collector: &Arc<Collector>) -> Standing {
        match self.serving().get(collector.name()) {
            Some(other) if !Arc::ptr_eq(other, collector) => Standing::Shadowed,
            Some(_) if collector.health.quarantined_anywhere() => Standing::Quarantined,
            Some(_) => Standing::Serving,
            None => Standing::Refused,
        }
    }
}

fn file_name(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
