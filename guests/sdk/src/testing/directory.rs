//! Case directories: the one reader and writer of their files.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use super::{
    Case, FixtureError, envelope,
    expected::{EXPOSITION, LOG},
    files::{self, belongs_to_a_case, list},
    places::{self, Requested},
};
use crate::FetchError;

/// A case read from a directory. The [module's documentation](super) lists its files.
///
/// ```
/// use pve_collector::testing::CaseDirectory;
/// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
/// use zfs::Zfs;
///
/// let case = CaseDirectory::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/degraded"))?;
/// assert_eq!(case.name(), "degraded");
/// assert_eq!(case.case().collect::<Zfs>().rows().count(), 2);
/// # Ok::<(), pve_collector::testing::FixtureError>(())
/// ```
#[derive(Clone, Debug)]
pub struct CaseDirectory {
    path: PathBuf,
    case: Case,
    /// The file of each answer, by API path.
    files: BTreeMap<String, PathBuf>,
    malformed: Vec<(PathBuf, String)>,
}

impl CaseDirectory {
    /// Reads a case.
    ///
    /// ```
    /// use pve_collector::testing::CaseDirectory;
    ///
    /// let case = CaseDirectory::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/degraded"))?;
    /// let paths: Vec<_> = case.case().paths().collect();
    /// assert_eq!(paths, ["/nodes/node01/disks/zfs", "/nodes/node02/disks/zfs"]);
    /// # Ok::<(), pve_collector::testing::FixtureError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If a file can't be read or is not part of a case.
    pub fn read(directory: impl AsRef<Path>) -> Result<Self, FixtureError> {
        let path = directory.as_ref().to_owned();
        let mut read = Self { path, case: Case::new(), files: BTreeMap::new(), malformed: Vec::new() };
        for (path, name) in list(&read.path)? {
            match name.as_str() {
                _ if path.is_dir() => read.add_answers(&path, &format!("/{name}"))?,
                "settings" => read.case.settings = files::settings(&path)?,
                "now" => read.case.now = files::now(&path)?,
                EXPOSITION | LOG => {}
                _ if name.starts_with("README") => {}
                _ => read.add_answer(&path, "", &name)?,
            }
        }
        Ok(read)
    }

    /// Reads all cases in a directory, in the order of their names.
    ///
    /// ```
    /// use pve_collector::testing::CaseDirectory;
    ///
    /// let cases = CaseDirectory::read_all(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"))?;
    /// assert_eq!(cases.iter().map(CaseDirectory::name).collect::<Vec<_>>(), ["degraded"]);
    /// # Ok::<(), pve_collector::testing::FixtureError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If there are no cases, if the directory is a case itself, or if a case can't be read.
    pub fn read_all(directory: impl AsRef<Path>) -> Result<Vec<Self>, FixtureError> {
        let directory = directory.as_ref();
        let entries = list(directory).map_err(FixtureError::of_cases)?;
        if entries.iter().any(|(path, name)| belongs_to_a_case(path, name)) {
            let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty());
            let parent = parent.unwrap_or(Path::new("."));
            let problem = format!("this is a case; name the directory that contains it, {}", parent.display());
            return Err(FixtureError::new(directory, problem));
        }
        let cases = entries.iter().filter(|(path, _)| path.is_dir());
        let cases = cases.map(|(path, _)| Self::read(path)).collect::<Result<Vec<_>, _>>()?;
        if cases.is_empty() {
            let example = directory.join("one-node/nodes/node01/status.json");
            let problem =
                format!("there are no cases; create a directory for each case, such as {}", example.display());
            return Err(FixtureError::new(directory, problem));
        }
        Ok(cases)
    }

    /// The directory's name.
    pub fn name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// The directory.
    ///
    /// ```
    /// use pve_collector::testing::CaseDirectory;
    ///
    /// let case = CaseDirectory::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/degraded"))?;
    /// assert!(case.path().join("expected.prom").exists());
    /// # Ok::<(), pve_collector::testing::FixtureError>(())
    /// ```
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The case itself.
    pub fn case(&self) -> &Case {
        &self.case
    }

    /// Why the case tests less than it seems to: answers that no request matches, such as one with a misspelt path, and
    /// a collector that is never called. Empty if all is well.
    ///
    /// ```
    /// use pve_collector::{Request, testing::CaseDirectory};
    ///
    /// let case = CaseDirectory::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/degraded"))?;
    /// assert!(case.check(&[Request::get("/nodes/{node}/disks/zfs")]).is_empty());
    /// let mistakes = case.check(&[Request::get("/nodes/{node}/disks/list")]);
    /// assert_eq!(mistakes.len(), 3); // two answers that are not requested, and no call
    /// # Ok::<(), pve_collector::testing::FixtureError>(())
    /// ```
    pub fn check<R: Requested>(&self, requests: &[R]) -> Vec<FixtureError> {
        let templates = |templates: Vec<&str>| match templates.join(", ") {
            list if list.is_empty() => "nothing".to_owned(),
            list => list,
        };
        let mut mistakes = Vec::new();
        for (path, file) in self.files.iter().filter(|(path, _)| !places::requested(requests, path)) {
            let requested = templates(requests.iter().map(Requested::path).collect());
            let problem = format!("the collector does not request {path}; it requests {requested}");
            mistakes.push(FixtureError::new(file, problem));
        }
        if self.case.places(requests).is_empty() {
            let placing = templates(places::placing(requests));
            let problem = format!("the collector is never called: the case has no answer for {placing}");
            mistakes.push(FixtureError::new(&self.path, problem));
        }
        mistakes
    }

    /// Answers that the host would reject as malformed, and why: on purpose or by mistake.
    ///
    /// ```
    /// use pve_collector::testing::CaseDirectory;
    ///
    /// let case = CaseDirectory::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/degraded"))?;
    /// assert_eq!(case.malformed().count(), 0);
    /// # Ok::<(), pve_collector::testing::FixtureError>(())
    /// ```
    pub fn malformed(&self) -> impl Iterator<Item = FixtureError> {
        self.malformed.iter().map(|(file, why)| FixtureError::new(file, format!("the answer is malformed: {why}")))
    }

    pub(super) fn into_case(self) -> Case {
        self.case
    }

    fn add_answers(&mut self, directory: &Path, below: &str) -> Result<(), FixtureError> {
        for (path, name) in list(directory)? {
            if path.is_dir() {
                self.add_answers(&path, &format!("{below}/{name}"))?;
            } else {
                self.add_answer(&path, below, &name)?;
            }
        }
        Ok(())
    }

    fn add_answer(&mut self, file: &Path, below: &str, name: &str) -> Result<(), FixtureError> {
        let (name, answer) = if let Some(name) = name.strip_suffix(".json") {
            let body = fs::read(file).map_err(FixtureError::io(file))?;
            let data = envelope::data(body).map_err(|why| {
                self.malformed.push((file.to_owned(), why));
                FetchError::Malformed
            });
            (name, data)
        } else if let Some(name) = name.strip_suffix(".error") {
            (name, Err(files::fetch_error(file)?))
        } else {
            let problem = "is not a fixture: an answer is path.json, a failed request path.error; settings, now, \
                           expected.prom, expected.log and README belong in the case's own directory";
            return Err(FixtureError::new(file, problem));
        };
        let path = format!("{below}/{name}");
        self.case.answers.insert(path.clone(), answer);
        self.files.insert(path, file.to_owned());
        Ok(())
    }
}

impl Case {
    /// Reads a case directory, as [`CaseDirectory::read`] does.
    ///
    /// ```
    /// use pve_collector::testing::Case;
    /// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
    /// use zfs::Zfs;
    ///
    /// let case = Case::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/degraded"));
    /// let exposition = case.collect::<Zfs>().exposition();
    /// assert!(exposition.contains("pve_zfs_pool_health{node=\"node01\",pool=\"tank\",health=\"DEGRADED\"} 1\n"));
    /// ```
    ///
    /// # Panics
    ///
    /// If a file can't be read or is not part of a case.
    pub fn read(directory: impl AsRef<Path>) -> Self {
        CaseDirectory::read(directory).unwrap_or_else(|error| panic!("{error}")).into_case()
    }

    /// Writes the answers and failures into a directory, as [`CaseDirectory::read`] reads them. Settings and time are not
    /// written.
    ///
    /// ```
    /// use pve_collector::{FetchError, testing::Case};
    ///
    /// let recorded = Case::new()
    ///     .answer("/nodes/node01/disks/zfs", r#"[{"name":"rpool"}]"#)
    ///     .failed("/nodes/node02/disks/zfs", FetchError::TimedOut);
    /// # let directory = std::env::temp_dir().join(format!("pve-collector-write-{}", std::process::id()));
    /// recorded.write_answers(&directory)?;
    /// assert!(directory.join("nodes/node02/disks/zfs.error").exists());
    /// let read = Case::read(&directory);
    /// assert_eq!(read.document("/nodes/node01/disks/zfs"), recorded.document("/nodes/node01/disks/zfs"));
    /// # std::fs::remove_dir_all(directory).unwrap();
    /// # Ok::<(), pve_collector::testing::FixtureError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If a file can't be written, an answer is not JSON, or a path is not one below the API's root.
    pub fn write_answers(&self, directory: impl AsRef<Path>) -> Result<(), FixtureError> {
        for (path, answer) in &self.answers {
            let (ending, text) = match answer {
                Ok(data) => ("json", envelope::body(data)),
                Err(error) => ("error", Ok(format!("{error}\n"))),
            };
            let relative = path.strip_prefix('/').unwrap_or(path);
            let file = directory.as_ref().join(format!("{relative}.{ending}"));
            // No path of the API has such a segment, and what is hidden is not read back.
            if relative.split('/').any(|segment| segment.is_empty() || segment.starts_with('.')) {
                return Err(FixtureError::new(&file, format!("{path:?} is not a path below the API's root")));
            }
            let text = text.map_err(|error| FixtureError::new(&file, format!("the answer is not JSON: {error}")))?;
            let parent = file.parent().unwrap_or(&file);
            fs::create_dir_all(parent).map_err(FixtureError::io(parent))?;
            fs::write(&file, text).map_err(FixtureError::io(&file))?;
        }
        Ok(())
    }
}
