//! The small files of a case directory, and what belongs to a case at all.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    FixtureError,
    expected::{EXPOSITION, LOG},
};
use crate::FetchError;

/// The entries of a directory with their names, in order. Hidden ones are left out.
pub(super) fn list(directory: &Path) -> Result<Vec<(PathBuf, String)>, FixtureError> {
    let entries = fs::read_dir(directory).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut list = Vec::new();
    for entry in entries.map_err(FixtureError::io(directory))? {
        let path = entry.path();
        match entry.file_name().into_string() {
            Ok(name) if name.starts_with('.') => {}
            Ok(name) => list.push((path, name)),
            Err(_) => return Err(FixtureError::new(&path, "the name is not UTF-8")),
        }
    }
    list.sort();
    Ok(list)
}

/// Whether an entry belongs to a case itself rather than to a directory of cases: an expected file, or the API's
/// `/nodes`. A case may be named `nodes`, too.
pub(super) fn belongs_to_a_case(path: &Path, name: &str) -> bool {
    match name {
        EXPOSITION | LOG => true,
        "nodes" => path.is_dir() && !["nodes", "cluster", EXPOSITION].iter().any(|name| path.join(name).exists()),
        _ => false,
    }
}

/// `settings`: a line `name: value` each.
pub(super) fn settings(file: &Path) -> Result<Vec<(String, String)>, FixtureError> {
    let text = fs::read_to_string(file).map_err(FixtureError::io(file))?;
    let setting = |line: &str| {
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| FixtureError::new(file, format!("the line {line:?} is not `name: value`")))?;
        Ok((name.trim().to_owned(), value.trim().to_owned()))
    };
    text.lines().filter(|line| !line.trim().is_empty()).map(setting).collect()
}

/// `now`: Unix seconds.
pub(super) fn now(file: &Path) -> Result<u64, FixtureError> {
    let text = fs::read_to_string(file).map_err(FixtureError::io(file))?;
    let text = text.trim();
    text.parse()
        .map_err(|_| FixtureError::new(file, format!("{text:?} is not a time in Unix seconds, such as 1774016355")))
}

/// `path.error`: why a request failed.
pub(super) fn fetch_error(file: &Path) -> Result<FetchError, FixtureError> {
    let content = fs::read(file).map_err(FixtureError::io(file))?;
    let content = String::from_utf8_lossy(&content);
    let word = content.trim();
    FetchError::ALL.into_iter().find(|error| error.as_str() == word).ok_or_else(|| {
        let names = FetchError::ALL.map(FetchError::as_str).join(", ");
        FixtureError::new(file, format!("{word:?} is not a fetch-error; the fetch-errors are {names}"))
    })
}
