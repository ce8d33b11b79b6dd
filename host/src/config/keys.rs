//! The keys of one module while they are read: each is taken once, converted or complained about; what is left at the
//! end is unknown.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use yaml_serde::Value;

use super::secret::Secret;

/// What can stand in a module.
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

/// What prometheus-pve-exporter hands to its HTTP library and has no meaning here.
const FOREIGN: [(&str, &str); 6] = [
    ("proxies", "no proxy is used on the way to the API; remove it"),
    ("backend", "there is one way to the API, https; remove it"),
    ("mode", "the answers are always JSON; remove it"),
    ("cookies", "no cookies are kept; remove it"),
    ("host", "write target: instead"),
    ("sudo", "it belongs to the ssh backends, and there is one way to the API, https; remove it"),
];

#[derive(Default)]
pub(super) struct Keys {
    values: BTreeMap<String, Value>,
    problems: Vec<String>,
}

impl Keys {
    /// A key without a value is as good as none: that is what `key:` means to prometheus-pve-exporter as well.
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

    /// How many there are so far.
    pub(super) fn problems(&self) -> usize {
        self.problems.len()
    }

    fn take(&mut self, key: &str) -> Option<Value> {
        self.values.remove(key)
    }

    /// Text. Integers are taken as their digits; other kinds are a problem, told without the value: it may be a secret.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        match self.take(key)? {
            Value::String(text) if text.is_empty() => {
                self.problem(format!("{key} is empty: give it a value or remove it"));
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

    /// A secret under `key`, or the content of the file under `file_key`, without white space around it.
    pub(super) fn secret_or_file(&mut self, key: &str, file_key: &str) -> Option<Secret> {
        if self.has(key) && self.has(file_key) {
            self.problem(format!("{key} and {file_key} are both given: remove one"));
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

    /// One text or a list of them.
    pub(super) fn texts(&mut self, key: &str) -> Option<Vec<String>> {
        let texts = match self.take(key)? {
            Value::String(text) => Some(vec![text]),
            Value::Sequence(items) => items.into_iter().map(string).collect(),
            _ => None,
        };
        match texts {
            Some(texts) if !texts.is_empty() => Some(texts),
            _ => {
                self.problem(format!("{key} must be text or a list of texts, not empty"));
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

    /// Seconds, as a number or as a number in quotes.
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
                self.problem(format!("{key} must be seconds, from 0.001 to 3600{}", shown(&value)));
                None
            }
        }
    }

    /// A boolean as YAML 1.1 spells it, since that is what PyYAML reads, or a text that is none.
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

    /// Everything that was wrong, unknown keys included.
    pub(super) fn finish(mut self) -> Vec<String> {
        for key in std::mem::take(&mut self.values).into_keys() {
            let problem = match FOREIGN.iter().find(|(name, _)| *name == key) {
                Some((_, remedy)) => format!("{key} has no meaning here: {remedy}"),
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

/// `, not "abc"` for values that can be shown in a line.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!(", not {:?}", text.chars().take(40).collect::<String>()),
        Value::Number(number) => format!(", not {number}"),
        Value::Bool(value) => format!(", not {value}"),
        _ => String::new(),
    }
}

/// The known key that is a typing mistake away: at most a third of its length, two steps at least.
fn nearest(key: &str) -> Option<&'static str> {
    let key = key.to_lowercase().replace('-', "_");
    let candidates = KNOWN.iter().map(|known| (distance(&key, known), *known));
    let (steps, known) = candidates.min()?;
    (steps <= (known.len() / 3).max(2)).then_some(known)
}

/// Levenshtein's.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for ((to, above), diagonal) in b.iter().zip(row.iter().skip(1)).zip(&row) {
            let left = next.last().copied().unwrap_or_default();
            next.push((diagonal + usize::from(from != *to)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
