//! A mapping of the file while it is read: each key is taken once, and what is left at the end is unknown.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::WebConfigError;
use super::error::WebConfigProblems;
use super::place::{Place, Places};
use crate::yaml::{Node, Position, Scalar, Value};

/// What is wrong so far.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<(Place, String)>);

impl Problems {
    pub(super) fn add(&mut self, place: &Place, problem: impl std::fmt::Display) {
        self.0.push((place.clone(), problem.to_string()));
    }

    pub(super) fn into_result<T>(self, value: T, file: Option<PathBuf>) -> Result<T, WebConfigError> {
        if self.0.is_empty() {
            Ok(value)
        } else {
            Err(WebConfigError::Problems(WebConfigProblems { file, problems: self.0 }))
        }
    }
}

#[derive(Debug)]
pub(super) struct Section {
    pub(super) places: Places,
    values: BTreeMap<String, Node>,
    /// The keys that mean something here.
    known: Vec<&'static str>,
}

impl Section {
    pub(super) fn root(document: Node, problems: &mut Problems) -> Self {
        Self::new(Places::root(document.at), Some(document), problems)
    }

    fn new(mut places: Places, node: Option<Node>, problems: &mut Problems) -> Self {
        let mut values = BTreeMap::new();
        match node.filter(|node| !node.is_null()).map(|node| node.value) {
            None => {}
            Some(Value::Mapping(entries)) => {
                for entry in entries {
                    places.insert(&entry.key, entry.at);
                    values.insert(entry.key, entry.value);
                }
            }
            Some(_) => problems.add(&places.section(), "must be a mapping of keys to values"),
        }
        Self { places, values, known: Vec::new() }
    }

    /// Whether no key is there, not even one without a value.
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Whether a key has a value.
    pub(super) fn has(&self, key: &str) -> bool {
        self.values.get(key).is_some_and(|node| match &node.value {
            Value::Scalar(scalar) => !node.is_null() && !scalar.text.is_empty(),
            _ => true,
        })
    }

    /// The value of a key; `key:` without one leaves the default.
    fn take(&mut self, key: &'static str) -> Option<Node> {
        self.known.push(key);
        self.values.remove(key).filter(|node| !node.is_null())
    }

    pub(super) fn section(&mut self, key: &'static str, problems: &mut Problems) -> Self {
        let node = self.take(key);
        Self::new(self.places.below(key), node, problems)
    }

    /// Text as written. The empty text is as good as no key.
    pub(super) fn text(&mut self, key: &'static str, problems: &mut Problems) -> Option<String> {
        let Value::Scalar(Scalar { text, .. }) = self.take(key)?.value else {
            problems.add(&self.places.of(key), "must be text: quote it");
            return None;
        };
        Some(text).filter(|text| !text.is_empty())
    }

    /// A file, relative to the folder of the configuration.
    pub(super) fn path(&mut self, key: &'static str, folder: &Path, problems: &mut Problems) -> Option<PathBuf> {
        self.text(key, problems).map(|path| folder.join(path))
    }

    /// `yes` and `off` are booleans to the toolkit's parser, without quotes only.
    pub(super) fn boolean(&mut self, key: &'static str, default: bool, problems: &mut Problems) -> bool {
        let Some(node) = self.take(key) else { return default };
        if let Value::Scalar(Scalar { text, plain: true }) = node.value {
            match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" | "y" => return true,
                "false" | "no" | "off" | "n" => return false,
                _ => {}
            }
        }
        problems.add(&self.places.of(key), "must be true or false, without quotes");
        default
    }

    /// A list of texts with their positions.
    pub(super) fn texts(&mut self, key: &'static str, problems: &mut Problems) -> Vec<(Position, String)> {
        let Some(node) = self.take(key) else { return Vec::new() };
        let Value::List(items) = node.value else {
            problems.add(&self.places.of(key), "must be a list");
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in items {
            match item.value {
                Value::Scalar(scalar) => texts.push((item.at, scalar.text)),
                _ => problems.add(&self.places.of(key).at(item.at), "must be text: quote it"),
            }
        }
        texts
    }

    /// Every remaining key with its text. Those without a value have the empty text.
    pub(super) fn into_texts(self, problems: &mut Problems) -> BTreeMap<String, (Place, String)> {
        let mut texts = BTreeMap::new();
        for (key, node) in self.values {
            let place = self.places.of_foreign(&key);
            let text = if node.is_null() { Some(String::new()) } else { node.into_text() };
            match text {
                Some(text) => drop(texts.insert(key, (place, text))),
                None => problems.add(&place, "must be text: quote it"),
            }
        }
        texts
    }

    /// Reports the keys that nothing has read.
    pub(super) fn finish(self, problems: &mut Problems) {
        for key in self.values.keys() {
            problems.add(&self.places.of_foreign(key), format!("unknown key; known are {}", self.known.join(", ")));
        }
    }
}
