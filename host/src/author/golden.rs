//! `collector test`: every case run and held against the files that say what must come out.
//!
//! They are the same files the SDK's native tests read: an author who writes Rust has two ways to the same bytes.

use std::fmt::Write as _;
use std::path::Path;

use super::arguments::Test;
use super::cost::CostTable;
use super::difference::difference;
use super::error::AuthorError;
use super::fixture::{Case, EXPECTED_LOG, EXPECTED_PROM, read_cases};
use super::staleness::newer_source;
use super::trial::{self, Trial};
use super::workbench::Workbench;
use super::{Report, counted};

/// Runs all cases; fails where one differs.
pub(super) fn test(arguments: &Test) -> Result<Report, AuthorError> {
    let bench = Workbench::load(&arguments.subject)?;
    let metered = bench.metered()?;
    let cases = read_cases(&arguments.fixtures)?;
    if let Some(source) = newer_source(&arguments.subject.file, &arguments.fixtures) {
        eprintln!("{} is newer than {}; build it again", source.display(), arguments.subject.file.display());
    }
    let (mut text, mut failed, mut hopeless, mut costs) = (String::new(), 0, 0, CostTable::default());
    for case in &cases {
        let trial = trial::run(&bench.collector, Some(&metered), case)?;
        costs.add(&case.name, &trial.peak);
        let problems = judge(case, &trial, arguments.update)?;
        let verdict = if problems.is_empty() { "ok" } else { "FAILED" };
        failed += usize::from(!problems.is_empty());
        hopeless += usize::from(!trial.breakdowns.is_empty() || !trial.violations.is_empty());
        let _ = writeln!(text, "{verdict:6}  {}", case.name);
        text.push_str(&problems);
    }
    let _ = write!(text, "\n{}", costs.render(&bench.collector.limits));
    let all = counted(cases.len(), "case");
    let _ = match (failed, arguments.update) {
        (0, false) => writeln!(text, "\n{all}, all as expected"),
        (0, true) => writeln!(text, "\n{all} written; read the difference before you commit it"),
        (_, false) if failed > hopeless => writeln!(
            text,
            "\n{failed} of {all} failed; if what is there is as it should be, --update writes it as expected"
        ),
        (_, false) => writeln!(text, "\n{failed} of {all} failed"),
        (_, true) => writeln!(text, "\n{failed} of {all} failed: that can't be what is expected"),
    };
    Ok(Report { text, success: failed == 0 })
}

/// What is wrong with a case, as text to print; with `update` the expected files are made to agree.
fn judge(case: &Case, trial: &Trial, update: bool) -> Result<String, AuthorError> {
    let mut problems = String::new();
    for breakdown in &trial.breakdowns {
        let _ = writeln!(problems, "        {breakdown}");
    }
    for violation in &trial.violations {
        let _ = writeln!(problems, "        lost, since it breaks the contract: {violation}");
    }
    // No exposition is an expectation too, and stands there as an empty file; no log is no file.
    for (name, actual, when_empty) in [(EXPECTED_PROM, &trial.exposition, true), (EXPECTED_LOG, &trial.log, false)] {
        let path = case.directory.join(name);
        if update {
            // Written, a breakdown would look like something that is meant.
            if trial.breakdowns.is_empty() {
                write(&path, actual, when_empty)?;
            }
            continue;
        }
        let expected = read(&path)?;
        if expected.is_none() && when_empty {
            let _ = writeln!(problems, "        {} is missing; --update writes it", path.display());
        }
        let expected = expected.unwrap_or_default();
        problems.push_str(&difference(&path.display().to_string(), &expected, "what the collector gave", actual));
    }
    if !problems.is_empty() {
        for (file, why) in &case.malformed {
            let _ = writeln!(problems, "        {} is a malformed answer: {why}", file.display());
        }
    }
    Ok(problems)
}

fn read(path: &Path) -> Result<Option<String>, AuthorError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(AuthorError::File { path: path.to_owned(), source }),
    }
}

fn write(path: &Path, text: &str, when_empty: bool) -> Result<(), AuthorError> {
    let result = if text.is_empty() && !when_empty {
        std::fs::remove_file(path).or_else(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        })
    } else {
        std::fs::write(path, text)
    };
    result.map_err(AuthorError::file(path))
}
