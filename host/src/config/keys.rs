//! The keys of a module while they are parsed: each is taken once and converted, or reported; keys left at the end are unknown.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::names::{FOREIGN, KNOWN, VARIABLES, nearest};
use super::notice::Notice;
use super::problem::{Complaint, Problem, Subject};
use super::secret::Secret;
use crate::yaml::{self, Name, Node, Position, Scalar, Value};

/// Maximum bytes of a file with a secret.
const SECRET_BYTES: u64 = 64 << 10;

/// Where a module's keys come from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Home {
    /// A file, with the position of the module's name.
    File(Position),
    Environment,
}

pub(super) struct Keys {
    home: Home,
    values: BTreeMap<String, Node>,
    positions: BTreeMap<String, Position>,
    problems: Vec<Problem>,
    notices: Vec<&'static str>,
    /// The files with secrets that were read.
    files: Vec<PathBuf>,
}

impl Keys {
    pub(super) fn new(home: Home) -> Self {
        Self {
            home,
            values: BTreeMap::new(),
            positions: BTreeMap::new(),
            problems: Vec::new(),
            notices: Vec::new(),
            files: Vec::new(),
        }
    }

    /// A key without a value is ignored, as in prometheus-pve-exporter.
    pub(super) fn insert(&mut self, key: &str, at: Position, value: Node) {
        self.positions.insert(key.to_owned(), at);
        // An unknown one is reported: it may be a value without its key.
        let known = KNOWN.contains(&key) || FOREIGN.iter().any(|(name, _)| *name == key);
        if !value.is_null() || !known {
            self.values.insert(key.to_owned(), value);
        }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// Reports a problem with a key, at its position or the module's.
    pub(super) fn problem(&mut self, key: &'static str, complaint: impl Into<Complaint>) {
        let at = self.positions.get(key).copied();
        self.problem_at(key, at, complaint);
    }

    /// Reports a problem with a part of a key's value.
    pub(super) fn problem_at(&mut self, key: &'static str, at: Option<Position>, complaint: impl Into<Complaint>) {
        let (at, key) = match self.home {
            Home::File(module) => (Some(at.unwrap_or(module)), key),
            Home::Environment => {
                (None, VARIABLES.iter().find(|(_, known)| *known == key).map_or(key, |(variable, _)| variable))
            }
        };
        self.problems.push(Problem { at, key: Subject::Known(key), complaint: complaint.into() });
    }

    /// The number of problems so far.
    pub(super) fn problems(&self) -> usize {
        self.problems.len()
    }

    /// Reports something about the module that is no error.
    pub(super) fn notice(&mut self, words: &'static str) {
        self.notices.push(words);
    }

    /// Files with secrets that other users can read or change.
    pub(super) fn exposed(&self) -> Vec<Notice> {
        self.files.iter().filter_map(|file| Notice::exposed(file, true)).collect()
    }

    /// Drops a key that another problem is about.
    pub(super) fn ignore(&mut self, key: &str) {
        self.values.remove(key);
    }

    fn take(&mut self, key: &str) -> Option<Node> {
        self.values.remove(key)
    }

    /// Text as written: `0x1F`, `007` and `yes` are not converted.
    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        let node = self.take(key)?;
        self.text_of(key, &node)
    }

    fn text_of(&mut self, key: &'static str, node: &Node) -> Option<String> {
        let Value::Scalar(Scalar { text, .. }) = &node.value else {
            self.problem_at(key, Some(node.at), "must be text: quote it");
            return None;
        };
        // Block scalars and variables made from files end with a line feed, files of Windows start with a mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_end_matches(['\n', '\r']);
        let complaint = if text.is_empty() {
            "is empty: set a value or remove it"
        } else if text.chars().any(char::is_control) {
            "contains a line break or another control character: remove it"
        } else if is_unexpanded(text) {
            "is a literal ${…}: variables are not expanded; use password_file or token_value_file, or set PVE_USER and \
             the other PVE_ variables"
        } else {
            return Some(text.to_owned());
        };
        self.problem_at(key, Some(node.at), complaint);
        None
    }

    pub(super) fn secret(&mut self, key: &'static str) -> Option<Secret> {
        self.text(key).map(Secret::new)
    }

    /// The secret `key`, or the content of the file that `file_key` names, without surrounding white space.
    pub(super) fn secret_or_file(&mut self, key: &'static str, file_key: &'static str) -> Option<Secret> {
        if self.has(key) && self.has(file_key) {
            self.problem(key, Complaint::Twice(file_key));
        }
        let inline = self.secret(key);
        let file = self.path(file_key);
        if inline.is_some() {
            return inline;
        }
        let file = file?;
        let content = match yaml::read(&file, SECRET_BYTES) {
            Ok(content) => {
                self.files.push(file);
                content
            }
            // Without its name: it may be the secret, under the wrong key.
            Err(error) => {
                self.problem(file_key, Complaint::File(error));
                return None;
            }
        };
        match content.trim() {
            "" => self.problem(file_key, "names an empty file"),
            secret if secret.chars().any(char::is_control) => {
                self.problem(file_key, "names a file with more than one line: it must contain only the secret");
            }
            secret => return Some(Secret::new(secret)),
        }
        None
    }

    pub(super) fn path(&mut self, key: &'static str) -> Option<PathBuf> {
        self.text(key).map(PathBuf::from)
    }

    /// One string or a list of strings, with their positions.
    pub(super) fn texts(&mut self, key: &'static str) -> Option<Vec<(Position, String)>> {
        let node = self.take(key)?;
        let items = match node.value {
            Value::List(items) => items,
            _ => vec![node],
        };
        if items.is_empty() {
            self.problem(key, "must not be empty");
            return None;
        }
        let mut texts = Vec::new();
        for item in items {
            match &item.value {
                Value::Scalar(scalar) if !item.is_null() => texts.push((item.at, scalar.text.trim().to_owned())),
                _ => {
                    self.problem_at(key, Some(item.at), "must be text or a list of texts");
                    return None;
                }
            }
        }
        Some(texts)
    }

    /// A whole number of at least 1.
    pub(super) fn count(&mut self, key: &'static str, max: u64) -> Option<u64> {
        let number = self.number(key)?;
        let count = number.parse().ok().filter(|number| (1..=max).contains(number));
        if count.is_none() {
            self.problem(key, Complaint::Count(max));
        }
        count
    }

    /// Seconds, as a number with or without quotes.
    pub(super) fn seconds(&mut self, key: &'static str) -> Option<Duration> {
        let seconds = self.number(key)?.parse::<f64>().ok();
        match seconds.filter(|seconds| *seconds >= 0.001 && *seconds <= 3600.0) {
            Some(seconds) => Some(Duration::from_secs_f64(seconds)),
            None => {
                self.problem(key, "must be a number of seconds from 0.001 to 3600");
                None
            }
        }
    }

    /// The text of a number, empty for a list or a mapping: the caller reports what it expects.
    fn number(&mut self, key: &str) -> Option<String> {
        match self.take(key)?.value {
            Value::Scalar(scalar) => Some(scalar.text.trim().to_owned()),
            _ => Some(String::new()),
        }
    }

    /// A boolean in the spellings of YAML 1.1, which PyYAML implements, or any other text.
    pub(super) fn switch_or_text(&mut self, key: &'static str) -> Option<Result<bool, String>> {
        let node = self.take(key)?;
        let text = self.text_of(key, &node)?;
        match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some(Ok(true)),
            "false" | "no" | "off" | "0" => Some(Ok(false)),
            number if number.parse::<f64>().is_ok() => {
                self.problem(key, "must be true, false or the path of a CA file");
                None
            }
            _ => Some(Err(text)),
        }
    }

    /// All problems, unknown keys included, and all notices.
    pub(super) fn finish(mut self) -> (Vec<Problem>, Vec<&'static str>) {
        for key in std::mem::take(&mut self.values).into_keys() {
            let foreign = FOREIGN.iter().find(|(name, _)| *name == key);
            // `password:secret`, where YAML wants a space.
            let without_space =
                KNOWN.into_iter().find(|known| key.strip_prefix(known).is_some_and(|rest| rest.starts_with(':')));
            let complaint = match (without_space, foreign, nearest(&key)) {
                (Some(_), ..) => Complaint::Words("needs a space after its colon"),
                (None, Some((_, remedy)), _) => Complaint::Words(remedy),
                (None, None, Some(known)) => Complaint::Misspelt(known),
                (None, None, None) => Complaint::Unknown,
            };
            let at = match self.home {
                Home::File(module) => Some(self.positions.get(&key).copied().unwrap_or(module)),
                Home::Environment => None,
            };
            let named = || Name::new(&key).map_or(Subject::Hidden, Subject::Named);
            let key = without_space.map_or_else(named, Subject::Known);
            self.problems.push(Problem { at, key, complaint });
        }
        self.problems.sort_by_key(|problem| problem.at);
        (self.problems, self.notices)
    }
}

/// `${PVE_TOKEN}`, as in files for tools that expand variables.
fn is_unexpanded(text: &str) -> bool {
    let name = text.strip_prefix("${").and_then(|name| name.strip_suffix('}'));
    name.is_some_and(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}
