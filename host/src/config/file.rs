//! `pve.yml`: a mapping of modules, read once.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::{ConfigError, ModuleProblems, NO_MODULES, NO_PARAMETERS, NOT_A_DICTIONARY};
use super::keys::{Home, Keys};
use super::module::{Config, ConfigSource, Module};
use super::names::KNOWN;
use super::notice::Notice;
use super::problem::{Complaint, Problem, Subject};
use crate::text::Foreign;
use crate::yaml::{self, Entry, Name, Position, ReadError, Value};

/// Maximum bytes of the file.
const FILE_BYTES: u64 = 1 << 20;

pub(super) fn load(path: &Path) -> Result<Config, ConfigError> {
    match yaml::read(path, FILE_BYTES) {
        Ok(text) => parse(&text, path),
        Err(ReadError::Missing) => Err(ConfigError::Missing(path.to_owned())),
        Err(error) => Err(ConfigError::Unreadable { path: path.to_owned(), error }),
    }
}

fn parse(text: &str, path: &Path) -> Result<Config, ConfigError> {
    let shape = |at: Position, problem: &str| {
        Err(ConfigError::Shape { path: path.to_owned(), at, problem: problem.to_owned() })
    };
    let document = yaml::parse(text).map_err(|error| ConfigError::Syntax { path: path.to_owned(), error })?;
    let Value::Mapping(entries) = document.value else { return shape(document.at, NOT_A_DICTIONARY) };
    if let Some((at, problem)) = keys_without_module(&entries) {
        return shape(at, &problem);
    }
    let entries: Vec<Entry> = entries.into_iter().filter(|entry| !is_template(&entry.key)).collect();
    if entries.is_empty() {
        return shape(document.at, NO_MODULES);
    }

    let mut modules = BTreeMap::new();
    let mut problems = Vec::new();
    let mut notices = Vec::new();
    for entry in entries {
        let name = entry.key.clone();
        let shown = shown_name(&entry);
        match module(entry) {
            Ok((module, found)) => {
                notices.extend(found);
                modules.insert(name, module);
            }
            Err(found) => problems.extend(found.into_iter().map(|problem| (shown.clone(), problem))),
        }
    }
    if problems.is_empty() {
        notices.extend(Notice::exposed(path, has_secrets(&modules, text)));
        Ok(Config { modules, source: ConfigSource::File(path.to_owned()), notices })
    } else {
        Err(ConfigError::Modules(ModuleProblems { file: Some(path.to_owned()), problems }))
    }
}

/// An entry that only holds what modules merge: `_defaults: &defaults {verify_ssl: no}`.
fn is_template(name: &str) -> bool {
    name.starts_with(['_', '.'])
}

/// The position and the problem of a file that starts with a module's keys.
fn keys_without_module(entries: &[Entry]) -> Option<(Position, String)> {
    let keys: Vec<&str> = KNOWN.into_iter().filter(|key| entries.iter().any(|entry| entry.key == *key)).collect();
    let no_module = entries.iter().all(|entry| !matches!(entry.value.value, Value::Mapping(_)));
    let first = entries.first().filter(|_| no_module && !keys.is_empty())?;
    let keys = keys.join(", ");
    Some((first.at, format!("no module: write \"default:\" above these keys and indent them ({keys})")))
}

fn module(entry: Entry) -> Result<(Module, Vec<Notice>), Vec<Problem>> {
    let problem = |complaint: Complaint| {
        let at = Some(entry.at);
        match KNOWN.iter().find(|known| **known == entry.key) {
            Some(known) => {
                let complaint = Complaint::Words("is a key of a module: indent it as far as the module's other keys");
                vec![Problem { at, key: Subject::Known(known), complaint }]
            }
            None => vec![Problem { at, key: Subject::Module, complaint }],
        }
    };
    let Value::Mapping(entries) = entry.value.value else { return Err(problem(Complaint::Words(NOT_A_DICTIONARY))) };
    if entries.is_empty() {
        return Err(problem(Complaint::Words(NO_PARAMETERS)));
    }
    let mut keys = Keys::new(Home::File(entry.at));
    for Entry { key, at, value } in entries {
        keys.insert(&key, at, value);
    }
    Module::from_keys(&entry.key, keys)
}

/// Whether the file itself has a secret, rather than the names of files that do.
fn has_secrets(modules: &BTreeMap<String, Module>, text: &str) -> bool {
    modules.values().flat_map(|module| module.credentials.secrets()).any(|secret| text.contains(secret.reveal()))
}

/// A module's name for messages. One without keys may be a secret in the wrong place.
fn shown_name(entry: &Entry) -> String {
    match &entry.value.value {
        Value::Mapping(_) => Foreign::within(&entry.key, 60).to_string(),
        _ => Name::new(&entry.key).map_or_else(|| "a module".to_owned(), |name| name.to_string()),
    }
}
