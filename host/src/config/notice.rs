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
        let exposure = if secret { trust::readable(path) } else { trust::changeable(path) }?;
        let risk = match exposure {
            Exposure::Readable(_) => "chmod 0600 or 0640 keeps its secrets from other users",
            _ => {
                "whoever changes it decides which credentials are sent where; only root and the exporter's user should"
            }
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
