//! Case directories: the files of a case, and what among them makes it a test of nothing.

use std::{fs, path::Path};

use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

use super::{Case, places};
use crate::{Collector, FetchError};

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
                let answer = data(&body).map_err(|why| {
                    self.malformed.push((path.clone(), why));
                    FetchError::Malformed
                });
                self.answers.insert(format!("{below}/{name}"), answer);
            } else if let Some(name) = name.strip_suffix(".error") {
                let word = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                let error = FetchError::ALL.into_iter().find(|error| error.as_str() == word.trim());
                let error = error.unwrap_or_else(|| panic!("{}: {word:?} is no fetch-error", path.display()));
                self.answers.insert(format!("{below}/{name}"), Err(error));
            } else if !(name.starts_with('.') || below.is_empty() && is_beside_answers(name)) {
                self.strange.push(path);
            }
        }
    }

    /// What makes this a test of nothing, a sentence each: files that no request reads, as of a misspelt path, and a
    /// collector that is not called at all.
    pub(super) fn slips<C: Collector>(&self) -> Vec<String> {
        let asked: Vec<&str> = C::REQUESTS.iter().map(|request| request.path).collect();
        let asked = if asked.is_empty() { "nothing".to_owned() } else { asked.join(", ") };
        let mut slips: Vec<String> = self
            .strange
            .iter()
            .map(|file| format!("{} is no fixture: answers are path.json, failures path.error", file.display()))
            .collect();
        let paths = self.answers.keys().map(String::as_str);
        for path in paths.clone().filter(|path| !places::asks(C::REQUESTS, path)) {
            slips.push(format!("the collector does not ask for {path}; it asks for {asked}"));
        }
        if places::places(C::REQUESTS, paths).is_empty() {
            let placing = places::placing(C::REQUESTS).join(", ");
            slips.push(format!("the collector is never called: there is no answer for {placing}"));
        }
        slips
    }

    /// Bodies that are taken for malformed answers, and why: meant, or a slip of the pen.
    pub(super) fn malformed(&self) -> impl Iterator<Item = String> {
        self.malformed.iter().map(|(file, why)| format!("{} is a malformed answer: {why}", file.display()))
    }
}

/// What a case directory has beside its answers.
fn is_beside_answers(name: &str) -> bool {
    matches!(name, "settings" | "now" | "expected.prom" | "expected.log") || name.starts_with("README")
}

/// `data` of an envelope, by the host's rules; or what is wrong with it.
fn data(body: &str) -> Result<String, String> {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow)]
        data: Option<&'a RawValue>,
    }

    // serde would take a list for a struct.
    if !body.trim_start().starts_with('{') && serde_json::from_str::<IgnoredAny>(body).is_ok() {
        return Err("it is not a JSON object with the member data".to_owned());
    }
    match serde_json::from_str::<Envelope>(body) {
        Ok(Envelope { data: Some(data) }) => Ok(data.get().to_owned()),
        Ok(Envelope { data: None }) => Err("it has no data (missing or null)".to_owned()),
        Err(error) => Err(format!("it is not JSON: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_data_out_of_the_envelope() {
        assert_eq!(data(r#"{"data":[1, 2],"total":2}"#), Ok("[1, 2]".to_owned()));
        for (body, why) in [
            (r#"{"data":null}"#, "no data"),
            ("{}", "no data"),
            ("", "not JSON"),
            ("<html>", "not JSON"),
            (r#"{"data":[1,]}"#, "line 1 column 12"),
            ("[]", "not a JSON object"),
            (r#"[{"data":1}]"#, "not a JSON object"),
        ] {
            assert!(data(body).is_err_and(|words| words.contains(why)), "{body}: {:?}", data(body));
        }
    }
}
