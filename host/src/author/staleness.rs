//! Whether a component is older than what it is made of: a build was forgotten, or failed.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A source of the project that the fixtures belong to which is newer than the component. What else a build reads is left
/// out: not every change of it makes a new component.
pub(super) fn newer_source(component: &Path, fixtures: &Path) -> Option<PathBuf> {
    let built = modified(component)?;
    // `fixtures` alone has an empty parent, which is the working directory.
    let project = fixtures.parent()?;
    let here = if project.as_os_str().is_empty() { Path::new(".") } else { project };
    let beside =
        entries(here).into_iter().filter(|path| path.extension().is_some_and(|end| end == "js" || end == "py"));
    let below = below(&here.join("src"));
    let newer = beside.chain(below).find(|path| modified(path).is_some_and(|changed| changed > built))?;
    Some(newer.strip_prefix(".").map(Path::to_owned).unwrap_or(newer))
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    entries
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let inside = |path: PathBuf| if path.is_dir() { below(&path) } else { vec![path] };
    entries(folder).into_iter().flat_map(inside).collect()
}
