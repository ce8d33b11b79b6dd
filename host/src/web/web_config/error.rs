//! What is wrong with a web configuration.

use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};

/// Why there is no web configuration. The exit status is 2.
#[derive(Debug, thiserror::Error)]
pub enum WebConfigError {
    #[error("{}: can't be read: {error} (--web.config.file)", .path.display())]
    Unreadable { path: PathBuf, error: std::io::Error },
    #[error("{}:{line}:{column}: {problem}", .path.display())]
    Syntax { path: PathBuf, line: usize, column: usize, problem: String },
    #[error("{0}")]
    Problems(WebConfigProblems),
}

/// All problems of a configuration.
#[derive(Debug)]
pub struct WebConfigProblems {
    /// `None`: the flags.
    pub(super) file: Option<PathBuf>,
    pub(super) problems: Vec<String>,
}

impl WebConfigError {
    /// The parser quotes nothing from the file but a duplicate key.
    pub(super) fn syntax(path: &Path, error: &yaml_serde::Error) -> Self {
        let (line, column) = error.location().map_or((1, 1), |at| (at.line(), at.column()));
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        let remedy = if message.contains("duplicate") { "remove one" } else { "quote values with special characters" };
        Self::Syntax { path: path.to_owned(), line, column, problem: format!("{message}: {remedy}") }
    }
}

impl fmt::Display for WebConfigProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, problem) in self.problems.iter().enumerate() {
            if position > 0 {
                f.write_char('\n')?;
            }
            if let Some(file) = &self.file {
                write!(f, "{}: ", file.display())?;
            }
            f.write_str(problem)?;
        }
        Ok(())
    }
}
