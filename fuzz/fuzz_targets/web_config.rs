//! `--web.config.file`: arbitrary bytes are a configuration or an error that shows no value.

#![no_main]
#![allow(clippy::expect_used, reason = "a fuzz target fails by panicking")]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use pve_exporter::config::Flags;
use pve_exporter::web::LiveWebConfig;

/// Put in the place of every `$`.
const SECRET: &str = "S3same!0penD00r";

static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("pve-exporter-fuzz-web-{}.yml", std::process::id())));

static FLAGS: LazyLock<Flags> = LazyLock::new(|| {
    let file = format!("--web.config.file={}", FILE.display());
    let matches = Flags::command(&[]).get_matches_from(["pve-exporter", &file]);
    Flags::from_matches(&matches, &[]).expect("flags")
});

fuzz_target!(|bytes: &[u8]| {
    let planted: Vec<u8> = bytes.split(|byte| *byte == b'$').collect::<Vec<_>>().join(SECRET.as_bytes());
    std::fs::write(&*FILE, &planted).expect("a temporary file");
    match LiveWebConfig::load(&FLAGS.web) {
        Ok(config) => config.notices().iter().for_each(|notice| check(notice)),
        Err(error) => check(&error.to_string()),
    }
});

fn check(text: &str) {
    assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
    assert!(text.len() < 64 * 1024, "{} bytes", text.len());
    assert!(!text.contains(&SECRET[..8]) || !text.contains(&SECRET[8..]), "{text}");
}
