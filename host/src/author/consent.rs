//! Which requests a subcommand may send to a cluster: those of the component's grant, or those that the user agrees to.

use std::collections::BTreeSet;
use std::io::{BufRead as _, IsTerminal as _};

use super::arguments::ConsentArguments;
use super::error::AuthorError;
use super::workbench::Workbench;
use crate::terminal;

/// What the user has agreed to so far.
#[derive(Debug)]
pub(super) struct Consent {
    to_all: bool,
    /// The user can be asked, once.
    can_ask: bool,
    paths: BTreeSet<String>,
}

impl Consent {
    pub(super) fn new(arguments: &ConsentArguments) -> Self {
        let can_ask = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        Self { to_all: arguments.yes, can_ask, paths: BTreeSet::new() }
    }

    /// Fails unless the component's grant or the user allows all of its requests.
    pub(super) fn check(&mut self, bench: &Workbench) -> Result<(), AuthorError> {
        let schema = &bench.collector.schema;
        if let Some(grant) = &bench.grant {
            let digest = &bench.collector.component().facts().digest;
            return grant
                .check(digest, schema)
                .map_err(|refusal| AuthorError::NotGranted { path: bench.grant_file.clone(), refusal });
        }
        let mut new = BTreeSet::new();
        for template in schema.requests.iter().map(|request| &request.template) {
            if let Some(reason) = template.denied() {
                let (grant, path) = (bench.grant_file.clone(), template.to_string());
                return Err(AuthorError::Denied { grant, path, reason });
            }
            if !self.paths.contains(template.as_str()) {
                new.insert(template.to_string());
            }
        }
        if !new.is_empty() && !self.to_all && !self.ask(&new) {
            return Err(AuthorError::NoConsent {
                file: bench.file.clone(),
                grant: bench.grant_file.clone(),
                paths: new,
            });
        }
        self.paths.extend(new);
        Ok(())
    }

    fn ask(&mut self, paths: &BTreeSet<String>) -> bool {
        if !std::mem::take(&mut self.can_ask) {
            return false;
        }
        for path in paths {
            terminal::report(format_args!("  GET {path}"));
        }
        terminal::report("The component has no grant. Send these requests to the cluster? [y/N]");
        let mut answer = String::new();
        let read = std::io::stdin().lock().read_line(&mut answer);
        read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
    }
}
