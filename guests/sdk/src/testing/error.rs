//! Why fixtures can't be used.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// A file or directory of fixtures that can't be used, why, and what to do about it.
///
/// ```
/// use pve_collector::testing::CaseDirectory;
///
/// let error = CaseDirectory::read("nowhere").unwrap_err();
/// assert_eq!(error.path().to_str(), Some("nowhere"));
/// assert!(error.to_string().starts_with("nowhere: "));
/// ```
#[derive(Debug)]
pub struct FixtureError {
    path: PathBuf,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    Io(io::Error),
    /// The directory of all cases, which needs an explanation if it can't be listed.
    Cases(io::Error),
    Text(String),
}

impl FixtureError {
    pub(super) fn new(path: &Path, problem: impl Into<String>) -> Self {
        Self { path: path.to_owned(), problem: Problem::Text(problem.into()) }
    }

    /// For `map_err`.
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self { path, problem: Problem::Io(error) }
    }

    /// This error for the directory that holds the cases.
    pub(super) fn of_cases(self) -> Self {
        let problem = match self.problem {
            Problem::Io(error) => Problem::Cases(error),
            problem => problem,
        };
        Self { problem, ..self }
    }

    /// The file or directory.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Display for FixtureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.problem {
            Problem::Io(error) => write!(f, "{path}: {error}"),
            Problem::Cases(error) => write!(
                f,
                "{path}: {error}; it must contain a directory for each case, such as \
                 {path}/one-node/nodes/node01/status.json"
            ),
            Problem::Text(problem) => write!(f, "{path}: {problem}"),
        }
    }
}

impl std::error::Error for FixtureError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.problem {
            Problem::Io(error) | Problem::Cases(error) => Some(error),
            Problem::Text(_) => None,
        }
    }
}
