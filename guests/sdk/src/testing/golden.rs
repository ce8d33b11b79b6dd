//! Directories of cases as golden tests.

use std::{fmt::Write as _, path::Path};

use super::{CaseDirectory, Difference};
use crate::Collector;

/// Runs a collector on each case in `directory` and compares with the files `expected.prom` and `expected.log` of the
/// case. With `UPDATE_GOLDEN=1` in the environment it writes the files instead.
///
/// ```
/// use pve_collector::testing::assert_golden;
/// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
/// use zfs::Zfs;
///
/// // `Zfs` is the collector of the module's documentation; `fixtures` is next to Cargo.toml.
/// assert_golden::<Zfs>(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
/// ```
///
/// # Panics
///
/// If a case can't be read or tests nothing ([`CaseDirectory::check`]), if manifest or rows break a rule of the contract,
/// and if something differs, with the lines that do.
pub fn assert_golden<C: Collector>(directory: impl AsRef<Path>) {
    let cases = CaseDirectory::read_all(directory).unwrap_or_else(|error| panic!("{error}"));
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let (mut wrong, mut different) = (String::new(), String::new());
    for case in cases {
        let mistakes = case.check(C::REQUESTS);
        if !mistakes.is_empty() {
            wrong.extend(mistakes.iter().map(|mistake| format!("{mistake}\n")));
            continue;
        }
        let collected = case.case().collect::<C>();
        for violation in collected.violations() {
            let _ = writeln!(wrong, "{}: {violation}", case.path().display());
        }
        let (exposition, log) = (collected.exposition(), collected.log());
        if update {
            case.write_expected(&exposition, &log).unwrap_or_else(|error| panic!("{error}"));
            continue;
        }
        let differences = case.differences(&exposition, &log).unwrap_or_else(|error| panic!("{error}"));
        different.extend(differences.iter().map(describe_difference));
        if !differences.is_empty() {
            different.extend(case.malformed().map(|malformed| format!("{malformed}\n")));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}{different}");
    assert!(
        different.is_empty(),
        "\n{different}\nif the new output is right: UPDATE_GOLDEN=1 cargo test, then read the diff"
    );
}

/// The lines that are only in one of the two texts, marked `-` (expected) and `+` (actual).
fn describe_difference(Difference { file, expected, actual }: &Difference) -> String {
    let mut text = match expected {
        Some(_) => format!("{}:\n", file.display()),
        None => format!("{} is missing:\n", file.display()),
    };
    let expected = expected.as_deref().unwrap_or_default();
    let (old, new): (Vec<_>, Vec<_>) = (expected.lines().collect(), actual.lines().collect());
    let before = text.len();
    for line in old.iter().filter(|line| !new.contains(line)) {
        let _ = writeln!(text, "- {line}");
    }
    for line in new.iter().filter(|line| !old.contains(line)) {
        let _ = writeln!(text, "+ {line}");
    }
    if text.len() == before && expected != actual {
        text.push_str("  the same lines in another order or number\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_named_by_line() {
        let described = |expected: Option<&str>, actual: &str| {
            let (file, expected) = ("expected.prom".into(), expected.map(str::to_owned));
            describe_difference(&Difference { file, expected, actual: actual.to_owned() })
        };
        assert_eq!(described(Some("a 1\nb 2\n"), "a 1\nb 3\n"), "expected.prom:\n- b 2\n+ b 3\n");
        assert_eq!(
            described(Some("a\nb\n"), "b\na\n"),
            "expected.prom:\n  the same lines in another order or number\n"
        );
        assert_eq!(described(None, "a\n"), "expected.prom is missing:\n+ a\n");
        assert_eq!(described(None, ""), "expected.prom is missing:\n");
    }
}
