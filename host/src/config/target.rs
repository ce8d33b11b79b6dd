//! Addresses of a cluster. They decide where credentials are sent, so text that could mean two hosts is refused.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::text::Foreign;

/// One address: a host and a port, always over HTTPS.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target {
    /// Lower case; IPv6 without brackets.
    host: String,
    port: u16,
}

/// The addresses of one cluster, at least one, in the order of preference.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Targets(Vec<Target>);

/// Why text is not a valid target, with the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("target \"{target}\" {problem}")]
pub struct TargetError {
    target: Foreign,
    problem: &'static str,
}

impl TargetError {
    fn new(target: &str, problem: &'static str) -> Self {
        // A target with a user may have a password too.
        let target = if target.contains('@') { "…@…" } else { target };
        Self { target: Foreign::within(target, 100), problem }
    }

    pub(super) fn not_allowed(target: &str) -> Self {
        Self::new(target, "is not in the module's allowed_targets: add it there, or request one that is")
    }

    /// Without the target.
    pub(super) fn problem(&self) -> &'static str {
        self.problem
    }
}

impl Target {
    /// `pve1`, `pve1:8006`, `192.0.2.1`, `::1`, `[::1]:8006`, `https://pve1:8006/`.
    pub fn parse(text: &str, default_port: u16) -> Result<Self, TargetError> {
        let error = |problem: &'static str| TargetError::new(text, problem);
        if text.contains('@') {
            return Err(error("contains a user: write user and password as keys of the module"));
        }
        if text.contains([',', ' ']) {
            return Err(error("has a comma or a space: write several addresses as a list, [pve1, pve2:8006]"));
        }
        let rest = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => rest.strip_suffix('/').unwrap_or(rest),
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("http") => {
                return Err(error(
                    "must not start with http://: credentials would be sent unencrypted, and Proxmox VE only serves HTTPS; write the host without a scheme",
                ));
            }
            Some(_) => return Err(error("has an unknown scheme: write the host without a scheme")),
            None => text,
        };
        if rest.contains(['/', '?', '#', '\\']) {
            return Err(error("has a path: write host or host:port, and the path as path_prefix, a key of the module"));
        }
        let (host, port) = split(rest).ok_or_else(|| error("has unbalanced brackets: write [address]:port"))?;
        let port = match port {
            None => default_port,
            Some(port) => match port.parse::<u16>() {
                Ok(number) if number != 0 => number,
                _ => return Err(error("has an invalid port: write host:port with a port from 1 to 65535")),
            },
        };
        let host = check_host(host).map_err(error)?;
        Ok(Self { host, port })
    }

    /// The host name or address; IPv6 without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    pub fn port(&self) -> u16 {
        self.port
    }
}

/// `host:port`, IPv6 in brackets, as in a URL.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl Targets {
    pub fn one(target: Target) -> Self {
        Self(vec![target])
    }

    /// Drops duplicates; `None` if there are no targets.
    pub fn new(targets: impl IntoIterator<Item = Target>) -> Option<Self> {
        let mut unique: Vec<Target> = Vec::new();
        for target in targets {
            if !unique.contains(&target) {
                unique.push(target);
            }
        }
        if unique.is_empty() { None } else { Some(Self(unique)) }
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Target> {
        self.0.iter()
    }
}

/// `host:port` joined by commas.
impl fmt::Display for Targets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, target) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            write!(f, "{target}")?;
        }
        Ok(())
    }
}

/// Host and port; `None` for unbalanced brackets.
fn split(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        // Brackets are for addresses only.
        host.parse::<Ipv6Addr>().ok()?;
        return match after {
            "" => Some((host, None)),
            _ => after.strip_prefix(':').map(|port| (host, Some(port))),
        };
    }
    match text.split_once(':') {
        None => Some((text, None)),
        Some((_, rest)) if rest.contains(':') => Some((text, None)),
        Some((host, port)) => Some((host, Some(port))),
    }
}

fn check_host(host: &str) -> Result<String, &'static str> {
    if host.is_empty() {
        return Err("has no host: write host or host:port");
    }
    if host.contains(':') {
        let address = host.parse::<Ipv6Addr>().map_err(|_| "is not an IPv6 address: write [address]:port")?;
        return Ok(address.to_string());
    }
    if !host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_')) {
        return Err("has a character in the host that host names do not have: write host or host:port");
    }
    if host.len() > 253 || host.trim_end_matches('.').split('.').any(|label| label.is_empty() || label.len() > 63) {
        return Err("is not a host name: a part between dots is empty or too long");
    }
    // URL parsers accept `0x7f.1` and `127.1` as addresses. Only the plain form is accepted here, so that the address compared
    // with allowed_targets is the one that is connected to.
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or(host);
    let numeric = last.bytes().all(|b| b.is_ascii_digit()) || last.to_ascii_lowercase().starts_with("0x");
    if numeric && host.parse::<Ipv4Addr>().is_err() {
        return Err("is neither a host name nor an IPv4 address of four numbers");
    }
    Ok(host.to_ascii_lowercase())
}
