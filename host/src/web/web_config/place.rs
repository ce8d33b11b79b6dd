//! Where in the configuration a problem is.

use std::collections::BTreeMap;
use std::fmt;

use crate::yaml::{Name, Position};

/// A key, or a part of its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// `None` for flags.
    pub(super) at: Option<Position>,
    /// As it can be shown.
    key: String,
}

/// The places of a section.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    /// `tls_server_config`; empty for the whole file.
    path: String,
    at: Option<Position>,
    keys: BTreeMap<String, Position>,
}

impl Place {
    pub(super) fn flag(key: String) -> Self {
        Self { at: None, key }
    }

    /// The same key at another position, as an item of its list.
    pub(super) fn at(&self, at: Position) -> Self {
        Self { at: Some(at), key: self.key.clone() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)
    }
}

impl Places {
    pub(super) fn new(path: String, at: Option<Position>) -> Self {
        Self { path, at, keys: BTreeMap::new() }
    }

    pub(super) fn insert(&mut self, key: &str, at: Position) {
        self.keys.insert(key.to_owned(), at);
    }

    /// A key of the section, at the section's position if it is missing.
    pub(super) fn of(&self, key: &str) -> Place {
        Place { at: self.keys.get(key).copied().or(self.at), key: self.name(key) }
    }

    /// The section itself.
    pub(super) fn section(&self) -> Place {
        let key = if self.path.is_empty() { "the file" } else { &self.path };
        Place { at: self.at, key: key.to_owned() }
    }

    /// `tls_server_config.cert_file`.
    pub(super) fn name(&self, key: &str) -> String {
        match (self.path.as_str(), Name::new(key)) {
            ("", Some(name)) => name.to_string(),
            ("", None) => "a key (not shown, it may be a secret)".to_owned(),
            (path, Some(name)) => format!("{path}.{name}"),
            (path, None) => format!("{path}, a key (not shown, it may be a secret)"),
        }
    }
}
