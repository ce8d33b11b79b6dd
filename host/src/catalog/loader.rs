//! Loads a component of a folder: digest, compile, describe, grant, trial.

use std::path::Path;

use super::folder::Candidate;
use super::grant::Grant;
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
        answers: &dyn LastAnswers,
    ) -> Result<Collector, String> {
        let grant_name = path.with_extension("yml").file_name().unwrap_or_default().to_string_lossy().into_owned();
        let grant = match &candidate.stamp.grant {
            Some(Ok(text)) => Grant::parse(text).map_err(|error| format!("{grant_name}: {error}"))?,
            Some(Err(error)) => return Err(format!("{grant_name}: can't be read: {error}")),
            None => Grant::default(),
        };
        grant.check_digest(&candidate.stamp.digest).map_err(|refusal| format!("{grant_name}: {refusal}"))?;
        let limits = grant.limits(&self.limits);
        if limits.memory > self.max_memory {
            return Err(format!(
                "{grant_name}: limits: memory is {} bytes, but at most {} are allowed (--sandbox.max-memory)",
                limits.memory, self.max_memory
            ));
        }
        if let Some(compiler) = &self.compiler {
            compiler.compile(&candidate.bytes, &limits).map_err(|error| error.to_string())?;
        }
        let origin = Origin::File(path.to_owned());
        let mut collector =
            Collector::load(&self.sandbox, &candidate.bytes, origin, limits).map_err(|error| error.to_string())?;
        collector.settings.clone_from(&grant.settings);

        let stem = path.file_stem().unwrap_or_default();
        if stem != collector.name() {
            return Err(format!("the collector is named {0}; name the file {0}.wasm", collector.name()));
        }
        if candidate.stamp.grant.is_none() {
            let lines = Grant::write(&collector.schema, &candidate.stamp.digest);
            return Err(format!(
                "there is no grant file; if you trust the collector with this, write {grant_name}:\n{lines}"
            ));
        }
        grant.check_requests(&collector.schema).map_err(|refusal| format!("{grant_name}: {refusal}"))?;
        try_out(&collector, answers)?;
        Ok(collector)
    }

    /// Whether a version that serves may keep serving under the current grant file. An invalid file changes nothing; a missing
    /// one, or one that no longer allows its requests, revokes the grant.
    pub(super) fn still_granted(collector: &Collector, grant: Option<&Result<String, String>>) -> bool {
        match grant {
            None => false,
            Some(Err(_)) => true,
            Some(Ok(text)) => Grant::parse(text).map_or(true, |grant| grant.check_requests(&collector.schema).is_ok()),
        }
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
