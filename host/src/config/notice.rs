//! Settings that contradict each other, have no effect or risk something: reported, but no error.

use std::fmt;
use std::path::Path;

use crate::text;
use crate::trust::{self, Exposure};

/// One line for the log, without values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The module's name, as it can be shown.
    pub module: Option<String>,
    pub words: String,
}

impl Notice {
    pub(super) fn new(words: impl Into<String>) -> Self {
        Self { module: None, words: words.into() }
    }

    pub(super) fn of(module: &str, words: impl Into<String>) -> Self {
        Self { module: Some(text::Foreign::within(module, 60).to_string()), words: words.into() }
    }

    /// About a file that others must not change, nor read if it has a `secret`.
    pub fn exposed(path: &Path, secret: bool) -> Option<Self> {
        Self::of_file(path, secret, "which credentials are sent where")
    }

    /// The same for a file that `--web.config.file` or the TLS flags name.
    pub fn exposed_web_file(path: &Path, secret: bool) -> Option<Self> {
        Self::of_file(path, secret, "who may connect")
    }

    fn of_file(path: &Path, secret: bool, power: &str) -> Option<Self> {
        let exposure = if secret { trust::readable(path) } else { trust::changeable(path) }?;
        let risk = match exposure {
            Exposure::Readable(_) => "chmod 0600 or 0640 keeps its secrets from other users".to_owned(),
            _ => format!("whoever changes it decides {power}; only root and the exporter's user should"),
        };
        Some(Self::new(format!("{} {exposure}: {risk}", text::path(path))))
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.module {
            Some(module) => write!(f, "module {module}: {}", self.words),
            None => f.write_str(&self.words),
        }
    }
}
