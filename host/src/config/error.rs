//! What is wrong with a configuration, with the file and the remedy. The wording is prometheus-pve-exporter's where
//! it has one: people search for it.

use std::fmt::{self, Write as _};
use std::path::PathBuf;

/// Not a mapping at the top, or a module that is none.
pub(super) const NOT_A_DICTIONARY: &str = "Not a dictionary. Check the syntax of the YAML config file.";
/// A mapping without a module.
pub(super) const NO_MODULES: &str = "Empty dictionary. No modules specified.";
/// A module without a key.
pub(super) const NO_PARAMETERS: &str = "Empty dictionary. No pve API parameters specified.";

/// Why there is no configuration. The exit status for it is 2.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// There is no such file.
    #[error(
        "{}: no such file: create it, name another one with --config.file, or set PVE_USER and the other PVE_ variables",
        .0.display()
    )]
    Missing(PathBuf),
    /// It can't be read.
    #[error("{}: can't be read: {error}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        error: std::io::Error,
    },
    /// It is no YAML.
    #[error("{}:{line}:{column}: {problem}", .path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What the parser says.
        problem: String,
    },
    /// The file as a whole is not a mapping of modules.
    #[error("{}: {problem}", .path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        problem: String,
    },
    /// What is wrong in modules: all of it.
    #[error("{0}")]
    Modules(ModuleProblems),
}

/// All problems of all modules.
#[derive(Debug)]
pub struct ModuleProblems {
    /// The file; `None`: the environment.
    pub file: Option<PathBuf>,
    /// Module and problem.
    pub problems: Vec<(String, String)>,
}

impl fmt::Display for ModuleProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            Some(file) => write!(f, "Invalid module config entries in config file {}", file.display())?,
            None => {
                f.write_str("Invalid module config entries in the environment (PVE_USER is set: no file is read)")?
            }
        }
        for (module, problem) in &self.problems {
            f.write_char('\n')?;
            write!(f, "  - {module}: Invalid config: {problem}")?;
        }
        Ok(())
    }
}
