//! The configuration from the environment. As in prometheus-pve-exporter, setting `PVE_USER` defines the only module, and the
//! file is not read.
//!
//! `PVE_VERIFY_SSL` works as it does there: `false` and `0`, in any case, turn verification off; every other value, `no` and
//! paths included, leaves it on.

use std::collections::BTreeMap;

use yaml_serde::Value;

use super::error::{ConfigError, ModuleProblems};
use super::keys::Keys;
use super::module::{Config, ConfigSource, Module};

/// Variables whose values become keys of the module unchanged.
const KEYS: [(&str, &str); 7] = [
    ("PVE_USER", "user"),
    ("PVE_PASSWORD", "password"),
    ("PVE_PASSWORD_FILE", "password_file"),
    ("PVE_TOKEN_NAME", "token_name"),
    ("PVE_TOKEN_VALUE", "token_value"),
    ("PVE_TOKEN_VALUE_FILE", "token_value_file"),
    ("PVE_FINGERPRINT", "fingerprint"),
];

/// Environment variables, passed in so that tests do not change the process's.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// This process's. Variables that are not UTF-8 are ignored.
    pub fn of_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// Names only: some values are secrets.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// `None` if `PVE_USER` is not set, which means that the file is read.
pub(super) fn load(environment: &Environment) -> Option<Result<Config, ConfigError>> {
    environment.get("PVE_USER")?;
    let name = environment.get("PVE_MODULE").unwrap_or("default").to_owned();
    let mut keys = Keys::default();
    for (variable, key) in KEYS {
        if let Some(value) = environment.get(variable) {
            keys.insert(key, Value::String(value.to_owned()));
        }
    }
    if let Some(verify) = environment.get("PVE_VERIFY_SSL") {
        keys.insert("verify_ssl", Value::Bool(!matches!(verify.to_lowercase().as_str(), "false" | "0")));
    }
    if let Some(targets) = environment.get("PVE_TARGET") {
        let targets = targets.split([',', ' ']).filter(|target| !target.is_empty());
        keys.insert("target", Value::Sequence(targets.map(|target| Value::String(target.to_owned())).collect()));
    }
    Some(match Module::from_keys(&name, keys) {
        Ok(module) => Ok(Config { modules: BTreeMap::from([(name, module)]), source: ConfigSource::Environment }),
        Err(problems) => Err(ConfigError::Modules(ModuleProblems {
            file: None,
            problems: problems.into_iter().map(|problem| (name.clone(), problem)).collect(),
        })),
    })
}
