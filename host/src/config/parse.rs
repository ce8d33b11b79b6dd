//! Turns the keys of a module into a [`Module`]: the rules between keys, and the remedies.

use std::time::Duration;

use super::credentials::credentials;
use super::keys::Keys;
use super::module::{Module, Verify};
use super::notice::Notice;
use super::problem::Problem;
use super::target::{Target, Targets};

/// Where `pveproxy` listens.
const PORT: u16 = 8006;
/// Of one request, as in prometheus-pve-exporter.
const TIMEOUT: Duration = Duration::from_secs(5);

impl Module {
    /// Returns all problems at once.
    pub(super) fn from_keys(name: &str, mut keys: Keys) -> Result<(Self, Vec<Notice>), Vec<Problem>> {
        let port = keys.count("port", 65535).and_then(|port| u16::try_from(port).ok()).unwrap_or(PORT);
        let targets = addresses(&mut keys, "target", port).and_then(Targets::new);
        let allowed_targets = addresses(&mut keys, "allowed_targets", port);
        let credentials = credentials(&mut keys);
        let verify = verify(&mut keys);
        let timeout = keys.seconds("timeout").unwrap_or(TIMEOUT);
        let path_prefix = path_prefix(&mut keys);
        let client_certificate = keys.path("cert");
        let max_concurrent = keys.count("max_concurrent", 1000).and_then(|n| usize::try_from(n).ok());
        let max_concurrent_per_node = keys.count("max_concurrent_per_node", 1000).and_then(|n| usize::try_from(n).ok());
        if keys.text("service").is_some_and(|service| !service.eq_ignore_ascii_case("PVE")) {
            keys.problem("service", "must be PVE, the only service supported: remove it");
        }
        if verify == Verify::Disabled {
            keys.notice(
                "certificates are not verified (verify_ssl): whoever is on the way to the API can read the credentials; set \
                 verify_ssl to the cluster's CA file, or pin the certificate with fingerprint",
            );
        }

        let exposed = keys.exposed();
        let (problems, notices) = keys.finish();
        match credentials {
            Some(credentials) if problems.is_empty() => {
                let module = Self {
                    name: name.to_owned(),
                    targets,
                    allowed_targets,
                    credentials,
                    port,
                    verify,
                    timeout,
                    path_prefix,
                    client_certificate,
                    max_concurrent,
                    max_concurrent_per_node,
                };
                Ok((module, notices.into_iter().map(|words| Notice::of(name, words)).chain(exposed).collect()))
            }
            _ => Err(problems),
        }
    }
}

fn addresses(keys: &mut Keys, key: &'static str, port: u16) -> Option<Vec<Target>> {
    let mut targets = Vec::new();
    for (at, text) in keys.texts(key)? {
        match Target::parse(&text, port) {
            Ok(target) => targets.push(target),
            Err(error) => keys.problem_at(key, Some(at), error.problem()),
        }
    }
    Some(targets)
}

fn verify(keys: &mut Keys) -> Verify {
    let switch = keys.switch_or_text("verify_ssl");
    let Some(fingerprints) = keys.texts("fingerprint") else {
        return match switch {
            None | Some(Ok(true)) => Verify::System,
            Some(Ok(false)) => Verify::Disabled,
            Some(Err(path)) => Verify::CaFile(path.into()),
        };
    };
    if let Some(Err(_)) = switch {
        keys.problem("verify_ssl", "names a CA file, but fingerprint pins a certificate: remove one");
    }
    let mut digests = Vec::new();
    for (at, text) in fingerprints {
        match parse_fingerprint(&text) {
            Some(digest) => digests.push(digest),
            None => keys.problem_at(
                "fingerprint",
                Some(at),
                "must be the SHA-256 of a certificate, 32 bytes as AA:BB:… (pvenode cert info prints it), or a list of them",
            ),
        }
    }
    Verify::Fingerprints(digests)
}

fn parse_fingerprint(text: &str) -> Option<[u8; 32]> {
    let digits: String = text.chars().filter(|c| *c != ':').collect();
    let mut digest = [0; 32];
    hex::decode_to_slice(digits, &mut digest).ok()?;
    Some(digest)
}

fn path_prefix(keys: &mut Keys) -> String {
    let Some(prefix) = keys.text("path_prefix") else { return String::new() };
    let trimmed = prefix.trim_matches('/');
    let segment = |s: &str| {
        !matches!(s, "" | "." | "..")
            && s.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~'))
    };
    if trimmed.is_empty() {
        String::new()
    } else if trimmed.split('/').all(segment) {
        format!("/{trimmed}")
    } else {
        keys.problem("path_prefix", "must consist of segments of letters, digits, -, ., _ and ~");
        String::new()
    }
}
