//! What goes wrong with an author's files, each with what it is about and what helps.

use std::path::{Path, PathBuf};

use crate::api::{ClientError, FetchError};
use crate::catalog::GrantError;
use crate::collector::CollectorError;
use crate::config::ConfigError;
use crate::sandbox::EngineError;
use crate::scrape::ScrapeError;

/// Why a subcommand could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum AuthorError {
    /// A file or folder can't be read or written.
    #[error("{}: {source}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A component does not become a collector.
    #[error("{}: {source}{}", .path.display(), after(.log))]
    Collector {
        /// The component.
        path: PathBuf,
        /// Why.
        source: CollectorError,
        /// What it wrote to the log before.
        log: Vec<String>,
    },
    /// There is no component.
    #[error("{}: no such file; build the component first, its project's README.md says how", .0.display())]
    NoComponent(PathBuf),
    /// A grant file is none.
    #[error("{}: {source}", .path.display())]
    Grant {
        /// The grant file.
        path: PathBuf,
        /// Why.
        source: GrantError,
    },
    /// There is no sandbox.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A grant file would be written over.
    #[error("{} is there already; --force replaces it", .0.display())]
    GrantExists(PathBuf),
    /// A collector can't be named so.
    #[error(
        "the name {0:?} is not lower-case letters, digits and single hyphens, beginning with a letter, 63 at most, or is a word of Rust"
    )]
    Name(String),
    /// A project or a case would be written over.
    #[error("{} is not empty; remove it, or name another folder{}", .folder.display(), .flag)]
    NotEmpty {
        /// The folder.
        folder: PathBuf,
        /// How another one is named.
        flag: &'static str,
    },
    /// A folder of fixtures has no case in it.
    #[error("{}: no case in it; make a folder for each case, such as {}/one-node/nodes/node01/status.json", .0.display(), .0.display())]
    NoCases(PathBuf),
    /// There is no folder of fixtures.
    #[error("{}: {problem}; it is a folder with a folder for each case, such as {}/one-node/nodes/node01/status.json", .folder.display(), .folder.display())]
    NoFixtures {
        /// What was named.
        folder: PathBuf,
        /// Why it can't be read.
        problem: std::io::Error,
    },
    /// A case was named in place of the folder it is in.
    #[error("{} is a case itself; name the folder it is in{}", .0.display(), parent(.0))]
    IsCase(PathBuf),
    /// A file of a case is not what it should be.
    #[error("{}: {problem}", .path.display())]
    Fixture {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what helps.
        problem: String,
    },
    /// An answer that no request asks for.
    #[error(
        "{}: the collector {collector} does not ask for {asked}; it asks for {}",
        .path.display(),
        listed(.requests)
    )]
    Undeclared {
        /// The file.
        path: PathBuf,
        /// The collector.
        collector: String,
        /// The API path the file stands for.
        asked: String,
        /// What the manifest asks for.
        requests: Vec<String>,
    },
    /// A case that is not there.
    #[error("{}: no case {name}; there are {}", .folder.display(), .there.join(", "))]
    NoSuchCase {
        /// The folder.
        folder: PathBuf,
        /// The case.
        name: String,
        /// The cases of the folder.
        there: Vec<String>,
    },
    /// The configuration can't be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The same where a cluster is not what was meant, most likely.
    #[error("{0}; to serve cases in place of a cluster, name their folder with --fixtures")]
    NoCluster(ConfigError),
    /// No module of the configuration fits.
    #[error("{0}")]
    Module(String),
    /// A file that a module names can't be used.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The cluster does not answer.
    #[error("{path}: {source}")]
    Api {
        /// What was asked.
        path: String,
        /// Why there is no answer.
        source: FetchError,
    },
    /// A scrape failed as a whole.
    #[error(transparent)]
    Scrape(#[from] ScrapeError),
    /// The server does not run.
    #[error("can't listen on {address}: {source}; --listen names another address")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        source: std::io::Error,
    },
    /// No threads.
    #[error("no threads to run on: {0}")]
    Runtime(std::io::Error),
    /// JSON of ours that can't be written: a defect.
    #[error("the report can't be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl AuthorError {
    /// For `map_err` on what is done with a file.
    pub(super) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }
}

/// What a component wrote to the log, behind the error it ended with. One line, as every error is.
pub(super) fn after(log: &[String]) -> String {
    if log.is_empty() { String::new() } else { format!("; it wrote: {}", log.join(" | ")) }
}

fn parent(case: &Path) -> String {
    case.parent().map_or_else(String::new, |parent| format!(", {}", parent.display()))
}

fn listed(requests: &[String]) -> String {
    if requests.is_empty() { "nothing".to_owned() } else { requests.join(", ") }
}
