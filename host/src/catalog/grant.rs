//! Grants: what an operator allows a third-party collector to see and use, in `name.yml` next to `name.wasm`.
//!
//! A grant allows requests by their exact template, without wildcards or prefixes. If a manifest has a request that its grant does
//! not allow, the component is refused with the lines to add.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;

use crate::limits::{LimitOverride, Limits};
use crate::request::Template;
use crate::schema::Schema;

/// A parsed grant file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Grant {
    /// The SHA-256 of the only component it is for, in lower-case hexadecimal; `None` for any component.
    pub sha256: Option<String>,
    pub allow: Vec<Template>,
    pub settings: Vec<(String, String)>,
    limits: Vec<LimitOverride>,
}

/// An error in a grant file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct GrantError(String);

/// Why a grant does not cover a component.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("its sha256 is {found}, but the grant is for {granted}; if you trust this version, write: sha256: {found}")]
    Digest { found: String, granted: String },
    #[error("the collector requests more than is allowed; add to its grant file: {}", allow_lines(.missing))]
    Requests { missing: Vec<String> },
    /// No grant can allow it.
    #[error("the collector requests {path}, which no grant can allow: {reason}")]
    Forbidden { path: String, reason: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    sha256: Option<String>,
    #[serde(default)]
    allow: Option<Vec<String>>,
    #[serde(default)]
    settings: Option<BTreeMap<String, yaml_serde::Value>>,
    #[serde(default)]
    limits: Option<BTreeMap<String, yaml_serde::Value>>,
}

impl Grant {
    /// Parses the text of a grant file. Unknown keys are errors: a misspelt `limits` would grant more than intended.
    pub fn parse(text: &str) -> Result<Self, GrantError> {
        let file = yaml_serde::from_str::<Option<File>>(text).map_err(|error| GrantError(error.to_string()))?;
        let Some(file) = file else { return Ok(Self::default()) };
        let sha256 = file.sha256.map(|digest| check_digest(&digest)).transpose()?;
        let allow = file
            .allow
            .unwrap_or_default()
            .iter()
            .map(|path| Template::parse(path).map_err(|error| GrantError(format!("allow: {error}"))))
            .collect::<Result<_, _>>()?;
        let settings = texts(file.settings, "settings")?;
        let limits = texts(file.limits, "limits")?
            .iter()
            .map(|(name, value)| LimitOverride::parse(name, value))
            .collect::<Result<_, _>>()
            .map_err(|problem| GrantError(format!("limits: {problem}")))?;
        Ok(Self { sha256, allow, settings, limits })
    }

    /// The collector's limits: the grant's, and `global` for the others.
    #[must_use]
    pub fn limits(&self, global: &Limits) -> Limits {
        global.with(&self.limits)
    }

    pub fn check_digest(&self, digest: &str) -> Result<(), Refusal> {
        match &self.sha256 {
            Some(granted) if granted != digest => {
                Err(Refusal::Digest { found: digest.to_owned(), granted: granted.clone() })
            }
            _ => Ok(()),
        }
    }

    /// Checks that all requests of a manifest are allowed.
    pub fn check_requests(&self, schema: &Schema) -> Result<(), Refusal> {
        for template in schema.requests.iter().map(|request| &request.template) {
            if let Some(reason) = template.forbidden() {
                return Err(Refusal::Forbidden { path: template.to_string(), reason: reason.to_owned() });
            }
        }
        let missing: Vec<String> = schema
            .requests
            .iter()
            .map(|request| &request.template)
            .filter(|template| !self.allow.contains(template))
            .map(ToString::to_string)
            .collect();
        if missing.is_empty() { Ok(()) } else { Err(Refusal::Requests { missing }) }
    }

    /// A grant file for all requests of a manifest, pinned to a digest. Paths that are denied by default are comments, which the
    /// operator can uncomment.
    #[must_use]
    pub fn write(schema: &Schema, digest: &str) -> String {
        let mut text = format!("# What {} {} may see and use.\nsha256: {digest}\n", schema.name, schema.version);
        let asked: Vec<&Template> = schema.requests.iter().map(|request| &request.template).collect();
        text.push_str(if asked.is_empty() { "allow: []\n" } else { "allow:\n" });
        for template in asked {
            let _ = match template.denied() {
                Some(reason) => writeln!(text, "  # denied by default: {reason}\n  # - \"{template}\""),
                None => writeln!(text, "  - \"{template}\""),
            };
        }
        text.push_str("settings: {}\nlimits: {}\n");
        text
    }
}

fn allow_lines(missing: &[String]) -> String {
    let quoted: Vec<String> = missing.iter().map(|path| format!("\"{path}\"")).collect();
    format!("allow: [{}]", quoted.join(", "))
}

fn check_digest(text: &str) -> Result<String, GrantError> {
    let digest = text.trim().trim_start_matches("sha256:").to_ascii_lowercase();
    if digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(digest)
    } else {
        Err(GrantError(format!("sha256: {text} is not 64 hexadecimal digits, as sha256sum prints them")))
    }
}

/// Scalars as text: YAML allows `80`, `"80"` and `true`, collectors get text.
fn texts(
    values: Option<BTreeMap<String, yaml_serde::Value>>,
    section: &str,
) -> Result<Vec<(String, String)>, GrantError> {
    let text = |(key, value): (String, yaml_serde::Value)| {
        let text = match value {
            yaml_serde::Value::String(text) => text,
            yaml_serde::Value::Number(number) => number.to_string(),
            yaml_serde::Value::Bool(flag) => flag.to_string(),
            yaml_serde::Value::Null => String::new(),
            _ => return Err(GrantError(format!("{section}: {key} is a list or a mapping; write text"))),
        };
        Ok((key, text))
    };
    values.unwrap_or_default().into_iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_grant() {
        let digest = "AB".repeat(32);
        let grant = Grant::parse(&format!(
            "sha256: {digest}\nallow: [\"/nodes/{{node}}/disks/zfs\"]\nsettings: {{warn-at: 80, on: true}}\nlimits: {{cpu: 100ms, memory: 32MiB, series: 5000}}\n"
        ))
        .unwrap();
        assert_eq!(grant.sha256, Some("ab".repeat(32)));
        assert_eq!(grant.settings, [("on".to_owned(), "true".to_owned()), ("warn-at".to_owned(), "80".to_owned())]);
        let limits = grant.limits(&Limits::default());
        assert_eq!((limits.cpu.as_millis(), limits.memory, limits.series), (100, 32 << 20, 5000));
        assert_eq!(limits.rows, Limits::default().rows);
    }

    #[test]
    fn an_empty_file_grants_nothing() {
        assert_eq!(Grant::parse(""), Ok(Grant::default()));
        assert_eq!(Grant::parse("# nothing\n"), Ok(Grant::default()));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, words) in [
            ("alow: []", "unknown field `alow`"),
            ("limits: {cpus: 1}", "cpus is not a limit; the limits are"),
            ("limits: {cpu: fast}", "cpu: write a time such as 100ms"),
            ("allow: [\"/nodes/{node}/../x\"]", "must not contain the segment .."),
            ("allow: [\"https://elsewhere/x\"]", "must start with /"),
            ("sha256: abc", "is not 64 hexadecimal digits"),
            ("settings: {a: [1]}", "settings: a is a list"),
            ("- a", "expected struct"),
            ("allow: {", ""),
        ] {
            let error = Grant::parse(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
