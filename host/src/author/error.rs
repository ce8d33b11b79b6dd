//! Why a subcommand fails: the file or value, what is wrong with it, and what to do.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pve_collector::testing::FixtureError;

use crate::api::{ClientError, FetchError};
use crate::catalog::{GrantError, Refusal};
use crate::collector::CollectorError;
use crate::config::ConfigError;
use crate::sandbox::EngineError;
use crate::scrape::ScrapeError;

#[derive(Debug, thiserror::Error)]
pub enum AuthorError {
    /// A file or directory can't be read or written.
    #[error("{}: {source}", .path.display())]
    File { path: PathBuf, source: std::io::Error },
    /// A component does not load.
    #[error("{}: {source}{}", .path.display(), after(.log))]
    Collector {
        path: PathBuf,
        source: CollectorError,
        /// What it logged before.
        log: Vec<String>,
    },
    #[error("{}: no such file; build the component first, as its README.md describes", .0.display())]
    NoComponent(PathBuf),
    #[error("{}: {source}", .path.display())]
    Grant { path: PathBuf, source: GrantError },
    #[error("{}: {refusal}", .path.display())]
    NotGranted { path: PathBuf, refusal: Refusal },
    /// The component has no grant, and the user did not agree.
    #[error(
        "{} has no grant and requests\n{}to send these requests, repeat the command with --yes, or write the grant {} (pve-exporter collector inspect {} --write-grant)",
        .file.display(), get_lines(.paths), .grant.display(), .file.display()
    )]
    NoConsent { file: PathBuf, grant: PathBuf, paths: BTreeSet<String> },
    #[error("{path}: {reason}; to send this request, name the path in the grant {}", .grant.display())]
    Denied { grant: PathBuf, path: String, reason: &'static str },
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("{} exists; --force overwrites it", .0.display())]
    GrantExists(PathBuf),
    #[error(
        "{0:?} can't be the name of a collector: use at most 63 lower-case letters, digits and single hyphens, begin with a letter, and avoid Rust's keywords"
    )]
    Name(String),
    /// A project or a case would be overwritten.
    #[error("{} is not empty; remove it or name another directory with {flag}", .directory.display())]
    NotEmpty {
        directory: PathBuf,
        /// The flag that names another one.
        flag: &'static str,
    },
    #[error(transparent)]
    Fixture(#[from] FixtureError),
    /// A case tests nothing.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Case(Vec<FixtureError>),
    #[error("{}: there is no case {name}; the cases are {}", .directory.display(), .cases.join(", "))]
    NoSuchCase { directory: PathBuf, name: String, cases: Vec<String> },
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The configuration is missing, most likely since no cluster was meant.
    #[error("{0}; to serve cases instead of a cluster, name their directory with --fixtures")]
    NoCluster(ConfigError),
    /// No module of the configuration fits.
    #[error("{0}")]
    Module(String),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("{path}: {source}")]
    Api { path: &'static str, source: FetchError },
    #[error(transparent)]
    Scrape(#[from] ScrapeError),
    #[error("can't listen on {address}: {source}; --listen names another address")]
    Listen { address: String, source: std::io::Error },
    #[error("can't start threads: {0}")]
    Runtime(std::io::Error),
    /// A defect of ours.
    #[error("the report can't be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl AuthorError {
    /// For `map_err` on file operations.
    pub(super) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }
}

fn get_lines(paths: &BTreeSet<String>) -> String {
    paths.iter().map(|path| format!("  GET {path}\n")).collect()
}

/// What a component logged, appended to the error it ended with. One line, as every error is.
pub(super) fn after(log: &[String]) -> String {
    if log.is_empty() { String::new() } else { format!("; it logged: {}", log.join(" | ")) }
}
