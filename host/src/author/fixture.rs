//! A case: answers of the API out of a folder, as the SDK's tests read them.
//!
//! `nodes/node01/status.json` is the body of `GET /api2/json/nodes/node01/status`, envelope included; a query string is part
//! of the name. `nodes/node01/status.error` holds the name of a fetch-error. `settings` has a line `name: value` each, `now` the
//! scrape's time in Unix seconds; `expected.prom` and `expected.log` are what must come out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::AuthorError;
use crate::api::Answer;
use crate::contract::FetchErrorKind;

/// The scrape's time where a case does not say: the SDK's, 2026-03-20 14:19:15 UTC.
const NOW: u64 = 1_774_016_355;

/// What the collector is expected to give.
pub(super) const EXPECTED_PROM: &str = "expected.prom";
/// What it is expected to say.
pub(super) const EXPECTED_LOG: &str = "expected.log";

/// An answer, or why there is none.
pub(super) type Fetched = Result<Answer, FetchErrorKind>;

/// One case.
#[derive(Debug)]
pub(super) struct Case {
    /// The folder's name.
    pub(super) name: String,
    pub(super) directory: PathBuf,
    /// By API path, with the file each comes from.
    pub(super) answers: BTreeMap<String, (PathBuf, Fetched)>,
    /// Bodies that the exporter would not take from the API either, and why: meant, or a slip of the pen.
    pub(super) malformed: Vec<(PathBuf, String)>,
    /// Over those of the grant.
    pub(super) settings: Vec<(String, String)>,
    pub(super) now: u64,
}

/// All cases of a folder, by name.
pub(super) fn read_cases(directory: &Path) -> Result<Vec<Case>, AuthorError> {
    let mut cases = Vec::new();
    let entries = list(directory).map_err(|error| match error {
        AuthorError::File { path, source } => AuthorError::NoFixtures { folder: path, problem: source },
        error => error,
    })?;
    if entries.iter().any(|path| is_of_a_case(path)) {
        return Err(AuthorError::IsCase(directory.to_owned()));
    }
    for path in entries {
        if path.is_dir() {
            cases.push(Case::read(&path)?);
        }
    }
    if cases.is_empty() { Err(AuthorError::NoCases(directory.to_owned())) } else { Ok(cases) }
}

/// Whether this stands in the folder of a case, not in the one above: what is expected, or the API's own `/nodes`.
fn is_of_a_case(path: &Path) -> bool {
    match path.file_name().and_then(std::ffi::OsStr::to_str) {
        Some(EXPECTED_PROM | EXPECTED_LOG) => true,
        Some("nodes") => {
            path.is_dir() && !["nodes", "cluster", EXPECTED_PROM].iter().any(|name| path.join(name).exists())
        }
        _ => false,
    }
}

/// What is in a folder, in order; what is hidden is not ours.
fn list(directory: &Path) -> Result<Vec<PathBuf>, AuthorError> {
    let entries = std::fs::read_dir(directory).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
    let entries = entries.map_err(AuthorError::file(directory))?;
    let hidden = |entry: &std::fs::DirEntry| entry.file_name().to_string_lossy().starts_with('.');
    let mut paths: Vec<PathBuf> = entries.iter().filter(|entry| !hidden(entry)).map(std::fs::DirEntry::path).collect();
    paths.sort();
    Ok(paths)
}

impl Case {
    fn read(directory: &Path) -> Result<Self, AuthorError> {
        let name = directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut case = Self {
            name,
            directory: directory.to_owned(),
            answers: BTreeMap::new(),
            malformed: Vec::new(),
            settings: Vec::new(),
            now: NOW,
        };
        for path in list(directory)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            match name.as_str() {
                _ if path.is_dir() => case.read_answers(&path, &format!("/{name}"))?,
                "settings" => case.settings = settings(&path)?,
                "now" => case.now = now(&path)?,
                EXPECTED_PROM | EXPECTED_LOG => {}
                _ if name.starts_with("README") => {}
                _ => case.read_answer(&path, "", &name)?,
            }
        }
        Ok(case)
    }

    fn read_answers(&mut self, directory: &Path, below: &str) -> Result<(), AuthorError> {
        for path in list(directory)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                self.read_answers(&path, &format!("{below}/{name}"))?;
            } else {
                self.read_answer(&path, below, &name)?;
            }
        }
        Ok(())
    }

    fn read_answer(&mut self, path: &Path, below: &str, name: &str) -> Result<(), AuthorError> {
        let read = || std::fs::read(path).map_err(AuthorError::file(path));
        let (name, fetched) = if let Some(name) = name.strip_suffix(".json") {
            let answer = Answer::parse(read()?, "application/json").map_err(|error| {
                self.malformed.push((path.to_owned(), error.detail));
                error.kind
            });
            (name, answer)
        } else if let Some(name) = name.strip_suffix(".error") {
            (name, Err(fetch_error(path, &String::from_utf8_lossy(&read()?))?))
        } else {
            let problem = "is no fixture: the body of an answer is path.json, the reason of a failure path.error; \
                           settings, now, expected.prom, expected.log and README stand in the case's own folder";
            return Err(AuthorError::Fixture { path: path.to_owned(), problem: problem.to_owned() });
        };
        self.answers.insert(format!("{below}/{name}"), (path.to_owned(), fetched));
        Ok(())
    }

    /// The answer of a path; one that nobody wrote down is not found.
    pub(super) fn answer(&self, path: &str) -> Result<&Answer, FetchErrorKind> {
        match self.answers.get(path) {
            Some((_, fetched)) => fetched.as_ref().map_err(|kind| *kind),
            None => Err(FetchErrorKind::NotFound),
        }
    }
}

/// A reason as the contract spells it: `timed-out`.
fn fetch_error(path: &Path, word: &str) -> Result<FetchErrorKind, AuthorError> {
    let named = |kind: &FetchErrorKind| contract_name(*kind) == word.trim();
    FetchErrorKind::ALL.into_iter().find(named).ok_or_else(|| {
        let names: Vec<String> = FetchErrorKind::ALL.into_iter().map(contract_name).collect();
        let problem = format!("{:?} is no fetch-error; there are {}", word.trim(), names.join(", "));
        AuthorError::Fixture { path: path.to_owned(), problem }
    })
}

/// As in the WIT file.
pub(super) fn contract_name(kind: FetchErrorKind) -> String {
    kind.as_str().replace('_', "-")
}

fn settings(path: &Path) -> Result<Vec<(String, String)>, AuthorError> {
    let text = std::fs::read_to_string(path).map_err(AuthorError::file(path))?;
    let setting = |line: &str| {
        let (name, value) = line.split_once(':').ok_or_else(|| AuthorError::Fixture {
            path: path.to_owned(),
            problem: format!("the line {line:?} is not `name: value`"),
        })?;
        Ok((name.trim().to_owned(), value.trim().to_owned()))
    };
    text.lines().filter(|line| !line.trim().is_empty()).map(setting).collect()
}

fn now(path: &Path) -> Result<u64, AuthorError> {
    let text = std::fs::read_to_string(path).map_err(AuthorError::file(path))?;
    let problem = |_| AuthorError::Fixture {
        path: path.to_owned(),
        problem: format!("{:?} are no Unix seconds, such as {NOW}", text.trim()),
    };
    text.trim().parse().map_err(problem)
}
