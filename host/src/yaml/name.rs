//! Names that may be shown.

use std::fmt;

/// Longest name that is shown.
const LENGTH: usize = 40;

/// A key that an error may quote: letters, `_`, `-` and `.` only. A secret that ended up in the place of a key has digits or other
/// characters, or it is not worth its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(Box<str>);

impl Name {
    /// `None` if the text may be a secret.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let plain = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '-' | '.');
        (!text.is_empty() && text.len() <= LENGTH && text.chars().all(plain)).then(|| Self(text.into()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
