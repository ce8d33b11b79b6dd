//! `collector test`: runs every case and compares with the expected output.
//!
//! The native tests of the SDK read the same files: two ways to the same bytes for authors who write Rust.

use std::fmt::Write as _;

use pve_collector::testing::CaseDirectory;

use super::arguments::TestArguments;
use super::case_run::{self, CaseRun};
use super::cost::CostTable;
use super::difference::difference;
use super::error::AuthorError;
use super::staleness::newer_source;
use super::workbench::Workbench;
use super::{Printout, counted, sdk};
use crate::terminal;

/// How a case ended.
struct Verdict {
    /// Lines for people; none if the case passed.
    problems: String,
    /// Whether the output may become the expected one.
    acceptable: bool,
}

/// Runs all cases; fails if one of them does.
pub(super) fn test(arguments: &TestArguments) -> Result<Printout, AuthorError> {
    let bench = Workbench::load(&arguments.component)?;
    let metered = bench.metered()?;
    let requests = sdk::requests(&bench.collector.schema);
    let cases = CaseDirectory::read_all(&arguments.fixtures)?;
    if let Some(source) = newer_source(&arguments.component.file, &arguments.fixtures) {
        terminal::report(format_args!(
            "{} is newer than {}; build it again",
            source.display(),
            arguments.component.file.display()
        ));
    }
    let (mut text, mut verdicts, mut costs) = (String::new(), Vec::new(), CostTable::default());
    for case in &cases {
        let mistakes = case.check(&requests);
        let verdict = if mistakes.is_empty() {
            let run = case_run::run(&bench.collector, Some(&metered), case.case());
            costs.add(case.name(), &run.peak);
            judge(case, &run, arguments.update)?
        } else {
            Verdict { problems: mistakes.iter().map(|mistake| line(mistake)).collect(), acceptable: false }
        };
        let word = if verdict.problems.is_empty() { "ok" } else { "FAILED" };
        let _ = writeln!(text, "{word:6}  {}", case.name());
        text.push_str(&verdict.problems);
        verdicts.push(verdict);
    }
    let _ = write!(text, "\n{}", costs.render(&bench.collector.limits));
    let success = verdicts.iter().all(|verdict| verdict.problems.is_empty());
    let _ = writeln!(text, "\n{}", sum_up(&verdicts, arguments.update));
    Ok(Printout { text, success })
}

fn line(problem: &dyn std::fmt::Display) -> String {
    format!("        {problem}\n")
}

fn sum_up(verdicts: &[Verdict], update: bool) -> String {
    let all = counted(verdicts.len(), "case");
    let failed = verdicts.iter().filter(|verdict| !verdict.problems.is_empty());
    let (count, acceptable) = (failed.clone().count(), failed.clone().any(|verdict| verdict.acceptable));
    match (count, update) {
        (0, false) => format!("{all}, all as expected"),
        (0, true) => format!("{all} updated; read the diff before you commit it"),
        (_, false) if acceptable => {
            format!("{count} of {all} failed; if the new output is right, --update makes it the expected one")
        }
        (_, false) => format!("{count} of {all} failed"),
        (_, true) => format!("{count} of {all} failed, which --update can't fix"),
    }
}

/// Compares a case's output with the expected one or, with `update`, writes it as the expected one.
fn judge(case: &CaseDirectory, run: &CaseRun, update: bool) -> Result<Verdict, AuthorError> {
    let mut problems: String = run.breakdowns.iter().map(|breakdown| line(breakdown)).collect();
    for violation in &run.violations {
        problems.push_str(&line(&format!("dropped for breaking the contract: {violation}")));
    }
    let acceptable = problems.is_empty();
    if update {
        // Written down, a breakdown would look intended.
        if run.breakdowns.is_empty() {
            case.write_expected(&run.exposition, &run.log)?;
        }
    } else {
        for different in case.differences(&run.exposition, &run.log)? {
            let file = different.file.display().to_string();
            if different.expected.is_none() {
                problems.push_str(&line(&format!("{file} is missing")));
            }
            let expected = different.expected.unwrap_or_default();
            problems.push_str(&difference(&file, &expected, "what the collector returned", &different.actual));
        }
    }
    if !problems.is_empty() {
        problems.extend(case.malformed().map(|malformed| line(&malformed)));
    }
    Ok(Verdict { problems, acceptable })
}
