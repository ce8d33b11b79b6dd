//! A mapping of the file while it is read: each key is taken once, and what is left at the end is unknown.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use yaml_serde::Value;

use super::WebConfigError;
use super::error::WebConfigProblems;

/// What is wrong so far.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<String>);

impl Problems {
    pub(super) fn add(&mut self, at: &str, problem: impl std::fmt::Display) {
        self.0.push(format!("{at}: {problem}"));
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
    /// `tls_server_config`; empty for the whole file.
    path: String,
    values: BTreeMap<String, Value>,
    /// The keys that mean something here.
    known: Vec<&'static str>,
}

impl Section {
    pub(super) fn root(document: Value, problems: &mut Problems) -> Self {
        Self::new(String::new(), document, problems)
    }

    fn new(path: String, value: Value, problems: &mut Problems) -> Self {
        let mut values = BTreeMap::new();
        match value {
            Value::Null => {}
            Value::Mapping(mapping) => {
                for (key, value) in mapping {
                    match scalar(&key) {
                        Some(key) => drop(values.insert(key, value)),
                        None => problems.add(place(&path), "a key must be text: quote it"),
                    }
                }
            }
            _ => problems.add(place(&path), "must be a mapping of keys to values"),
        }
        // `key:` without a value leaves the default.
        values.retain(|_, value| *value != Value::Null);
        Self { path, values, known: Vec::new() }
    }

    /// Whether no key is set.
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Whether a key has a value.
    pub(super) fn has(&self, key: &str) -> bool {
        self.values.get(key).is_some_and(|value| scalar(value).is_none_or(|text| !text.is_empty()))
    }

    /// `tls_server_config.cert_file`.
    pub(super) fn at(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn take(&mut self, key: &'static str) -> Option<Value> {
        self.known.push(key);
        self.values.remove(key)
    }

    pub(super) fn section(&mut self, key: &'static str, problems: &mut Problems) -> Self {
        let value = self.take(key).unwrap_or(Value::Null);
        Self::new(self.at(key), value, problems)
    }

    /// Text; a number or boolean stands for its digits or letters. The empty text is as good as no key.
    pub(super) fn text(&mut self, key: &'static str, problems: &mut Problems) -> Option<String> {
        let value = self.take(key)?;
        let text = scalar(&value);
        if text.is_none() {
            problems.add(&self.at(key), "must be text: quote it");
        }
        text.filter(|text| !text.is_empty())
    }

    /// A file, relative to the folder of the configuration.
    pub(super) fn path(&mut self, key: &'static str, folder: &Path, problems: &mut Problems) -> Option<PathBuf> {
        self.text(key, problems).map(|path| folder.join(path))
    }

    /// `yes` and `off` are booleans to the toolkit's parser.
    pub(super) fn boolean(&mut self, key: &'static str, default: bool, problems: &mut Problems) -> bool {
        let Some(value) = self.take(key) else { return default };
        match scalar(&value).unwrap_or_default().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "y" => true,
            "false" | "no" | "off" | "n" => false,
            _ => {
                problems.add(&self.at(key), "must be true or false");
                default
            }
        }
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, key: &'static str, problems: &mut Problems) -> Vec<String> {
        match self.take(key) {
            None => Vec::new(),
            Some(Value::Sequence(values)) => {
                let texts: Option<Vec<String>> = values.iter().map(scalar).collect();
                if texts.is_none() {
                    problems.add(&self.at(key), "must be a list of texts");
                }
                texts.unwrap_or_default()
            }
            Some(_) => {
                problems.add(&self.at(key), "must be a list");
                Vec::new()
            }
        }
    }

    /// Every remaining key with its text.
    pub(super) fn into_texts(self, problems: &mut Problems) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        for (key, value) in &self.values {
            match scalar(value) {
                Some(text) => drop(texts.insert(key.clone(), text)),
                None => problems.add(&self.at(key), "must be text: quote it"),
            }
        }
        texts
    }

    /// Reports the keys that nothing has read.
    pub(super) fn finish(self, problems: &mut Problems) {
        for key in self.values.keys() {
            problems.add(&self.at(key), format!("unknown key; known are {}", self.known.join(", ")));
        }
    }
}

fn place(path: &str) -> &str {
    if path.is_empty() { "the file" } else { path }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(boolean) => Some(boolean.to_string()),
        _ => None,
    }
}
