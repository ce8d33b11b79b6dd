//! Loads a component of a folder: digest, compile, describe, permit, trial.

use std::path::Path;

use super::folder::Candidate;
use super::permit::Permit;
use crate::collector::{Collector, CollectorError, Origin};
use crate::contract::{FetchErrorKind, PlaceAnswers};
use crate::limits::Limits;
use crate::sandbox::{Compiler, Sandbox};
use crate::schema::Schema;

/// The last answers of a cluster, for the trial of a new version before it serves.
pub trait LastAnswers: Send + Sync {
    /// A place and the last scrape's answers to the manifest's requests there; `None` if there are none.
    fn last_answers(&self, schema: &Schema) -> Option<PlaceAnswers>;
}

/// No answers: before the first scrape, and in tests.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoAnswers;

impl LastAnswers for NoAnswers {
    fn last_answers(&self, _schema: &Schema) -> Option<PlaceAnswers> {
        None
    }
}

/// Loads components under their grants.
#[derive(Debug)]
pub struct Loader {
    pub sandbox: Sandbox,
    /// Compiles in a bounded child process; without it, only the component's size bounds compiling.
    pub compiler: Option<Compiler>,
    /// The limits of all collectors.
    pub limits: Limits,
    /// The maximum memory that a grant can allow: the size of the sandbox's slots.
    pub max_memory: usize,
}

impl Loader {
    /// Loads a component of the binary, without grant and trial.
    pub fn load_builtin(&self, bytes: &[u8], settings: Vec<(String, String)>) -> Result<Collector, CollectorError> {
        let mut collector = Collector::load(&self.sandbox, bytes, Origin::Builtin, self.limits.clone())?;
        collector.settings = settings;
        Ok(collector)
    }

    /// Loads a component of a folder; the error is a sentence for the operator.
    pub(super) fn load(
        &self,
        path: &Path,
        candidate: &Candidate,
        permit: &Permit,
        answers: &dyn LastAnswers,
    ) -> Result<Collector, String> {
        let digest = &candidate.stamp.digest;
        permit.check_digest(digest)?;
        let (limits, settings) = match permit {
            Permit::Granted { grant, limits, .. } => (&**limits, grant.settings.clone()),
            Permit::Missing | Permit::Invalid(_) => (&self.limits, Vec::new()),
        };
        if let Some(compiler) = &self.compiler {
            compiler.compile(&candidate.bytes, limits).map_err(|error| error.to_string())?;
        }
        let origin = Origin::File(path.to_owned());
        let mut collector = Collector::load(&self.sandbox, &candidate.bytes, origin, limits.clone())
            .map_err(|error| error.to_string())?;
        collector.settings = settings;

        let stem = path.file_stem().unwrap_or_default();
        if stem != collector.name() {
            return Err(format!("the collector is named {0}; name the file {0}.wasm", collector.name()));
        }
        permit.check(path, digest, &collector.schema)?;
        try_out(&collector, answers)?;
        Ok(collector)
    }
}

/// Runs a new version on the last answers. A failure here would have been one in the next scrape.
fn try_out(collector: &Collector, answers: &dyn LastAnswers) -> Result<(), String> {
    let Some(PlaceAnswers { place, answers }) = answers.last_answers(&collector.schema) else { return Ok(()) };
    let answers: Vec<Result<&str, FetchErrorKind>> =
        answers.iter().map(|answer| answer.as_deref().map_err(|kind| *kind)).collect();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let collection = collector.collect(now, &place, &answers);
    if let Err(error) = collection.outcome {
        return Err(format!("the trial on the last answers of {place} failed: {error}"));
    }
    match collection.rejections.iter().next() {
        Some((_, _, first)) => Err(format!("the trial on the last answers of {place} broke the contract: {first}")),
        None => Ok(()),
    }
}
