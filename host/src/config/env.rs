//! The configuration from the environment. As in prometheus-pve-exporter, setting `PVE_USER` defines the only module, and the
//! file is not read.
//!
//! `PVE_VERIFY_SSL` works as it does there: `false` and `0`, in any case, turn verification off; other values, `no` included,
//! leave it on. In addition, the path of an existing file names a CA file.

use std::collections::BTreeMap;

use super::error::{ConfigError, ModuleProblems};
use super::keys::{Home, Keys};
use super::module::{Config, ConfigSource, Module};
use super::names::VARIABLES;
use super::notice::Notice;
use crate::text::Foreign;
use crate::yaml::Node;

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

    pub(super) fn get(&self, name: &str) -> Option<&str> {
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
    let mut keys = Keys::new(Home::Environment);
    for (variable, key) in VARIABLES {
        let Some(value) = environment.get(variable) else { continue };
        let node = match key {
            "verify_ssl" => Node::text(verify_ssl(value)),
            "target" => {
                let targets = value.split([',', ' ']).filter(|target| !target.is_empty());
                Node::list(targets.map(Node::text))
            }
            _ => Node::text(value),
        };
        keys.insert(key, node.at, node);
    }
    Some(match Module::from_keys(&name, keys) {
        Ok((module, notices)) => Ok(Config {
            modules: BTreeMap::from([(name, module)]),
            source: ConfigSource::Environment,
            notices: notices.into_iter().chain(verify_notice(environment)).collect(),
        }),
        Err(problems) => {
            let shown = Foreign::within(&name, 60).to_string();
            let problems = problems.into_iter().map(|problem| (shown.clone(), problem)).collect();
            Err(ConfigError::Modules(ModuleProblems { file: None, problems }))
        }
    })
}

/// The variables that have no effect without `PVE_USER`.
pub(super) fn unused(environment: &Environment) -> Option<Notice> {
    let set = |(variable, _): &(&'static str, &str)| environment.get(variable).is_some();
    let unused: Vec<&str> = VARIABLES.iter().copied().filter(set).map(|(variable, _)| variable).collect();
    let words = format!("{} not used, because PVE_USER is not set", unused.join(", "));
    (!unused.is_empty()).then(|| Notice::new(words))
}

/// Proxies that other programs would use.
pub(super) fn proxies(environment: &Environment) -> Option<Notice> {
    let is_set = |variable: &&str| environment.get(variable).is_some_and(|value| !value.is_empty());
    let set: Vec<&str> = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"].into_iter().filter(is_set).collect();
    let words = format!("{} not used: the exporter connects to Proxmox VE directly", set.join(", "));
    (!set.is_empty()).then(|| Notice::new(words))
}

fn verify_notice(environment: &Environment) -> Option<Notice> {
    let value = environment.get("PVE_VERIFY_SSL")?;
    let plain = matches!(value.to_lowercase().as_str(), "" | "true" | "1" | "yes" | "on");
    (verify_ssl(value) == "true" && !plain).then(|| {
        Notice::new(
            "PVE_VERIFY_SSL is neither false, 0 nor the path of a file: certificates are verified with the system's store",
        )
    })
}

/// As the key `verify_ssl` spells it.
fn verify_ssl(value: &str) -> &str {
    if matches!(value.to_lowercase().as_str(), "false" | "0") {
        "false"
    } else if std::path::Path::new(value.trim()).is_file() {
        value.trim()
    } else {
        "true"
    }
}
