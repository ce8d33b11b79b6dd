//! Decides where the configuration comes from.

use std::path::Path;

use super::env::{self, Environment};
use super::error::ConfigError;
use super::file;
use super::module::Config;

impl Config {
    /// Reads the environment if `PVE_USER` is set, else the file.
    pub fn load(file: &Path, environment: &Environment) -> Result<Self, ConfigError> {
        let mut config = match env::load(environment) {
            Some(config) => config?,
            None => {
                let mut config = file::load(file)?;
                config.notices.extend(env::unused(environment));
                config
            }
        };
        config.notices.extend(env::proxies(environment));
        Ok(config)
    }
}
