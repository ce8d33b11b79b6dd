//! What is wrong with a web configuration.

use std::fmt::{self, Write as _};
use std::path::PathBuf;

use super::place::Place;
use crate::text;
use crate::yaml::{ReadError, SyntaxError};

/// Why there is no web configuration. The exit status is 2.
#[derive(Debug, thiserror::Error)]
pub enum WebConfigError {
    #[error("{} {error} (--web.config.file)", text::path(.path))]
    Unreadable { path: PathBuf, error: ReadError },
    /// Not YAML.
    #[error("{}:{error}", text::path(.path))]
    Syntax { path: PathBuf, error: SyntaxError },
    #[error("{0}")]
    Problems(WebConfigProblems),
}

/// All problems of a configuration.
#[derive(Debug)]
pub struct WebConfigProblems {
    /// `None`: the flags.
    pub(super) file: Option<PathBuf>,
    pub(super) problems: Vec<(Place, String)>,
}

impl fmt::Display for WebConfigProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (place, problem)) in self.problems.iter().enumerate() {
            if position > 0 {
                f.write_char('\n')?;
            }
            if let Some(file) = self.file.as_deref().map(text::path) {
                write!(f, "{file}:")?;
                if let Some(at) = place.at {
                    write!(f, "{at}:")?;
                }
                f.write_char(' ')?;
            }
            write!(f, "{place}: {problem}")?;
        }
        Ok(())
    }
}
