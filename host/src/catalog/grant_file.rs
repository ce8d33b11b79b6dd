//! Parses grant files. Errors have a position and quote no values, as for `pve.yml`.

use super::grant::Grant;
use crate::limits::{LIMITS, Limit, LimitOverride};
use crate::request::Template;
use crate::yaml::{self, Entry, Name, Node, Position, Scalar, SyntaxError, Value};

const KEYS: &str = "sha256, allow, settings and limits";

/// An error in a grant file, after the file's name and a colon: `3:1: …`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {problem}")]
pub struct GrantError {
    at: Position,
    problem: String,
}

impl GrantError {
    /// The file has a form that is not understood well enough to be changed.
    pub(super) fn by_hand() -> Self {
        let problem = "the file can't be updated in its form: add what is missing by hand";
        Self { at: Position { line: 1, column: 1 }, problem: problem.to_owned() }
    }
}

impl From<SyntaxError> for GrantError {
    fn from(error: SyntaxError) -> Self {
        Self { at: error.at, problem: error.fault.to_string() }
    }
}

fn error<T>(at: Position, problem: impl Into<String>) -> Result<T, GrantError> {
    Err(GrantError { at, problem: problem.into() })
}

impl Grant {
    /// Parses the text of a grant file. Unknown keys are errors: a misspelt `limits` would grant more than intended.
    pub fn parse(text: &str) -> Result<Self, GrantError> {
        let mut grant = Self::default();
        for Entry { key, at, value } in entries(yaml::parse(text)?, "a grant")? {
            match key.as_str() {
                _ if value.is_null() && is_key(&key) => {}
                "sha256" => grant.sha256 = Some(digest(&value)?),
                "allow" => grant.allow = templates(value)?,
                "settings" => {
                    let settings = entries(value, "settings")?;
                    let texts = settings.into_iter().map(|entry| Ok((entry.key, setting(&entry.value)?)));
                    grant.settings = texts.collect::<Result<_, GrantError>>()?;
                    grant.settings.sort();
                }
                "limits" => {
                    let limits = entries(value, "limits")?;
                    grant.limits = limits.iter().map(limit).collect::<Result<_, _>>()?;
                }
                _ => return error(at, format!("{} is not a key of a grant; the keys are {KEYS}", shown(&key))),
            }
        }
        Ok(grant)
    }
}

fn is_key(key: &str) -> bool {
    matches!(key, "sha256" | "allow" | "settings" | "limits")
}

/// A key for a message.
fn shown(key: &str) -> String {
    Name::new(key).map_or_else(|| "this".to_owned(), |name| name.to_string())
}

/// A mapping; nothing at all is an empty one.
fn entries(node: Node, what: &str) -> Result<Vec<Entry>, GrantError> {
    let null = node.is_null();
    match node.value {
        Value::Mapping(entries) => Ok(entries),
        _ if null => Ok(Vec::new()),
        _ => error(node.at, format!("{what} must be a mapping, such as \"key: value\"")),
    }
}

fn digest(node: &Node) -> Result<String, GrantError> {
    let text = match &node.value {
        Value::Scalar(Scalar { text, .. }) => text.trim().trim_start_matches("sha256:").to_ascii_lowercase(),
        _ => String::new(),
    };
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(text)
    } else {
        error(node.at, "sha256 must be 64 hexadecimal digits, as sha256sum prints them")
    }
}

fn templates(node: Node) -> Result<Vec<Template>, GrantError> {
    let Value::List(items) = node.value else { return error(node.at, "allow must be a list of API paths") };
    let template = |item: Node| match &item.value {
        Value::Scalar(Scalar { text, .. }) => Template::parse(text)
            .or_else(|problem| error(item.at, format!("allow: invalid path: {}", problem.problem()))),
        _ => error(item.at, "allow must be a list of API paths; quote a path with { and }"),
    };
    items.into_iter().map(template).collect()
}

/// Collectors get text: `80` and `yes` as written, nothing as an empty text.
fn setting(node: &Node) -> Result<String, GrantError> {
    match &node.value {
        _ if node.is_null() => Ok(String::new()),
        Value::Scalar(Scalar { text, .. }) => Ok(text.clone()),
        _ => error(node.at, "settings are text: quote the value"),
    }
}

fn limit(entry: &Entry) -> Result<LimitOverride, GrantError> {
    if Limit::named(&entry.key).is_none() {
        let names: Vec<&str> = LIMITS.iter().map(|limit| limit.name).collect();
        let names = names.join(", ");
        return error(entry.at, format!("limits: {} is not a limit; the limits are {names}", shown(&entry.key)));
    }
    match &entry.value.value {
        Value::Scalar(Scalar { text, .. }) => LimitOverride::parse(&entry.key, text)
            .or_else(|problem| error(entry.value.at, format!("limits: {problem}"))),
        _ => error(entry.at, "a limit is a number with a unit, such as cpu: 500ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    #[test]
    fn a_whole_grant() {
        let digest = "AB".repeat(32);
        let grant = Grant::parse(&format!(
            "sha256: {digest}\nallow: [\"/nodes/{{node}}/disks/zfs\"]\nsettings: {{warn-at: 0x50, on: true}}\nlimits: {{cpu: 100ms, memory: 32MiB, series: 5000}}\n"
        ))
        .unwrap();
        assert_eq!(grant.sha256, Some("ab".repeat(32)));
        assert_eq!(grant.settings, [("on".to_owned(), "true".to_owned()), ("warn-at".to_owned(), "0x50".to_owned())]);
        let limits = grant.limits(&Limits::default());
        assert_eq!((limits.cpu.as_millis(), limits.memory, limits.series), (100, 32 << 20, 5000));
        assert_eq!(limits.rows, Limits::default().rows);
    }

    #[test]
    fn an_empty_file_grants_nothing() {
        assert_eq!(Grant::parse(""), Ok(Grant::default()));
        assert_eq!(Grant::parse("# nothing\n"), Ok(Grant::default()));
        assert_eq!(Grant::parse("allow:\nsettings: ~\nlimits:\nsha256:\n"), Ok(Grant::default()));
    }

    #[test]
    fn errors_have_a_position_and_no_value() {
        for (text, words) in [
            ("alow: []", "1:1: alow is not a key of a grant; the keys are sha256, allow, settings and limits"),
            ("s3same: []", "1:1: this is not a key of a grant"),
            ("limits: {cpus: 1}", "1:10: limits: cpus is not a limit; the limits are"),
            ("limits: {s3same: 1}", "1:10: limits: this is not a limit; the limits are"),
            ("limits: {cpu: s3same}", "1:15: limits: cpu: write a time such as 100ms"),
            ("limits: {cpu: [s3same]}", "1:10: a limit is a number"),
            ("allow:\n- \"/nodes/{node}/../x\"", "2:3: allow: invalid path: must not contain the segment .."),
            ("allow: [s3same]", "1:9: allow: invalid path: must start with /"),
            ("allow: s3same", "1:8: allow must be a list"),
            ("sha256: s3same", "1:9: sha256 must be 64 hexadecimal digits"),
            ("settings: {a: [s3same]}", "1:15: settings are text"),
            ("settings: s3same", "1:11: settings must be a mapping"),
            ("- s3same", "1:1: a grant must be a mapping"),
            ("allow: {", "1:8: a bracket is not closed"),
            ("allow: !s3same []", "1:16: a tag (!)"),
        ] {
            let error = Grant::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(words) && !error.contains("s3same"), "{text}: {error}");
        }
    }
}
