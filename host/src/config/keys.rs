//! The keys of a module while they are parsed: each is taken once and converted, or reported; keys left at the end are unknown.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use yaml_serde::Value;

use super::secret::Secret;

/// The keys of a module.
const KNOWN: [&str; 19] = [
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
const FOREIGN: [(&str, &str); 6] = [
    ("proxies", "the exporter connects to the API directly; remove it"),
    ("backend", "the exporter always uses HTTPS; remove it"),
    ("mode", "responses are always JSON; remove it"),
    ("cookies", "the exporter sends no other cookies; remove it"),
    ("host", "write target instead"),
    ("sudo", "it is an option of the ssh backends, and the exporter always uses HTTPS; remove it"),
];

#[derive(Default)]
pub(super) struct Keys {
    values: BTreeMap<String, Value>,
    problems: Vec<String>,
}

impl Keys {
    /// A key without a value is ignored, as in prometheus-pve-exporter.
    pub(super) fn insert(&mut self, key: &str, value: Value) {
        if value != Value::Null {
            self.values.insert(key.to_owned(), value);
        }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    pub(super) fn problem(&mut self, problem: impl Into<String>) {
        self.problems.push(problem.into());
    }

    /// The number of problems so far.
    pub(super) fn problems(&self) -> usize {
        self.problems.len()
    }

    fn take(&mut self, key: &str) -> Option<Value> {
        self.values.remove(key)
    }

    /// Text. Integers are read as their digits; other types are reported, without the value: it may be a secret.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        match self.take(key)? {
            Value::String(text) if text.is_empty() => {
                self.problem(format!("{key} is empty: set a value or remove it"));
                None
            }
            Value::String(text) => Some(text),
            Value::Number(number) if number.is_i64() || number.is_u64() => Some(number.to_string()),
            _ => {
                self.problem(format!("{key} must be text: quote it"));
                None
            }
        }
    }

    pub(super) fn secret(&mut self, key: &str) -> Option<Secret> {
        self.text(key).map(Secret::new)
    }

    /// The secret `key`, or the content of the file that `file_key` names, without surrounding white space.
    pub(super) fn secret_or_file(&mut self, key: &str, file_key: &str) -> Option<Secret> {
        if self.has(key) && self.has(file_key) {
            self.problem(format!("{key} and {file_key} are both set: remove one"));
        }
        let inline = self.secret(key);
        let file = self.path(file_key);
        if inline.is_some() {
            return inline;
        }
        let file = file?;
        match std::fs::read_to_string(&file) {
            Ok(content) if content.trim().is_empty() => {
                self.problem(format!("{file_key}: {} is empty", file.display()));
                None
            }
            Ok(content) => Some(Secret::new(content.trim())),
            Err(error) => {
                self.problem(format!("{file_key}: {} can't be read: {error}", file.display()));
                None
            }
        }
    }

    pub(super) fn path(&mut self, key: &str) -> Option<PathBuf> {
        self.text(key).map(PathBuf::from)
    }

    /// One string or a list of strings.
    pub(super) fn texts(&mut self, key: &str) -> Option<Vec<String>> {
        let texts = match self.take(key)? {
            Value::String(text) => Some(vec![text]),
            Value::Sequence(items) => items.into_iter().map(string).collect(),
            _ => None,
        };
        match texts {
            Some(texts) if !texts.is_empty() => Some(texts),
            _ => {
                self.problem(format!("{key} must be text or a list of texts, and not empty"));
                None
            }
        }
    }

    /// A whole number of at least 1.
    pub(super) fn count(&mut self, key: &str, max: u64) -> Option<u64> {
        let value = self.take(key)?;
        let number = match &value {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        let number = number.filter(|number| (1..=max).contains(number));
        if number.is_none() {
            self.problem(format!("{key} must be a whole number from 1 to {max}{}", shown(&value)));
        }
        number
    }

    /// Seconds, as a number with or without quotes.
    pub(super) fn seconds(&mut self, key: &str) -> Option<Duration> {
        let value = self.take(key)?;
        let seconds = match &value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse::<f64>().ok(),
            _ => None,
        };
        match seconds.filter(|seconds| *seconds >= 0.001 && *seconds <= 3600.0) {
            Some(seconds) => Some(Duration::from_secs_f64(seconds)),
            None => {
                self.problem(format!("{key} must be a number of seconds from 0.001 to 3600{}", shown(&value)));
                None
            }
        }
    }

    /// A boolean in the spellings of YAML 1.1, which PyYAML implements, or any other text.
    pub(super) fn switch_or_text(&mut self, key: &str) -> Option<Result<bool, String>> {
        match self.take(key)? {
            Value::Bool(switch) => Some(Ok(switch)),
            Value::Number(number) if number.as_u64() == Some(0) => Some(Ok(false)),
            Value::Number(number) if number.as_u64() == Some(1) => Some(Ok(true)),
            Value::String(text) => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" => Some(Ok(true)),
                "false" | "no" | "off" => Some(Ok(false)),
                "" => {
                    self.problem(format!("{key} is empty: write true, false or the path of a CA file"));
                    None
                }
                _ => Some(Err(text)),
            },
            _ => {
                self.problem(format!("{key} must be true, false or the path of a CA file"));
                None
            }
        }
    }

    /// All problems, unknown keys included.
    pub(super) fn finish(mut self) -> Vec<String> {
        for key in std::mem::take(&mut self.values).into_keys() {
            let problem = match FOREIGN.iter().find(|(name, _)| *name == key) {
                Some((_, remedy)) => format!("{key} is not supported: {remedy}"),
                None => match nearest(&key) {
                    Some(known) => format!("unknown key \"{key}\": did you mean {known}?"),
                    None => format!("unknown key \"{key}\": remove it; the keys are {}", KNOWN.join(", ")),
                },
            };
            self.problems.push(problem);
        }
        self.problems
    }
}

fn string(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// `, not "abc"` for scalars.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!(", not {:?}", text.chars().take(40).collect::<String>()),
        Value::Number(number) => format!(", not {number}"),
        Value::Bool(value) => format!(", not {value}"),
        _ => String::new(),
    }
}

/// The known key that is a typo away: at most a third of its length, but at least two edits.
fn nearest(key: &str) -> Option<&'static str> {
    let key = key.to_lowercase().replace('-', "_");
    let candidates = KNOWN.iter().map(|known| (strsim::levenshtein(&key, known), *known));
    let (edits, known) = candidates.min()?;
    (edits <= (known.len() / 3).max(2)).then_some(known)
}
