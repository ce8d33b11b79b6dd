//! Secrets under every key, right and wrong, in files that are broken in many ways: no error, notice or error of the API client shows
//! a part of one.

use proptest::prelude::*;
use pve_exporter::api::Client;
use pve_exporter::catalog::Grant;
use pve_exporter::config::{Config, Environment};

/// Valid as a password only: not as a host name, a user, a token name or a number.
pub(crate) const SECRET: &str = "S3same!0penD00r";
/// Characters in a row that would be a leak.
const PART: usize = 6;

/// Every key that there is, and some that there are not.
pub(crate) const KEYS: [&str; 27] = [
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
    "passwort",
    "token-value",
    "colour",
    "proxies",
    "backend",
    "host",
    "sha256",
    "settings",
];

const VARIABLES: [&str; 9] = [
    "PVE_USER",
    "PVE_PASSWORD",
    "PVE_PASSWORD_FILE",
    "PVE_TOKEN_NAME",
    "PVE_TOKEN_VALUE",
    "PVE_TOKEN_VALUE_FILE",
    "PVE_FINGERPRINT",
    "PVE_VERIFY_SSL",
    "PVE_TARGET",
];

/// Panics if a text has a part of the secret.
pub(crate) fn assert_hidden(text: &str, what: &str) {
    let lower = text.to_lowercase();
    for at in 0..=SECRET.len() - PART {
        let part = &SECRET[at..at + PART];
        assert!(!lower.contains(&part.to_lowercase()), "{part} of the secret is in:\n{text}\nof:\n{what}");
    }
}

/// What a configuration leads to before anything is requested.
fn consequences(text: &[u8], environment: &Environment) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pve.yml");
    std::fs::write(&file, text).unwrap();
    match Config::load(&file, environment) {
        Err(error) => vec![error.to_string(), format!("{error:?}")],
        Ok(config) => {
            let files = config.modules.values().filter_map(|module| Client::check(module).err());
            config.notices.iter().map(ToString::to_string).chain(files.map(|error| error.to_string())).collect()
        }
    }
}

fn check(text: &str) {
    for consequence in consequences(text.as_bytes(), &Environment::default()) {
        assert_hidden(&consequence, text);
    }
}

/// A module in block style and in braces, with the secret under one key in each spelling of a value.
pub(crate) fn documents(key: &str) -> Vec<String> {
    let values = [
        SECRET.to_owned(),
        format!("'{SECRET}'"),
        format!("\"{SECRET}\""),
        format!("[{SECRET}]"),
        format!("{{{SECRET}: {SECRET}}}"),
        format!("a@pve:{SECRET}"),
        format!("a@pve!x={SECRET}"),
        format!("!!int {SECRET}"),
        format!("!{SECRET} x"),
        format!("*{SECRET}"),
        format!("&{SECRET} 7"),
        format!("\"{SECRET}\\q\""),
        format!("|\n    {SECRET}\n    {SECRET}"),
    ];
    let whole = |value: &String| {
        [
            format!("default:\n  user: a@pve\n  {key}: {value}\n  port: 8006\n"),
            format!("default: {{user: a@pve, token_name: x, {key}: {value}}}\n"),
            format!("{key}: {value}\n"),
        ]
    };
    values.iter().flat_map(whole).collect()
}

#[test]
fn under_every_key() {
    for key in KEYS {
        documents(key).iter().for_each(|text| check(text));
    }
    for text in [
        SECRET.to_owned(),
        format!("- {SECRET}"),
        format!("{SECRET}:\n  user: {SECRET}\n"),
        format!("default:\n  {SECRET}: x\n"),
        format!("default:\n  user: a@pve\n  password {SECRET}\n"),
        format!("default:\n  user: a@pve\n  password:{SECRET}\n  otp: 1\n"),
        format!("default: {{user: a@pve, {SECRET}}}\n"),
        format!("default: {{user: a@pve, password:{SECRET}}}\n"),
        format!("default:\n  user: a@pve\n  <<: {SECRET}\n"),
    ] {
        // A module's name is shown where it has keys.
        if !text.starts_with(&format!("{SECRET}:")) {
            check(&text);
        }
    }
}

#[test]
fn in_every_variable() {
    for variable in VARIABLES {
        for value in [
            SECRET.to_owned(),
            format!("a@pve!x={SECRET}"),
            format!("http://{SECRET}"),
            format!("{SECRET}\n\0{SECRET}"),
        ] {
            let environment = [("PVE_USER", "a@pve"), (variable, value.as_str())].into_iter().collect();
            for consequence in consequences(b"", &environment) {
                assert_hidden(&consequence, &format!("{variable}={value}"));
            }
        }
    }
}

#[test]
fn in_grants() {
    for key in ["sha256", "allow", "settings", "limits", "alow", "password"] {
        for text in documents(key).iter().map(|text| text.replace("default:", "settings:")) {
            for text in [text.clone(), text.replace("settings:", "limits:")] {
                if let Err(error) = Grant::parse(&text) {
                    assert_hidden(&error.to_string(), &text);
                }
            }
        }
        let text = format!("{key}: {{cpu: {SECRET}, {SECRET}: 1}}\n");
        if let Err(error) = Grant::parse(&text) {
            assert_hidden(&error.to_string(), &text);
        }
    }
}

/// What hands and tools do to a file.
#[derive(Debug, Clone)]
enum Damage {
    Remove(usize),
    Insert(usize, char),
    Truncate(usize),
    RemoveLine(usize),
    RepeatLine(usize),
    Indent(usize, &'static str),
    JoinLines(usize),
    Encode,
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<usize>();
    let character = prop::sample::select(":'\"[]{}#&*!|>%@`-,?\t \n\\\u{feff}\0ü<=$".chars().collect::<Vec<_>>());
    let indentation = prop::sample::select(vec!["", " ", "   ", "\t", "    "]);
    prop_oneof![
        at.prop_map(Damage::Remove),
        (at, character).prop_map(|(at, c)| Damage::Insert(at, c)),
        at.prop_map(Damage::Truncate),
        at.prop_map(Damage::RemoveLine),
        at.prop_map(Damage::RepeatLine),
        (at, indentation).prop_map(|(at, indentation)| Damage::Indent(at, indentation)),
        at.prop_map(Damage::JoinLines),
        Just(Damage::Encode),
    ]
}

fn damaged(text: &str, damage: &Damage) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if lines.is_empty() {
        return text.to_owned();
    }
    let count = lines.len();
    match damage {
        Damage::Remove(at) => drop(characters.remove(at % characters.len())),
        Damage::Insert(at, c) => characters.insert(at % characters.len(), *c),
        Damage::Truncate(at) => characters.truncate(at % characters.len()),
        Damage::RemoveLine(at) => drop(lines.remove(at % count)),
        Damage::RepeatLine(at) => lines.insert(at % count, lines[at % count].clone()),
        Damage::Indent(at, indentation) => {
            lines[at % count] = format!("{indentation}{}", lines[at % count].trim_start());
        }
        Damage::JoinLines(at) if at % count + 1 < count => {
            let next = lines.remove(at % count + 1);
            lines[at % count] += next.trim_start();
        }
        Damage::JoinLines(_) | Damage::Encode => {}
    }
    match damage {
        Damage::Remove(_) | Damage::Insert(..) | Damage::Truncate(_) => characters.into_iter().collect(),
        _ => lines.join("\n") + "\n",
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn in_damaged_files(
        key in prop::sample::select(KEYS.to_vec()),
        variant in any::<prop::sample::Index>(),
        damages in prop::collection::vec(damage(), 1..5),
    ) {
        let documents = documents(key);
        let mut text = variant.get(&documents).clone();
        for damage in &damages {
            text = damaged(&text, damage);
        }
        let mut bytes = text.clone().into_bytes();
        if damages.iter().any(|damage| matches!(damage, Damage::Encode)) {
            bytes = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            bytes.splice(0..0, *b"\xff\xfe");
        }
        for consequence in consequences(&bytes, &Environment::default()) {
            assert_hidden(&consequence, &text);
        }
        if let Err(error) = Grant::parse(&text) {
            assert_hidden(&error.to_string(), &text);
        }
    }
}
