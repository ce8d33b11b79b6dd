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
    /// Those of the whole file.
    pub(super) fn root(at: Position) -> Self {
        Self { at: Some(at), ..Self::default() }
    }

    pub(super) fn insert(&mut self, key: &str, at: Position) {
        self.keys.insert(key.to_owned(), at);
    }

    /// A key that the exporter knows, at the section's position if it is missing.
    pub(super) fn of(&self, key: &'static str) -> Place {
        self.place(key, self.name(key))
    }

    /// A key of the file, whatever it is.
    pub(super) fn of_foreign(&self, key: &str) -> Place {
        let shown = match Name::new(key) {
            Some(name) => self.name(name.as_str()),
            None if self.path.is_empty() => "a key (not shown, it may be a secret)".to_owned(),
            None => format!("{}, a key (not shown, it may be a secret)", self.path),
        };
        self.place(key, shown)
    }

    fn place(&self, key: &str, shown: String) -> Place {
        Place { at: self.keys.get(key).copied().or(self.at), key: shown }
    }

    /// The section itself.
    pub(super) fn section(&self) -> Place {
        let key = if self.path.is_empty() { "the file" } else { &self.path };
        Place { at: self.at, key: key.to_owned() }
    }

    /// The section that a key begins.
    pub(super) fn below(&self, key: &'static str) -> Self {
        Self { path: self.name(key), at: self.of(key).at, keys: BTreeMap::new() }
    }

    /// `tls_server_config.cert_file`.
    fn name(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}
