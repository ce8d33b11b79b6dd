//! Where the configuration comes from: the environment if `PVE_USER` is set, else the file.

use std::path::Path;

use super::env::Environment;
use super::error::ConfigError;
use super::module::Config;
use super::{env, file};

impl Config {
    /// Reads the environment if `PVE_USER` is set, else the file.
    pub fn load(file: &Path, environment: &Environment) -> Result<Self, ConfigError> {
        match env::load(environment) {
            Some(config) => config,
            None => file::load(file),
        }
    }
}
