//! Every way a configuration can be wrong, and the error text: `golden/config/<case>.yml` and `<case>.txt`.
//! `UPDATE_GOLDEN=1` rewrites the texts.

use std::path::{Path, PathBuf};

use harness::golden_mismatch;
use pve_exporter::config::{Config, Environment};

fn load(file: &Path, environment: &Environment) -> Result<Config, pve_exporter::config::ConfigError> {
    Config::load(file, environment)
}

fn error_text(file: &Path, environment: &Environment) -> String {
    load(file, environment).map(|config| format!("{config:?}")).expect_err("a good configuration").to_string()
}

/// Relative to the crate, cargo's working directory for tests, since the texts contain the path.
fn cases() -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> = std::fs::read_dir("tests/golden/config")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yml"))
        .collect();
    cases.sort();
    cases
}

#[test]
fn texts_are_golden() {
    let mismatch = |case: &PathBuf| {
        let text = error_text(case, &Environment::default()) + "\n";
        golden_mismatch(&case.with_extension("txt"), &text)
    };
    let wrong: Vec<String> = cases().iter().filter_map(mismatch).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every secret in the cases contains `sesame` or `01234567`.
#[test]
fn no_text_has_a_secret() {
    for case in cases() {
        let error = load(&case, &Environment::default()).unwrap_err();
        for text in [error.to_string(), format!("{error:?}")] {
            assert!(!text.contains("sesame") && !text.contains("01234567"), "{}: {text}", case.display());
        }
    }
}

#[test]
fn every_line_names_its_module() {
    for case in cases() {
        let text = error_text(&case, &Environment::default());
        let mut lines = text.lines();
        assert!(lines.next().unwrap().contains("tests/golden/config/"), "{text}");
        let placed = format!("  - {}:", case.display());
        assert!(lines.all(|line| line.starts_with(&placed) && line.contains(": Invalid config: ")), "{text}");
    }
}

#[test]
fn a_missing_file_is_one_line_with_the_remedy() {
    let text = error_text(Path::new("/nonexistent/pve.yml"), &Environment::default());
    assert_eq!(
        text,
        "/nonexistent/pve.yml: no such file: create it, name another one with --config.file, or set PVE_USER and the other \
         PVE_ variables"
    );
}

#[test]
fn a_folder_is_no_file() {
    let text = error_text(Path::new("/"), &Environment::default());
    assert_eq!(text, "/ is a directory: name a file in it");
}

#[test]
fn problems_in_the_environment_say_so() {
    let environment = [("PVE_USER", "prometheus"), ("PVE_PASSWORD", "sesame"), ("PVE_TARGET", "http://a")];
    let environment = environment.into_iter().collect();
    assert_eq!(
        error_text(Path::new("/nonexistent/pve.yml"), &environment),
        "Invalid module config entries in the environment (PVE_USER is set, so no file is read)\n  \
         - default: Invalid config: PVE_TARGET must not start with http://: credentials would be sent unencrypted, and \
         Proxmox VE only serves HTTPS; write the host without a scheme\n  \
         - default: Invalid config: PVE_USER has no realm: write name@realm, such as prometheus@pve or root@pam"
    );
}
