//! What a case is expected to produce: the files `expected.prom` and `expected.log`.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use super::{CaseDirectory, FixtureError};

/// The expected exposition. Always there: an empty file expects no series.
pub(super) const EXPOSITION: &str = "expected.prom";

/// The expected log. Only there if a log is expected.
pub(super) const LOG: &str = "expected.log";

/// An expected file that differs from what a collector produced; see [`CaseDirectory::differences`].
///
/// ```
/// use pve_collector::testing::CaseDirectory;
///
/// let case = CaseDirectory::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/degraded"))?;
/// let differences = case.differences("", "node02: warning: no pools\n")?;
/// let [exposition, log] = &differences[..] else { panic!("not two files") };
/// assert!(exposition.file.ends_with("degraded/expected.prom"));
/// assert!(exposition.expected.as_deref().is_some_and(|expected| expected.starts_with("# HELP pve_zfs_pool")));
/// assert_eq!(log.actual, "node02: warning: no pools\n");
/// # Ok::<(), pve_collector::testing::FixtureError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The file that says what is expected.
    pub file: PathBuf,
    /// Its text; `None` if there is no such file.
    pub expected: Option<String>,
    /// What the collector produced instead.
    pub actual: String,
}

impl CaseDirectory {
    /// Compares an exposition and a log with the expected ones. Empty if both are as expected.
    ///
    /// ```
    /// use pve_collector::testing::CaseDirectory;
    /// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
    /// use zfs::Zfs;
    ///
    /// let case = CaseDirectory::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/degraded"))?;
    /// let collected = case.case().collect::<Zfs>();
    /// assert!(case.differences(&collected.exposition(), &collected.log())?.is_empty());
    /// # Ok::<(), pve_collector::testing::FixtureError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If an expected file can't be read.
    pub fn differences(&self, exposition: &str, log: &str) -> Result<Vec<Difference>, FixtureError> {
        let mut differences = Vec::new();
        for (name, actual) in [(EXPOSITION, exposition), (LOG, log)] {
            let file = self.path().join(name);
            let expected = match fs::read_to_string(&file) {
                Ok(text) => Some(text),
                Err(error) if error.kind() == ErrorKind::NotFound => None,
                Err(error) => return Err(FixtureError::io(&file)(error)),
            };
            let same = match &expected {
                Some(expected) => expected == actual,
                None => name == LOG && actual.is_empty(),
            };
            if !same {
                differences.push(Difference { file, expected, actual: actual.to_owned() });
            }
        }
        Ok(differences)
    }

    /// Writes an exposition and a log as the expected ones. Files that are the same already are not touched: another test may be
    /// reading them.
    ///
    /// ```
    /// use pve_collector::testing::CaseDirectory;
    /// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
    /// use zfs::Zfs;
    ///
    /// let case = CaseDirectory::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/degraded"))?;
    /// let collected = case.case().collect::<Zfs>();
    /// // As it is already:
    /// case.write_expected(&collected.exposition(), &collected.log())?;
    /// # Ok::<(), pve_collector::testing::FixtureError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If a file can't be read or written.
    pub fn write_expected(&self, exposition: &str, log: &str) -> Result<(), FixtureError> {
        for Difference { file, actual, .. } in self.differences(exposition, log)? {
            if actual.is_empty() && file.ends_with(LOG) { remove(&file)? } else { write(&file, &actual)? }
        }
        Ok(())
    }
}

fn write(file: &Path, text: &str) -> Result<(), FixtureError> {
    fs::write(file, text).map_err(FixtureError::io(file))
}

fn remove(file: &Path) -> Result<(), FixtureError> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(FixtureError::io(file)(error)),
        _ => Ok(()),
    }
}
