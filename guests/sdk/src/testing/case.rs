//! A set of answers and what a collector makes of them.

use std::{collections::BTreeMap, fs, path::Path};

use serde::Deserialize;
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
}

impl Default for Case {
    fn default() -> Self {
        Self::new()
    }
}

impl Case {
    /// No answers yet.
    pub fn new() -> Self {
        Self { answers: BTreeMap::new(), settings: Vec::new(), now: NOW }
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
                self.answers.insert(format!("{below}/{name}"), data(&body));
            } else if let Some(name) = name.strip_suffix(".error") {
                let word = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                let error = FetchError::ALL.into_iter().find(|error| error.as_str() == word.trim());
                let error = error.unwrap_or_else(|| panic!("{}: {word:?} is no fetch-error", path.display()));
                self.answers.insert(format!("{below}/{name}"), Err(error));
            }
        }
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
