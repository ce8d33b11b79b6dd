//! A component loaded as the exporter would load it, with or without a grant.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::arguments::ComponentArguments;
use super::cost::bytes as in_units;
use super::error::AuthorError;
use crate::cache::Cache;
use crate::catalog::Grant;
use crate::collector::{Collector, CollectorError, Origin};
use crate::limits::Limits;
use crate::patience::patiently;
use crate::sandbox::{Capacity, CollectorLog, Compiler, LogBuffer, Sandbox};
use crate::terminal;

/// Concurrent calls: the subcommands make one at a time.
const SLOTS: usize = 1;

/// A component that loads.
pub(super) struct Workbench {
    pub(super) file: PathBuf,
    /// Where its grant is, or would be.
    pub(super) grant_file: PathBuf,
    pub(super) grant: Option<Grant>,
    /// With the limits and settings of its grant.
    pub(super) collector: Collector,
    bytes: Vec<u8>,
    cache: Cache,
}

/// A component that does not load.
pub(super) struct LoadFailure {
    /// SHA-256 of the file.
    pub(super) digest: String,
    /// Size of the file in bytes.
    pub(super) size: usize,
    pub(super) error: CollectorError,
    /// What it logged before and the error does not repeat: the reason, if `describe` trapped.
    pub(super) log: Vec<String>,
}

impl Workbench {
    /// Loads a component. A missing grant is not an error.
    pub(super) fn load(component: &ComponentArguments) -> Result<Self, AuthorError> {
        let path = &component.file;
        Self::try_load(component)?.map_err(|LoadFailure { error, log, .. }| AuthorError::Collector {
            path: path.clone(),
            source: error,
            log,
        })
    }

    /// Like [`load`](Self::load), for callers that report why a component does not load.
    pub(super) fn try_load(component: &ComponentArguments) -> Result<Result<Self, LoadFailure>, AuthorError> {
        let file = component.file.clone();
        let bytes = read_component(&file)?;
        let grant_file = component.grant_file();
        let grant = read_grant(&grant_file, component.grant.is_some())?;
        let limits = grant.as_ref().map_or_else(Limits::default, |grant| grant.limits(&Limits::default()));
        let capacity = Capacity { slots: SLOTS, max_memory: limits.memory };
        let cache = Cache::open(component.cache_directory.as_deref());
        let sandbox = Sandbox::new(capacity, cache.path())?;
        let message = format!("compiling {} ({}), once per build", file.display(), in_units(bytes.len()));
        // In a process of its own, as the exporter compiles files of its folders, so that time and memory are bounded. Without a
        // cache the component is compiled here when it is loaded, unbounded.
        let compiler = Compiler::of_this_program(cache.path().map(Path::to_owned), capacity);
        let logged = LogBuffer::default();
        let load = || {
            if let Some(compiler) = &compiler {
                compiler.compile(&bytes, &limits)?;
            }
            let log = CollectorLog::buffered(&logged);
            Collector::load_logging_to(&log, &sandbox, &bytes, Origin::File(file.clone()), limits.clone())
        };
        let mut collector = match patiently(|| terminal::report(&message), load) {
            Ok(collector) => collector,
            Err(error) => {
                let digest = hex::encode(Sha256::digest(&bytes));
                let (log, words) = (logged.take().into_iter().map(|(_, line)| line), error.to_string());
                let log = log.filter(|line| !words.contains(line.as_str())).collect();
                return Ok(Err(LoadFailure { digest, size: bytes.len(), error, log }));
            }
        };
        if let Some(grant) = &grant {
            collector.settings.clone_from(&grant.settings);
        }
        Ok(Ok(Self { file, grant_file, grant, collector, bytes, cache }))
    }

    /// The same component in an engine that counts instructions. It is compiled a second time, in this process and
    /// unbounded: the first time was bounded.
    pub(super) fn metered(&self) -> Result<Collector, AuthorError> {
        let sandbox = Sandbox::metered(self.cache.path())?;
        let origin = Origin::File(self.file.clone());
        let message = format!("compiling {} again, to count its instructions", self.file.display());
        let load = || Collector::load(&sandbox, &self.bytes, origin, self.collector.limits.clone());
        patiently(|| terminal::report(&message), load).map_err(|source| AuthorError::Collector {
            path: self.file.clone(),
            source,
            log: Vec::new(),
        })
    }
}

fn read_component(path: &Path) -> Result<Vec<u8>, AuthorError> {
    std::fs::read(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => AuthorError::NoComponent(path.to_owned()),
        _ => AuthorError::File { path: path.to_owned(), source },
    })
}

/// A grant named on the command line must exist; the one next to the component may be missing.
fn read_grant(path: &Path, required: bool) -> Result<Option<Grant>, AuthorError> {
    match std::fs::read_to_string(path) {
        Ok(text) => {
            Grant::parse(&text).map(Some).map_err(|source| AuthorError::Grant { path: path.to_owned(), source })
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !required => Ok(None),
        Err(source) => Err(AuthorError::File { path: path.to_owned(), source }),
    }
}
