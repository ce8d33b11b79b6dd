//! The names of keys and environment variables.

/// The keys of a module.
pub(super) const KNOWN: [&str; 19] = [
    "user",
    "password",
    "password_file",
    "otp",
    "token",
    "token_name",
    "token_value",
    "token_value_file",
    "target",
    "allowed_targets",
    "port",
    "verify_ssl",
    "fingerprint",
    "cert",
    "timeout",
    "path_prefix",
    "service",
    "max_concurrent",
    "max_concurrent_per_node",
];

/// Keys that prometheus-pve-exporter passes to its HTTP library and that are not supported here, with the remedy.
pub(super) const FOREIGN: [(&str, &str); 6] = [
    ("proxies", "is not supported: the exporter connects to the API directly; remove it"),
    ("backend", "is not supported: the exporter always uses HTTPS; remove it"),
    ("mode", "is not supported: responses are always JSON; remove it"),
    ("cookies", "is not supported: the exporter sends no other cookies; remove it"),
    ("host", "is not supported: write target instead"),
    ("sudo", "is not supported: it is an option of the ssh backends, and the exporter always uses HTTPS; remove it"),
];

/// The environment variables and their keys.
pub(super) const VARIABLES: [(&str, &str); 9] = [
    ("PVE_USER", "user"),
    ("PVE_PASSWORD", "password"),
    ("PVE_PASSWORD_FILE", "password_file"),
    ("PVE_TOKEN_NAME", "token_name"),
    ("PVE_TOKEN_VALUE", "token_value"),
    ("PVE_TOKEN_VALUE_FILE", "token_value_file"),
    ("PVE_FINGERPRINT", "fingerprint"),
    ("PVE_VERIFY_SSL", "verify_ssl"),
    ("PVE_TARGET", "target"),
];

/// The known key that is a typo away: at most a third of its length, but at least two edits.
pub(super) fn nearest(key: &str) -> Option<&'static str> {
    let key = key.to_lowercase().replace('-', "_");
    let candidates = KNOWN.iter().map(|known| (strsim::levenshtein(&key, known), *known));
    let (edits, known) = candidates.min()?;
    (edits <= (known.len() / 3).max(2)).then_some(known)
}
