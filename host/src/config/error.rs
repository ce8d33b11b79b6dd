//! Configuration errors, with the file and the remedy. The wording is prometheus-pve-exporter's where it has one: people search
//! for it.

use std::fmt;
use std::path::PathBuf;

use super::problem::Problem;
use crate::text;
use crate::yaml::{Position, ReadError, SyntaxError};

/// The document or a module is not a mapping.
pub(super) const NOT_A_DICTIONARY: &str = "Not a dictionary. Check the syntax of the YAML config file.";
pub(super) const NO_MODULES: &str = "Empty dictionary. No modules specified.";
pub(super) const NO_PARAMETERS: &str = "Empty dictionary. No pve API parameters specified.";

/// Why there is no configuration; the exit status is 2.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error(
        "{}: no such file: create it, name another one with --config.file, or set PVE_USER and the other PVE_ variables",
        text::path(.0)
    )]
    Missing(PathBuf),
    #[error("{} {error}", text::path(.path))]
    Unreadable { path: PathBuf, error: ReadError },
    /// Not YAML.
    #[error("{}:{error}", text::path(.path))]
    Syntax { path: PathBuf, error: SyntaxError },
    /// The document is not a mapping of modules.
    #[error("{}:{at}: {problem}", text::path(.path))]
    Shape { path: PathBuf, at: Position, problem: String },
    #[error("{0}")]
    Modules(ModuleProblems),
}

/// All problems of all modules.
#[derive(Debug)]
pub struct ModuleProblems {
    /// `None` for the environment.
    pub file: Option<PathBuf>,
    /// Pairs of module and problem. The module's name can be shown.
    pub problems: Vec<(String, Problem)>,
}

impl fmt::Display for ModuleProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.as_deref().map(text::path);
        match &file {
            Some(file) => write!(f, "Invalid module config entries in config file {file}")?,
            None => {
                f.write_str("Invalid module config entries in the environment (PVE_USER is set, so no file is read)")?
            }
        }
        for (module, problem) in &self.problems {
            f.write_str("\n  - ")?;
            if let (Some(file), Some(at)) = (&file, problem.at) {
                write!(f, "{file}:{at}: ")?;
            }
            write!(f, "{module}: Invalid config: {problem}")?;
        }
        Ok(())
    }
}
