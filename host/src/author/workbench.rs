//! A component on the bench: read, loaded as the host would load it, with the grant it has or lacks.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::arguments::Subject;
use super::cost::bytes as in_units;
use super::error::AuthorError;
use crate::catalog::Grant;
use crate::collector::{Collector, CollectorError, Origin};
use crate::limits::Limits;
use crate::patience::patiently;
use crate::sandbox::{Capacity, CollectorLog, Compiler, LogBuffer, Sandbox};
use crate::startup::cache_directory;

/// Calls at once: an author's runs follow one another.
const SLOTS: usize = 1;

/// A component that loads.
pub(super) struct Workbench {
    /// The file.
    pub(super) file: PathBuf,
    /// Where its grant is, or would be.
    pub(super) grant_file: PathBuf,
    /// The grant, where there is one.
    pub(super) grant: Option<Grant>,
    /// The component, under the limits of its grant.
    pub(super) collector: Collector,
    bytes: Vec<u8>,
    cache: Option<PathBuf>,
}

/// A component that does not: what is known all the same.
pub(super) struct Broken {
    /// SHA-256 and size of the file.
    pub(super) digest: String,
    pub(super) size: usize,
    pub(super) error: CollectorError,
    /// What it wrote to the log before and the error does not repeat: the reason, where `describe` broke down.
    pub(super) log: Vec<String>,
}

impl Workbench {
    /// Loads a component. What stops it from being loaded at all is an error; that its grant is missing is not.
    pub(super) fn load(subject: &Subject) -> Result<Self, AuthorError> {
        let path = &subject.file;
        Self::try_load(subject)?.map_err(|Broken { error, log, .. }| AuthorError::Collector {
            path: path.clone(),
            source: error,
            log,
        })
    }

    /// The same for those who go on with a component that does not load.
    pub(super) fn try_load(subject: &Subject) -> Result<Result<Self, Broken>, AuthorError> {
        let file = subject.file.clone();
        let bytes = read_component(&file)?;
        let grant_file = subject.grant.clone().unwrap_or_else(|| file.with_extension("yml"));
        let grant = read_grant(&grant_file, subject.grant.is_some())?;
        let limits = grant.as_ref().map_or_else(Limits::default, |grant| grant.limits(&Limits::default()));
        let capacity = Capacity { slots: SLOTS, max_memory: limits.memory };
        let cache = cache_directory(subject.cache_directory.as_deref());
        let sandbox = Sandbox::new(capacity, cache.as_deref())?;
        let what = format!("compiling {}, {}: it takes a while, once a build", file.display(), in_units(bytes.len()));
        // As an exporter does with a file of its folder, so that `compile-time` and memory are bounded; without a cache loading
        // compiles, and they are not.
        let compiler = Compiler::of_this_program(cache.clone(), capacity);
        let logged = LogBuffer::default();
        let load = || {
            if let Some(compiler) = &compiler {
                compiler.compile(&bytes, &limits)?;
            }
            let log = CollectorLog::buffered(&logged);
            Collector::load_logging_to(&log, &sandbox, &bytes, Origin::File(file.clone()), limits.clone())
        };
        let mut collector = match patiently(|| eprintln!("{what}"), load) {
            Ok(collector) => collector,
            Err(error) => {
                let digest = hex::encode(Sha256::digest(&bytes));
                let (log, words) = (logged.take().into_iter().map(|(_, line)| line), error.to_string());
                let log = log.filter(|line| !words.contains(line.as_str())).collect();
                return Ok(Err(Broken { digest, size: bytes.len(), error, log }));
            }
        };
        if let Some(grant) = &grant {
            collector.settings.clone_from(&grant.settings);
        }
        Ok(Ok(Self { file, grant_file, grant, collector, bytes, cache }))
    }

    /// The same component in an engine that counts instructions. Compiled a second time: only those who want the count pay.
    /// In this process, without bounds: it is what has been compiled within them already.
    pub(super) fn metered(&self) -> Result<Collector, AuthorError> {
        let sandbox = Sandbox::metered(self.cache.as_deref())?;
        let origin = Origin::File(self.file.clone());
        let what = format!("compiling {} once more, to count its instructions", self.file.display());
        let load = || Collector::load(&sandbox, &self.bytes, origin, self.collector.limits.clone());
        patiently(|| eprintln!("{what}"), load).map_err(|source| AuthorError::Collector {
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

/// A grant that was asked for must be there; the one beside the component may be missing.
fn read_grant(path: &Path, demanded: bool) -> Result<Option<Grant>, AuthorError> {
    match std::fs::read_to_string(path) {
        Ok(text) => {
            Grant::parse(&text).map(Some).map_err(|source| AuthorError::Grant { path: path.to_owned(), source })
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !demanded => Ok(None),
        Err(source) => Err(AuthorError::File { path: path.to_owned(), source }),
    }
}
