//! For those who write collectors: the `collector` subcommands.
//!
//! An author meets here what an operator's exporter will do with a component: the same loading, the same sandbox with the
//! same limits, the same check of what comes out, without a cluster and before anybody trusts the file.
//!
//! - [`command`]: the grammar; [`run`]: what was asked for.
//! - `workbench`: a file, loaded as the host would. `summary`, `findings`, `golden` look at it from three sides.
//! - `template`: a project to begin with.
//! - `recording`: fixtures from a cluster, with `pseudonyms` for what must not be published.
//! - `serving`: a component at work while it is written; `source` is what it works on.
//! - `staleness`: whether a component is older than its source.
//! - `fixture`: answers out of a folder. `trial`: what a collector makes of them, and what that takes.

mod arguments;
mod cost;
mod difference;
mod endpoints;
mod error;
mod findings;
mod fixture;
mod golden;
mod lints;
mod members;
mod places;
mod pseudonyms;
mod recording;
mod scrubber;
mod series;
mod serving;
mod source;
mod staleness;
mod summary;
mod template;
mod trial;
mod workbench;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{ArgMatches, Command, CommandFactory as _, FromArgMatches as _};

use arguments::{Action, Arguments};
pub use error::AuthorError;

/// What a subcommand has to say, and whether all is well.
#[derive(Debug)]
pub(crate) struct Report {
    text: String,
    success: bool,
}

/// The name of the subcommand these hang below.
pub const COMMAND: &str = "collector";

/// The grammar of `pve-exporter collector …`.
#[must_use]
pub fn command() -> Command {
    Arguments::command().name(COMMAND)
}

/// Does what the command line asks for. Status: 0 all is well, 1 it is not, 2 (clap's) a command line that is none.
#[must_use]
pub fn run(matches: &ArgMatches) -> ExitCode {
    let outcome = match Arguments::from_arg_matches(matches) {
        Ok(arguments) => act(arguments.action),
        Err(error) => error.exit(),
    };
    match outcome {
        Ok(report) => {
            // Whoever closed the pipe has read enough.
            let _ = std::io::stdout().write_all(report.text.as_bytes());
            if report.success { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("pve-exporter: error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn act(action: Action) -> Result<Report, AuthorError> {
    match action {
        Action::New(new) => template::new(&new),
        Action::Inspect(inspect) => summary::inspect(&inspect),
        Action::Check(check) => findings::check(&check),
        Action::Test(test) => golden::test(&test),
        Action::Run(run) => serving::run(&run),
        Action::Record(record) => recording::record(&record),
    }
}

/// `1 case`, `2 cases`.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
