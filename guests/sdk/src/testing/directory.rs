//! Case directories: the files of a case.

use std::{fs, path::Path};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Case;
use crate::FetchError;

impl Case {
    /// Reads a case directory; the [module](super) says what is in it.
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
    /// Where a file can't be read or is not what it should be.
    pub fn read(directory: impl AsRef<Path>) -> Self {
        let directory = directory.as_ref();
        let mut case = Self::new();
        case.read_answers(directory, "");
        if let Ok(settings) = fs::read_to_string(directory.join("settings")) {
            for line in settings.lines().filter(|line| !line.trim().is_empty()) {
                let (name, value) = line.split_once(':').expect("a line of `settings` is `name: value`");
                case = case.setting(name.trim(), value.trim());
            }
        }
        if let Ok(now) = fs::read_to_string(directory.join("now")) {
            case = case.now(now.trim().parse().expect("`now` holds Unix seconds"));
        }
        case
    }

    fn read_answers(&mut self, directory: &Path, below: &str) {
        let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
        for entry in entries {
            let entry = entry.expect("a directory that opens can be listed");
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_str().expect("file names are UTF-8");
            if path.is_dir() {
                self.read_answers(&path, &format!("{below}/{name}"));
            } else if let Some(name) = name.strip_suffix(".json") {
                let body = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                self.answers.insert(format!("{below}/{name}"), data(&body));
            } else if let Some(name) = name.strip_suffix(".error") {
                let word = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                let error = FetchError::ALL.into_iter().find(|error| error.as_str() == word.trim());
                let error = error.unwrap_or_else(|| panic!("{}: {word:?} is no fetch-error", path.display()));
                self.answers.insert(format!("{below}/{name}"), Err(error));
            }
        }
    }
}

/// `data` of an envelope, by the host's rules.
fn data(body: &str) -> Result<String, FetchError> {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow)]
        data: &'a RawValue,
    }

    match serde_json::from_str::<Envelope>(body) {
        Ok(Envelope { data }) if data.get() != "null" => Ok(data.get().to_owned()),
        _ => Err(FetchError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_data_out_of_the_envelope() {
        assert_eq!(data(r#"{"data":[1, 2],"total":2}"#), Ok("[1, 2]".to_owned()));
        for body in [r#"{"data":null}"#, "{}", "", "<html>", "[]"] {
            assert_eq!(data(body), Err(FetchError::Malformed), "{body}");
        }
    }
}
