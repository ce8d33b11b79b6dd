//! Case directories with what must come out of them.

use std::{fmt::Write as _, fs, path::Path};

use super::Case;
use crate::Collector;

/// Runs a collector on each case directory in `directory` and compares with the files `expected.prom` (the exposition,
/// empty where there are no series) and `expected.log` (warnings, failures and log lines; no file where there are none)
/// in it. With `UPDATE_GOLDEN=1` in the environment the files are written instead.
///
/// ```
/// use pve_collector::testing::assert_golden;
/// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
/// use zfs::Zfs;
///
/// // `Zfs` is the collector of the module's documentation; `fixtures` stands beside Cargo.toml.
/// assert_golden::<Zfs>(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
/// ```
///
/// # Panics
///
/// Where something differs, with the lines that do; where manifest or rows break a rule of the contract; and where a case
/// tests nothing, as with an answer that no request asks for.
pub fn assert_golden<C: Collector>(directory: impl AsRef<Path>) {
    let directory = directory.as_ref();
    let entries = fs::read_dir(directory)
        .unwrap_or_else(|error| panic!("{}: {error}; it holds a directory for each case", directory.display()));
    let mut cases: Vec<_> = entries.map(|entry| entry.expect("an open directory can be listed").path()).collect();
    cases.retain(|path| path.is_dir());
    cases.sort();
    assert!(!cases.is_empty(), "{}: no case directories", directory.display());

    let (mut wrong, mut different) = (String::new(), String::new());
    for case in cases {
        let read = Case::read(&case);
        let collected = read.collect::<C>();
        for sentence in read.slips::<C>().into_iter().chain(collected.violations()) {
            let _ = writeln!(wrong, "{}: {sentence}", case.display());
        }
        let (prom, log) = (case.join("expected.prom"), case.join("expected.log"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            write(&prom, Some(collected.exposition()));
            write(&log, Some(collected.log()).filter(|log| !log.is_empty()));
            continue;
        }
        let before = different.len();
        if !prom.exists() {
            let _ = writeln!(different, "{} is missing", prom.display());
        }
        for (path, actual) in [(&prom, collected.exposition()), (&log, collected.log())] {
            different.push_str(&difference(path, &fs::read_to_string(path).unwrap_or_default(), &actual));
        }
        if different.len() > before {
            different.extend(read.malformed().map(|sentence| sentence + "\n"));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}{different}");
    assert!(
        different.is_empty(),
        "\n{different}\nif this is as it should be: UPDATE_GOLDEN=1 cargo test, then read the diff"
    );
}

/// Writes a file or, without text, makes sure there is none.
fn write(path: &Path, text: Option<String>) {
    let result = match text {
        Some(text) => fs::write(path, text),
        None if path.exists() => fs::remove_file(path),
        None => Ok(()),
    };
    result.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// Lines that are only in one of two texts, marked `-` (expected) and `+` (actual), in their order; empty if the texts
/// are the same.
fn difference(path: &Path, expected: &str, actual: &str) -> String {
    if expected == actual {
        return String::new();
    }
    let (old, new): (Vec<_>, Vec<_>) = (expected.lines().collect(), actual.lines().collect());
    let mut text = format!("{}:\n", path.display());
    let lines = text.lines().count();
    for line in old.iter().filter(|line| !new.contains(line)) {
        let _ = writeln!(text, "- {line}");
    }
    for line in new.iter().filter(|line| !old.contains(line)) {
        let _ = writeln!(text, "+ {line}");
    }
    if text.lines().count() == lines {
        text.push_str("  same lines in another order or number\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_named_by_line() {
        let path = Path::new("expected.prom");
        assert_eq!(difference(path, "a 1\nb 2\n", "a 1\nb 3\n"), "expected.prom:\n- b 2\n+ b 3\n");
        assert_eq!(difference(path, "a\nb\n", "b\na\n"), "expected.prom:\n  same lines in another order or number\n");
        assert_eq!(difference(path, "a\n", "a\n"), "");
    }
}
