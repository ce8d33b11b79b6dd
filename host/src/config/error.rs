//! Configuration errors, with the file and the remedy. The wording is prometheus-pve-exporter's where it has one: people search
//! for it.

use std::fmt::{self, Write as _};
use std::path::PathBuf;

/// The document or a module is not a mapping.
pub(super) const NOT_A_DICTIONARY: &str = "Not a dictionary. Check the syntax of the YAML config file.";
pub(super) const NO_MODULES: &str = "Empty dictionary. No modules specified.";
pub(super) const NO_PARAMETERS: &str = "Empty dictionary. No pve API parameters specified.";

/// Why there is no configuration; the exit status is 2.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error(
        "{}: no such file: create it, name another one with --config.file, or set PVE_USER and the other PVE_ variables",
        .0.display()
    )]
    Missing(PathBuf),
    #[error("{}: can't be read: {error}", .path.display())]
    Unreadable { path: PathBuf, error: std::io::Error },
    /// Not YAML. Lines and columns start at 1.
    #[error("{}:{line}:{column}: {problem}", .path.display())]
    Syntax { path: PathBuf, line: usize, column: usize, problem: String },
    /// The document is not a mapping of modules.
    #[error("{}: {problem}", .path.display())]
    Shape { path: PathBuf, problem: String },
    #[error("{0}")]
    Modules(ModuleProblems),
}

/// All problems of all modules.
#[derive(Debug)]
pub struct ModuleProblems {
    /// `None` for the environment.
    pub file: Option<PathBuf>,
    /// Pairs of module and problem.
    pub problems: Vec<(String, String)>,
}

impl fmt::Display for ModuleProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            Some(file) => write!(f, "Invalid module config entries in config file {}", file.display())?,
            None => {
                f.write_str("Invalid module config entries in the environment (PVE_USER is set, so no file is read)")?
            }
        }
        for (module, problem) in &self.problems {
            f.write_char('\n')?;
            write!(f, "  - {module}: Invalid config: {problem}")?;
        }
        Ok(())
    }
}
