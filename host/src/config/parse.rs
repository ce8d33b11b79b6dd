//! Turns the keys of a module into a [`Module`]: the rules between keys, and the remedies.

use std::time::Duration;

use super::keys::Keys;
use super::module::{Credentials, Module, Verify};
use super::target::{Target, Targets};

/// Where `pveproxy` listens.
const PORT: u16 = 8006;
/// Of one request, as in prometheus-pve-exporter.
const TIMEOUT: Duration = Duration::from_secs(5);

impl Module {
    /// Returns all problems at once.
    pub(super) fn from_keys(name: &str, mut keys: Keys) -> Result<Self, Vec<String>> {
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
        if let Some(service) = keys.text("service")
            && !service.eq_ignore_ascii_case("PVE")
        {
            keys.problem(format!("service {service:?} is not supported, only PVE: remove it"));
        }

        let problems = keys.finish();
        match credentials {
            Some(credentials) if problems.is_empty() => Ok(Self {
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
            }),
            _ => Err(problems),
        }
    }
}

fn addresses(keys: &mut Keys, key: &str, port: u16) -> Option<Vec<Target>> {
    let mut targets = Vec::new();
    for text in keys.texts(key)? {
        match Target::parse(&text, port) {
            Ok(target) => targets.push(target),
            Err(error) => keys.problem(error.to_string()),
        }
    }
    Some(targets)
}

/// Reports a problem if it returns `None`.
fn credentials(keys: &mut Keys) -> Option<Credentials> {
    if keys.has("token") {
        return whole_token(keys);
    }
    if !keys.has("user") {
        keys.problem("user is missing: write user: prometheus@pve");
    }
    let before = keys.problems();
    let user = keys.text("user");
    let mut token_name = keys.text("token_name");
    let token_value = keys.secret_or_file("token_value", "token_value_file");
    let password = keys.secret_or_file("password", "password_file");
    let otp = keys.secret("otp");
    if keys.problems() > before {
        // An invalid key would be reported as missing too.
        return None;
    }
    let user = user?;
    // A whole token pasted into the wrong key must not end up in a log.
    if user.contains('=') {
        keys.problem("user must not contain a whole token: write token: user@realm!name=value instead");
        return None;
    }
    let user = match user.split_once('!') {
        None => user,
        Some((user, name)) => {
            if token_name.is_some() {
                keys.problem(format!("user and token_name both name a token: remove !{name} from user, or token_name"));
                return None;
            }
            token_name = Some(name.to_owned());
            user.to_owned()
        }
    };
    check_user(keys, &user)?;
    match (token_name, token_value, password) {
        (Some(name), Some(value), _) => {
            check_token_name(keys, &name)?;
            if !token_text(value.reveal()) {
                keys.problem("token_value must be the token's secret alone, 8-4-4-4-12 hexadecimal digits");
                return None;
            }
            Some(Credentials::Token { user, name, value })
        }
        (Some(_), None, _) => {
            keys.problem("token_value is missing: Proxmox VE shows it once, when the token is created");
            None
        }
        (None, Some(_), _) => {
            keys.problem(format!("token_name is missing: for the token {user}!exporter it is exporter"));
            None
        }
        (None, None, Some(password)) => Some(Credentials::Password { user, password, otp }),
        (None, None, None) => {
            keys.problem("credentials are missing: set token_name and token_value, or password");
            None
        }
    }
}

/// `token: user@realm!name=value`, as in an `Authorization` header.
fn whole_token(keys: &mut Keys) -> Option<Credentials> {
    for other in ["user", "token_name", "token_value", "token_value_file", "password", "password_file", "otp"] {
        if keys.has(other) {
            keys.problem(format!("token and {other} are both set, and token includes all credentials: remove one"));
            keys.text(other);
        }
    }
    let token = keys.secret("token")?;
    let token = token.reveal().strip_prefix("PVEAPIToken=").unwrap_or(token.reveal());
    let Some((user, rest)) = token.split_once('!') else {
        keys.problem("token has no \"!\": write the whole token, user@realm!name=value");
        return None;
    };
    let Some((name, value)) = rest.split_once('=') else {
        keys.problem("token has no \"=\": write the whole token, user@realm!name=value");
        return None;
    };
    if user.contains('=') || !user.contains('@') {
        keys.problem("token has no user@realm before the \"!\": write the whole token, user@realm!name=value");
        return None;
    }
    check_user(keys, user)?;
    check_token_name(keys, name)?;
    if !token_text(value) {
        keys.problem("token must end with the token's secret, 8-4-4-4-12 hexadecimal digits: user@realm!name=value");
        return None;
    }
    Some(Credentials::Token { user: user.to_owned(), name: name.to_owned(), value: super::Secret::new(value) })
}

fn check_user(keys: &mut Keys, user: &str) -> Option<()> {
    let realm = user.rsplit_once('@').map(|(name, realm)| !name.is_empty() && !realm.is_empty());
    if realm != Some(true) {
        keys.problem(format!("user {user:?} has no realm: write it as name@realm, such as prometheus@pve or root@pam"));
        return None;
    }
    if user.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, ':' | '/' | '!')) {
        keys.problem(format!("user {user:?} contains a character that is not allowed in user names"));
        return None;
    }
    Some(())
}

fn check_token_name(keys: &mut Keys, name: &str) -> Option<()> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if let Some((_, short)) = name.split_once('!')
        && short.chars().all(allowed)
    {
        keys.problem(format!("token_name must be the part after the \"!\": write token_name: {short}"));
        return None;
    }
    if name.is_empty() || !name.chars().all(allowed) {
        keys.problem("token_name must be letters, digits, -, _ and .: the part of the token's ID after the \"!\"");
        return None;
    }
    Some(())
}

/// Valid in a header, and not a whole token. Proxmox VE generates UUIDs; simulators may not.
fn token_text(value: &str) -> bool {
    !value.is_empty() && value.chars().all(|c| c.is_ascii_graphic() && c != '!' && c != '=')
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
        keys.problem("verify_ssl names a CA file, but fingerprint pins a certificate: remove one");
    }
    let digests: Option<Vec<_>> = fingerprints.iter().map(|text| parse_fingerprint(text)).collect();
    if digests.is_none() {
        keys.problem(
            "fingerprint must be the SHA-256 of a certificate, 32 bytes as AA:BB:… (pvenode cert info prints it), or a list of them",
        );
    }
    Verify::Fingerprints(digests.unwrap_or_default())
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
        keys.problem(format!("path_prefix {prefix:?} must consist of segments of letters, digits, -, ., _ and ~"));
        String::new()
    }
}
