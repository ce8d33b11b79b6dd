//! The configuration as the rest of the host sees it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::notice::Notice;
use super::secret::Secret;
use super::target::{Target, TargetError, Targets};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// By name; at least one.
    pub modules: BTreeMap<String, Module>,
    pub source: ConfigSource,
    /// What works but may not be meant.
    pub notices: Vec<Notice>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigSource {
    /// `--config.file`.
    File(PathBuf),
    /// `PVE_USER` and the other variables; the file was not read.
    Environment,
}

impl Config {
    /// The module whose cluster `/metrics` scrapes: `default` if it has a target, else the only module that has one.
    pub fn scraped_module(&self) -> Option<&Module> {
        let mut with_target = self.modules.values().filter(|module| module.targets.is_some());
        let default = self.modules.get("default").filter(|module| module.targets.is_some());
        default.or_else(|| with_target.next().filter(|_| with_target.next().is_none()))
    }
}

/// How to reach clusters: a top-level entry of `pve.yml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// The entry's key, as in `/pve?module=`.
    pub name: String,
    /// `target:`, the addresses of one cluster. A module with it is scraped at `/metrics`.
    pub targets: Option<Targets>,
    /// `allowed_targets:`, which `/pve?target=` may name; `None` allows any target.
    pub allowed_targets: Option<Vec<Target>>,
    pub credentials: Credentials,
    /// For targets without a port.
    pub port: u16,
    pub verify: Verify,
    /// Of one request.
    pub timeout: Duration,
    /// Before `/api2/json`: empty, or `/prefix` without a slash at the end.
    pub path_prefix: String,
    /// A PEM file with a client certificate and its key.
    pub client_certificate: Option<PathBuf>,
    /// Requests in flight to one cluster, if not the flag's.
    pub max_concurrent: Option<usize>,
    /// Requests in flight to one node, if not the flag's.
    pub max_concurrent_per_node: Option<usize>,
}

impl Module {
    /// SHA-256 over the files that the module names, which may change while the module does not. An unreadable file counts as
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

    /// The target of a request such as `/pve?target=pve1:8006`, by default with this module's port. Fails if it is not valid
    /// or not among `allowed_targets`.
    pub fn target(&self, text: &str) -> Result<Targets, TargetError> {
        let target = Target::parse(text, self.port)?;
        match &self.allowed_targets {
            Some(allowed) if !allowed.contains(&target) => Err(TargetError::not_allowed(text)),
            _ => Ok(Targets::one(target)),
        }
    }
}

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
    /// A ticket, requested with a password and kept.
    Password {
        user: String,
        password: Secret,
        /// The code of a second factor, sent unchanged.
        otp: Option<Secret>,
    },
}

impl Credentials {
    /// All its secrets.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let (first, second) = match self {
            Self::Token { value, .. } => (value, None),
            Self::Password { password, otp, .. } => (password, otp.as_ref()),
        };
        std::iter::once(first).chain(second)
    }
}

/// How the server's certificate is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verify {
    /// The system's certificate store.
    System,
    /// A PEM file with the CA (`/etc/pve/pve-root-ca.pem`) or with the server's own certificate.
    CaFile(PathBuf),
    /// Any certificate is accepted.
    Disabled,
    /// SHA-256 of accepted server certificates: a cluster's nodes have one each.
    Fingerprints(Vec<[u8; 32]>),
}
