//! What can be wrong with a key, in words that have no room for its value.

use crate::yaml::{Name, Position, ReadError};

use super::names::KNOWN;

/// A problem with a key: where, and what.
#[derive(Debug)]
pub struct Problem {
    /// `None` in the environment.
    pub at: Option<Position>,
    pub key: Subject,
    pub complaint: Complaint,
}

/// The key of a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// One that the exporter knows, or an environment variable.
    Known(&'static str),
    /// One of the file that can be shown.
    Named(Name),
    /// One of the file that may be a secret in the wrong place.
    Hidden,
    /// The module as a whole.
    Module,
}

/// What is wrong, in words that follow the key.
#[derive(Debug, thiserror::Error)]
pub enum Complaint {
    #[error("{0}")]
    Words(&'static str),
    #[error("must be a whole number from 1 to {0}")]
    Count(u64),
    #[error("names a file that {0}")]
    File(ReadError),
    #[error("and {0} are both set: remove one")]
    Twice(&'static str),
    #[error("is not a known key: did you mean {0}?")]
    Misspelt(&'static str),
    #[error("is not a known key: remove it; the keys are {}", KNOWN.join(", "))]
    Unknown,
}

impl From<&'static str> for Complaint {
    fn from(words: &'static str) -> Self {
        Self::Words(words)
    }
}

/// Without the position, which stands before the module's name.
impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.key {
            Subject::Known(key) => write!(f, "{key} ")?,
            Subject::Named(name) => write!(f, "{name} ")?,
            Subject::Hidden => f.write_str("a key (not shown, it may be a secret) ")?,
            Subject::Module => {}
        }
        write!(f, "{}", self.complaint)
    }
}
