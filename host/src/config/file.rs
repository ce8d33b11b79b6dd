//! `pve.yml`: a mapping of modules, read once.

use std::collections::BTreeMap;
use std::path::Path;

use yaml_serde::{Mapping, Value};

use super::error::{ConfigError, ModuleProblems, NO_MODULES, NO_PARAMETERS, NOT_A_DICTIONARY};
use super::keys::Keys;
use super::module::{Config, ConfigSource, Module};

pub(super) fn load(path: &Path) -> Result<Config, ConfigError> {
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&text, path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(ConfigError::Missing(path.to_owned())),
        Err(error) => Err(ConfigError::Unreadable { path: path.to_owned(), error }),
    }
}

pub(super) fn parse(text: &str, path: &Path) -> Result<Config, ConfigError> {
    let syntax = |error: yaml_serde::Error| {
        let (line, column) = error.location().map_or((1, 1), |at| (at.line(), at.column()));
        ConfigError::Syntax { path: path.to_owned(), line, column, problem: without_location(&error.to_string()) }
    };
    let shape = |problem: &str| ConfigError::Shape { path: path.to_owned(), problem: problem.to_owned() };

    let mut document: Value = yaml_serde::from_str(text).map_err(syntax)?;
    // Modules share keys with `<<: *defaults`, which PyYAML supports too.
    document.apply_merge().map_err(syntax)?;
    let Value::Mapping(document) = document else { return Err(shape(NOT_A_DICTIONARY)) };
    if document.is_empty() {
        return Err(shape(NO_MODULES));
    }

    let mut modules = BTreeMap::new();
    let mut problems = Vec::new();
    for (key, value) in document {
        let Some(name) = scalar_text(&key) else {
            return Err(shape("module names must be text: quote them"));
        };
        match module(&name, value) {
            Ok(module) => {
                modules.insert(name, module);
            }
            Err(found) => problems.extend(found.into_iter().map(|problem| (name.clone(), problem))),
        }
    }
    if problems.is_empty() {
        Ok(Config { modules, source: ConfigSource::File(path.to_owned()) })
    } else {
        Err(ConfigError::Modules(ModuleProblems { file: Some(path.to_owned()), problems }))
    }
}

fn module(name: &str, value: Value) -> Result<Module, Vec<String>> {
    let Value::Mapping(mapping) = value else { return Err(vec![NOT_A_DICTIONARY.to_owned()]) };
    if mapping.is_empty() {
        return Err(vec![NO_PARAMETERS.to_owned()]);
    }
    Module::from_keys(name, keys(mapping)?)
}

fn keys(mapping: Mapping) -> Result<Keys, Vec<String>> {
    let mut keys = Keys::default();
    for (key, value) in mapping {
        let Value::String(key) = key else { return Err(vec!["keys must be text".to_owned()]) };
        keys.insert(&key, value);
    }
    Ok(keys)
}

/// `10:` is the module `10`: query parameters are text.
fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The parser's message with a remedy, without the location at its end, which the error has already. Passwords with punctuation
/// are the usual cause.
fn without_location(message: &str) -> String {
    let problem = message.split_once(" at line ").map_or(message, |(problem, _)| problem);
    let remedy = if problem.contains("duplicate") { "remove one" } else { "quote values with special characters" };
    format!("{problem}: {remedy}")
}
