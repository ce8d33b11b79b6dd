//! The configuration as the rest of the host sees it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::env::Environment;
use super::error::ConfigError;
use super::secret::Secret;
use super::target::{Target, TargetError, Targets};
use super::{env, file};

/// Everything `pve.yml` or the environment says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// By name; at least one.
    pub modules: BTreeMap<String, Module>,
    /// Where it comes from.
    pub source: ConfigSource,
}

/// Where a configuration comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigSource {
    /// `--config.file`.
    File(PathBuf),
    /// `PVE_USER` and its companions; the file was not read.
    Environment,
}

impl Config {
    /// The environment where `PVE_USER` is set, else the file.
    pub fn load(file: &Path, environment: &Environment) -> Result<Self, ConfigError> {
        match env::load(environment) {
            Some(config) => config,
            None => file::load(file),
        }
    }

    /// The module whose cluster `/metrics` scrapes: `default` where it names a target, else the only one that does.
    pub fn scraped_module(&self) -> Option<&Module> {
        let mut with_target = self.modules.values().filter(|module| module.targets.is_some());
        let default = self.modules.get("default").filter(|module| module.targets.is_some());
        default.or_else(|| with_target.next().filter(|_| with_target.next().is_none()))
    }
}

/// How to reach clusters: what one top-level entry of `pve.yml` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// The entry's key, what `/pve?module=` names.
    pub name: String,
    /// `target:`, the addresses of one cluster. A module with it is scraped at `/metrics`.
    pub targets: Option<Targets>,
    /// `allowed_targets:`, what `/pve?target=` may name; `None`: anything.
    pub allowed_targets: Option<Vec<Target>>,
    /// Who we are.
    pub credentials: Credentials,
    /// Where a target names no port.
    pub port: u16,
    /// How the server proves who it is.
    pub verify: Verify,
    /// For one request.
    pub timeout: Duration,
    /// Before `/api2/json`: empty, or `/prefix` without a slash at the end.
    pub path_prefix: String,
    /// A PEM file with client certificate and key.
    pub client_certificate: Option<PathBuf>,
    /// Requests in flight to one cluster, where it differs from the flag.
    pub max_concurrent: Option<usize>,
    /// Requests in flight to one node, where it differs from the flag.
    pub max_concurrent_per_node: Option<usize>,
}

impl Module {
    /// SHA-256 over the files it names: they may change while the module does not. A file that can't be read counts as
    /// empty.
    pub fn files_digest(&self) -> [u8; 32] {
        let ca = match &self.verify {
            Verify::CaFile(path) => Some(path),
            _ => None,
        };
        let mut digest = Sha256::new();
        for path in ca.into_iter().chain(&self.client_certificate) {
            let content = std::fs::read(path).unwrap_or_default();
            digest.update(content.len().to_le_bytes());
            digest.update(content);
        }
        digest.finalize().into()
    }

    /// The target of a request such as `/pve?target=pve1:8006`, with this module's port where it names none.
    /// Refused where it is none, or not among `allowed_targets`.
    pub fn target(&self, text: &str) -> Result<Targets, TargetError> {
        let target = Target::parse(text, self.port)?;
        match &self.allowed_targets {
            Some(allowed) if !allowed.contains(&target) => Err(TargetError::not_allowed(text)),
            _ => Ok(Targets::one(target)),
        }
    }
}

/// Who we are to the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// `Authorization: PVEAPIToken=user!name=value`.
    Token {
        /// With its realm: `prometheus@pve`.
        user: String,
        /// The token's id, without the user.
        name: String,
        /// The token's UUID.
        value: Secret,
    },
    /// A ticket, fetched with a password and kept.
    Password {
        /// With its realm.
        user: String,
        /// The password.
        password: Secret,
        /// A second factor's code, handed on as it is.
        otp: Option<Secret>,
    },
}

/// How the server proves who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verify {
    /// The system's certificate store.
    System,
    /// A PEM file with the CA (`/etc/pve/pve-root-ca.pem`) or with the server's own certificate.
    CaFile(PathBuf),
    /// Any certificate does.
    Disabled,
    /// The SHA-256 of the server's certificate; one of them where a cluster has several addresses, each with its own.
    Fingerprints(Vec<[u8; 32]>),
}
