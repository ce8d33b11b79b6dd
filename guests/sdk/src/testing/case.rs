//! A set of answers and what a collector makes of them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

use super::{
    collected::{Collected, Collection},
    places,
};
use crate::{Collector, FetchError, Input, Output, Place, Request, contract, describe, log::capture};

/// The scrape's time where a case does not say: 2026-03-20 14:19:15 UTC.
const NOW: u64 = 1_774_016_355;

/// Answers, settings and a time to run a collector on.
#[derive(Clone, Debug)]
pub struct Case {
    answers: BTreeMap<String, Result<String, FetchError>>,
    settings: Vec<(String, String)>,
    now: u64,
    /// Files of a case directory that are no part of a case.
    strange: Vec<PathBuf>,
    /// Bodies that the host would not take from the API either, and why.
    malformed: Vec<(PathBuf, String)>,
}

impl Default for Case {
    fn default() -> Self {
        Self::new()
    }
}

impl Case {
    /// No answers yet.
    pub fn new() -> Self {
        Self { answers: BTreeMap::new(), settings: Vec::new(), now: NOW, strange: Vec::new(), malformed: Vec::new() }
    }

    /// The answer of a path: the JSON text of its `data` member, without the envelope.
    #[must_use]
    pub fn answer(mut self, path: &str, data: impl Into<String>) -> Self {
        self.answers.insert(path.to_owned(), Ok(data.into()));
        self
    }

    /// A request that failed.
    #[must_use]
    pub fn failed(mut self, path: &str, error: FetchError) -> Self {
        self.answers.insert(path.to_owned(), Err(error));
        self
    }

    /// A setting of the operator.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The scrape's time in seconds since 1970-01-01 UTC.
    #[must_use]
    pub fn now(mut self, unix_seconds: u64) -> Self {
        self.now = unix_seconds;
        self
    }

    /// Reads a case directory; the [module](super) says what is in it.
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
            case.now = now.trim().parse().expect("`now` holds Unix seconds");
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

    /// The answer of a path as a document, for tests that change it.
    ///
    /// # Panics
    ///
    /// Where the path has no answer, or one that is no JSON.
    pub fn document(&self, path: &str) -> serde_json::Value {
        let answer = self.answers.get(path).and_then(|answer| answer.as_deref().ok());
        let data = answer.unwrap_or_else(|| panic!("the case has no answer for {path}"));
        serde_json::from_str(data).unwrap_or_else(|error| panic!("the answer for {path} is no JSON: {error}"))
    }

    /// Runs a collector for every place there are answers for, in their order. A place whose required answer is missing
    /// is not collected, as in the host; a path without any answer counts as [`FetchError::NotFound`].
    pub fn collect<C: Collector>(&self) -> Collected {
        let places = places::places(C::REQUESTS, self.answers.keys().map(String::as_str));
        let collections = places.into_iter().map(|place| self.collect_place::<C>(place)).collect();
        Collected { manifest: describe::<C>(), collections }
    }

    /// What the host would hand to a collector with these requests at a place; or the path of the first required answer
    /// that is missing, and why.
    pub fn input(&self, requests: &[Request], place: &Place) -> Result<contract::Input, (String, FetchError)> {
        let mut responses = Vec::new();
        for request in requests {
            let path = places::path_at(*request, place);
            let response = self.answers.get(&path).cloned().unwrap_or(Err(FetchError::NotFound));
            match response {
                Err(error) if !request.optional => return Err((path, error)),
                response => responses.push(response),
            }
        }
        Ok(contract::Input {
            now_unix_seconds: self.now,
            place: place.clone(),
            settings: self.settings.clone(),
            responses,
        })
    }

    fn collect_place<C: Collector>(&self, place: Place) -> Collection {
        let input = match self.input(C::REQUESTS, &place) {
            Ok(input) => input,
            Err((path, error)) => return Collection::not_collected(place, &path, error),
        };
        let mut output = Output::default();
        let (result, log) = capture(|| C::collect(&Input::new(input, C::REQUESTS), &mut output));
        match result {
            Ok(()) => Collection { place, output, failure: None, log },
            Err(failure) => Collection { place, output: Output::default(), failure: Some(failure.to_string()), log },
        }
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
