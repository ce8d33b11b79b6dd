//! What the grant file next to a component permits: decided here for new versions and for those that serve.

use std::path::Path;
use std::sync::Arc;

use super::folder::Stamp;
use super::grant::Grant;
use crate::collector::Collector;
use crate::limits::Limits;
use crate::schema::Schema;
use crate::text::Foreign;

/// The current state of a grant file. Errors are sentences for the operator that start with its name.
#[derive(Debug)]
pub(super) enum Permit {
    /// There is no file: nothing serves.
    Missing,
    /// It can't be understood: no new version serves, and the one that does keeps its limits.
    Invalid(String),
    Granted {
        file: Foreign,
        grant: Grant,
        limits: Box<Limits>,
    },
}

impl Permit {
    /// `global` are the limits that the grant can override, up to a memory of `max_memory`.
    pub(super) fn new(component: &Path, stamp: &Stamp, global: &Limits, max_memory: usize) -> Self {
        let file = file_name(component);
        let grant = match &stamp.grant {
            None => return Self::Missing,
            Some(Err(error)) => return Self::Invalid(format!("{file}: {error}")),
            Some(Ok(text)) => match Grant::parse(text) {
                Ok(grant) => grant,
                Err(error) => return Self::Invalid(format!("{file}:{error}")),
            },
        };
        let limits = grant.limits(global);
        if limits.memory > max_memory {
            return Self::Invalid(format!(
                "{file}: limits: memory is {} bytes, but at most {max_memory} are allowed (--sandbox.max-memory)",
                limits.memory
            ));
        }
        Self::Granted { file, grant, limits: Box::new(limits) }
    }

    /// Whether a component with this digest may be loaded. Without a grant it is, to find out what to write.
    pub(super) fn check_digest(&self, digest: &str) -> Result<(), String> {
        match self {
            Self::Missing => Ok(()),
            Self::Invalid(problem) => Err(problem.clone()),
            Self::Granted { file, grant, .. } => {
                grant.check_digest(digest).map_err(|refusal| format!("{file}: {refusal}"))
            }
        }
    }

    /// Whether a loaded version may serve.
    pub(super) fn check(&self, component: &Path, digest: &str, schema: &Schema) -> Result<(), String> {
        match self {
            Self::Missing => Err(format!(
                "there is no grant file; if you trust the collector with this, write {}:\n{}",
                file_name(component),
                Grant::write(schema, digest)
            )),
            Self::Invalid(problem) => Err(problem.clone()),
            Self::Granted { file, grant, .. } => {
                grant.check(digest, schema).map_err(|refusal| format!("{file}: {refusal}"))
            }
        }
    }

    /// The version that serves, as it may keep serving: under the limits and settings of the grant as it is now; `None` if the
    /// grant does not cover it any more.
    pub(super) fn keep(&self, serving: &Arc<Collector>) -> Option<Arc<Collector>> {
        match self {
            Self::Missing => None,
            Self::Invalid(_) => Some(Arc::clone(serving)),
            Self::Granted { grant, limits, .. } => {
                let facts = serving.component().facts();
                grant.check(&facts.digest, &serving.schema).ok()?;
                if facts.size > limits.component_bytes {
                    None
                } else if serving.limits == **limits && serving.settings == grant.settings {
                    Some(Arc::clone(serving))
                } else {
                    Some(Arc::new(serving.under(Limits::clone(limits), grant.settings.clone())))
                }
            }
        }
    }
}

/// The name of a component's grant file.
fn file_name(component: &Path) -> Foreign {
    Foreign::new(&component.with_extension("yml").file_name().unwrap_or_default().to_string_lossy())
}
