//! The `collector` subcommands, for authors of collectors.
//!
//! They treat a component as an operator's exporter will: the same loading, the same sandbox with the same limits, the
//! same checks of its output. They need no cluster, and nobody has to trust the file first.
//!
//! - [`command`] is the grammar, [`run`] executes a subcommand.
//! - `template`: `collector new`. `summary`: `inspect`. `findings`: `check`. `golden`: `test`. `serving`: `run`.
//!   `recording`: `record`.
//! - `workbench` loads a component. `case_run` runs it on a case of fixtures, `source` on a case or a cluster.
//! - `pseudonyms` replaces what a recording must not reveal.
//! - Fixtures are read and written by the SDK, [`pve_collector::testing`]; `sdk` converts its types.

mod arguments;
mod case_run;
mod consent;
mod cost;
mod difference;
mod endpoints;
mod error;
mod findings;
mod findings_page;
mod frequency;
mod golden;
mod lints;
mod members;
mod pseudonyms;
mod recording;
mod scrubber;
mod sdk;
mod series;
mod serving;
mod source;
mod staleness;
mod summary;
mod template;
mod workbench;

use std::process::ExitCode;

use clap::{ArgMatches, Command, CommandFactory as _, FromArgMatches as _};

use crate::{terminal, text};
use arguments::{Action, Arguments};
pub use error::AuthorError;

/// What a subcommand prints, and whether it succeeded.
#[derive(Debug)]
pub(crate) struct Printout {
    text: String,
    success: bool,
}

/// The subcommand that all of these belong to.
pub const COMMAND: &str = "collector";

/// The grammar of `pve-exporter collector …`.
#[must_use]
pub fn command() -> Command {
    Arguments::command().name(COMMAND)
}

/// Executes a subcommand. The status is 0 for success, 1 for failure, and clap's 2 for a command line that does not parse.
#[must_use]
pub fn run(matches: &ArgMatches) -> ExitCode {
    let outcome = match Arguments::from_arg_matches(matches) {
        Ok(arguments) => execute(arguments.action),
        Err(error) => error.exit(),
    };
    match outcome {
        Ok(printout) => {
            terminal::print(&printout.text);
            if printout.success { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            terminal::report(format_args!("pve-exporter: error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn execute(action: Action) -> Result<Printout, AuthorError> {
    match action {
        Action::New(arguments) => template::new(&arguments),
        Action::Inspect(arguments) => summary::inspect(&arguments),
        Action::Check(arguments) => findings::check(&arguments),
        Action::Test(arguments) => golden::test(&arguments),
        Action::Run(arguments) => serving::run(&arguments),
        Action::Record(arguments) => recording::record(&arguments),
    }
}

/// `1 case`, `2 cases`.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// A report as JSON.
fn json(report: &impl serde::Serialize) -> Result<String, AuthorError> {
    let report = serde_json::to_string_pretty(report)?;
    Ok(text::escaped_json(&report).into_owned() + "\n")
}
