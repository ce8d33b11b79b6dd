//! Whether a component is older than its source: the build was forgotten, or failed.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A source file that is newer than the component, in the project that the fixtures belong to. Other inputs of a build are
/// ignored: not every change to them makes a new component.
pub(super) fn newer_source(component: &Path, fixtures: &Path) -> Option<PathBuf> {
    let built = modified(component)?;
    // The parent of `fixtures` is the empty path, which is the working directory.
    let project = fixtures.parent()?;
    let project = if project.as_os_str().is_empty() { Path::new(".") } else { project };
    let scripts =
        entries(project).into_iter().filter(|path| path.extension().is_some_and(|end| end == "js" || end == "py"));
    let sources = scripts.chain(files_below(&project.join("src")));
    let newer = sources.into_iter().find(|path| modified(path).is_some_and(|changed| changed > built))?;
    Some(newer.strip_prefix(".").map(Path::to_owned).unwrap_or(newer))
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    entries
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let files = |path: PathBuf| if path.is_dir() { files_below(&path) } else { vec![path] };
    entries(directory).into_iter().flat_map(files).collect()
}
