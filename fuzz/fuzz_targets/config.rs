//! `pve.yml`: arbitrary bytes are a configuration or an error whose every line fits a terminal. No value of a key that holds a secret
//! is in what comes of it.

#![no_main]
#![allow(clippy::expect_used, reason = "a fuzz target fails by panicking")]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use pve_exporter::catalog::Grant;
use pve_exporter::config::{Config, Environment};

/// Put in the place of every `@`, so that the input decides where it is.
const SECRET: &str = "S3same!0penD00r";

static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("pve-exporter-fuzz-{}.yml", std::process::id())));

fuzz_target!(|bytes: &[u8]| {
    let planted: Vec<u8> = bytes.split(|byte| *byte == b'$').collect::<Vec<_>>().join(SECRET.as_bytes());
    std::fs::write(&*FILE, &planted).expect("a temporary file");
    match Config::load(&FILE, &Environment::default()) {
        Ok(config) => config.notices.iter().for_each(|notice| check(&notice.to_string())),
        Err(error) => check(&error.to_string()),
    }
    if let Ok(text) = std::str::from_utf8(&planted)
        && let Err(error) = Grant::parse(text)
    {
        check(&error.to_string());
    }
});

fn check(text: &str) {
    assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
    assert!(text.len() < 64 * 1024, "{} bytes", text.len());
    // A module may have any name, and an error shows it; a part of the secret is as much of a leak as all of it.
    assert!(!text.contains(&SECRET[..8]) || !text.contains(&SECRET[8..]), "{text}");
}
