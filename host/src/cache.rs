//! A place for compiled code. What is in it is executed, so nobody else may be able to change it.
//!
//! If the lasting directory is not private or can't be written, a temporary one takes its place: third-party components are compiled
//! by a bounded process of its own in any case, which hands the code over through it.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::{text, trust};

/// A private directory, removed when dropped if it is a temporary one.
#[derive(Debug)]
pub struct CacheDirectory {
    path: PathBuf,
    temporary: bool,
}

/// The directory, if there is one, and what there is to say about it.
#[derive(Debug)]
pub struct Cache {
    pub directory: Option<CacheDirectory>,
    /// Why compiled code does not outlive the process.
    pub notice: Option<String>,
}

impl Cache {
    /// Opens the directory that a flag names, or the one of the environment: `$CACHE_DIRECTORY`, or `pve-exporter` in
    /// `$XDG_CACHE_HOME` or `~/.cache`.
    #[must_use]
    pub fn open(wanted: Option<&Path>) -> Self {
        let lasting = match lasting(wanted) {
            Ok(directory) => return Self { directory: Some(directory), notice: None },
            Err(problem) => problem,
        };
        match temporary() {
            Ok(directory) => {
                let notice = format!("compiled code is not kept, so each start compiles all collectors: {lasting}");
                Self { directory: Some(directory), notice: Some(notice) }
            }
            Err(problem) => {
                let notice =
                    format!("no directory for compiled code: {lasting}; in the temporary directory: {problem}");
                Self { directory: None, notice: Some(notice) }
            }
        }
    }

    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.directory.as_ref().map(CacheDirectory::path)
    }
}

impl CacheDirectory {
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for CacheDirectory {
    fn drop(&mut self) {
        if self.temporary {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// The directory that outlives the process, or why there is none.
fn lasting(wanted: Option<&Path>) -> Result<CacheDirectory, String> {
    let from = |variable: &str| std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    let of_environment = || {
        let base = from("CACHE_DIRECTORY")
            .or_else(|| from("XDG_CACHE_HOME").map(|base| base.join("pve-exporter")))
            .or_else(|| from("HOME").map(|home| home.join(".cache/pve-exporter")));
        base.filter(|base| base.is_absolute())
    };
    let Some(directory) = wanted.map(Path::to_owned).or_else(of_environment) else {
        return Err("name a directory with --sandbox.cache-directory".to_owned());
    };
    let shown = text::path(&directory);
    let path = make(&directory, true).map_err(|error| format!("{shown} can't be used: {error}"))?;
    trust::check_private(&path).map_err(|problem| {
        format!("{shown} is not private: {problem}; only the exporter's user may be able to change it (chmod 0700)")
    })?;
    writable(&path).map_err(|error| format!("{shown} can't be written: {error}"))?;
    Ok(CacheDirectory { path, temporary: false })
}

/// A directory of this process alone. Not recursive: one that somebody else has made there is not ours to trust.
fn temporary() -> Result<CacheDirectory, String> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let name = format!("pve-exporter-{}-{}", std::process::id(), since.as_nanos());
    let path = make(&std::env::temp_dir().join(name), false).map_err(|error| error.to_string())?;
    let directory = CacheDirectory { path, temporary: true };
    trust::check_private(&directory.path).map_err(|problem| problem.to_string())?;
    writable(&directory.path).map_err(|error| error.to_string())?;
    Ok(directory)
}

fn make(directory: &Path, recursive: bool) -> std::io::Result<PathBuf> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(recursive).mode(0o700).create(directory).and_then(|()| directory.canonicalize())
}

/// Tries to write: the file system may be read-only or full, whatever the mode says.
fn writable(directory: &Path) -> std::io::Result<()> {
    let file = directory.join(format!(".pve-exporter-{}", std::process::id()));
    std::fs::write(&file, b"pve-exporter")?;
    std::fs::remove_file(&file)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_directory_that_others_can_change_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let wanted = folder.path().join("cache");
        let cache = Cache::open(Some(&wanted));
        assert_eq!((cache.path(), cache.notice.as_deref()), (Some(wanted.canonicalize().unwrap().as_path()), None));
        assert_eq!(std::fs::metadata(&wanted).unwrap().permissions().mode() & 0o7777, 0o700);

        std::fs::set_permissions(&wanted, std::fs::Permissions::from_mode(0o777)).unwrap();
        let cache = Cache::open(Some(&wanted));
        let temporary = cache.path().unwrap().to_owned();
        assert_ne!(temporary, wanted.canonicalize().unwrap());
        assert!(
            cache.notice.as_ref().unwrap().contains("is not private: it can be changed by other users (mode 0777)")
        );
        drop(cache);
        assert!(!temporary.exists());
        assert!(wanted.exists());
    }

    #[test]
    fn a_directory_that_can_not_be_written_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let cache = Cache::open(Some(&file));
        assert!(cache.path().is_some_and(Path::is_dir));
        assert!(cache.notice.as_ref().unwrap().contains("can't be used: "), "{cache:?}");
    }
}
