//! A row of the table: a fault, and what it may cost.

use std::time::Duration;

use pve_sim::Pve;

use super::report::Report;
use super::selection::Selection;

/// Scrapes of `/metrics` with the fault.
pub(super) const SCRAPES: usize = 5;

/// Stands for all metrics.
pub(super) const ANY: &str = "values that depend on the time";

/// The difference from a healthy scrape, exactly.
#[derive(Debug, Clone, Default)]
pub(super) struct Cost {
    pub(super) lost: Vec<Selection>,
    /// Series that only a scrape with the fault has.
    pub(super) gained: Vec<Selection>,
    /// Metrics some of whose values differ.
    pub(super) changed: Vec<&'static str>,
    pub(super) reported: Vec<Report>,
}

/// What happens before a scrape.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// A fault of pve-sim in the format of its control interface, at the address with this index.
    Fault(usize, String),
    /// Ends the faults at an address.
    Clear(usize),
    /// All tickets expire.
    RevokeTickets,
    /// The credentials lose all privileges.
    RevokeRights,
    /// Open connections are closed, as when pveproxy restarts.
    Restart,
}

/// Scrapes under the same conditions.
#[derive(Debug, Clone)]
pub(super) struct Phase {
    pub(super) acts: Vec<Act>,
    pub(super) scrapes: usize,
    /// Nothing may be missing.
    pub(super) healthy: bool,
}

/// The addresses of the cluster in `pve.yml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Addresses {
    One,
    /// Two nodes that respond alike.
    Two,
    /// The first one does not respond to connection requests, as if its packets were dropped.
    FirstDropsPackets,
    /// A single name with two addresses, the first of which refuses connections.
    NameFirstRefuses,
    /// The same, but the first one drops packets.
    NameFirstDropsPackets,
}

/// How the exporter runs, where it differs from the default of the suite.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) addresses: Addresses,
    /// Logs in with a password instead of using a token.
    pub(super) password: bool,
    /// `timeout` of the module, in seconds.
    pub(super) timeout: u32,
    /// `max_concurrent` of the module.
    pub(super) max_concurrent: usize,
    /// The scrape timeout of Prometheus, in seconds.
    pub(super) scrape_timeout: u32,
    /// How long the API delays a 401.
    pub(super) auth_delay: Duration,
    /// The scrape timeout of another job that scrapes at the same time, in seconds, and misses nothing.
    pub(super) second_job: Option<u32>,
}

#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) phases: Vec<Phase>,
    pub(super) cost: Cost,
    /// The cost for `/pve` without `nodes=all`, where it is not what remains of `cost` on the local node.
    pub(super) local: Option<Cost>,
    /// Lines in the log from the first scrape with the fault to the last one.
    pub(super) log_lines: usize,
    /// How many of the five scrapes wait for what does not respond.
    pub(super) late: usize,
    pub(super) settings: Settings,
    pub(super) versions: &'static [Pve],
}

pub(super) fn fault(json: &str) -> Act {
    Act::Fault(0, json.to_owned())
}

/// A fault of the second address.
pub(super) fn fault_of_second(json: &str) -> Act {
    Act::Fault(1, json.to_owned())
}

impl Settings {
    pub(super) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout.into())
    }
}

impl Row {
    /// A row in which these acts precede the first of five scrapes. Nothing is lost unless more is said.
    pub(super) fn new(name: impl Into<String>, acts: impl IntoIterator<Item = Act>) -> Self {
        Self {
            name: name.into(),
            phases: vec![Phase { acts: acts.into_iter().collect(), scrapes: SCRAPES, healthy: false }],
            cost: Cost::default(),
            local: None,
            log_lines: 0,
            late: 0,
            settings: Settings {
                addresses: Addresses::One,
                password: false,
                timeout: 5,
                max_concurrent: 16,
                scrape_timeout: 10,
                auth_delay: Duration::ZERO,
                second_job: None,
            },
            versions: &[Pve::V9],
        }
    }

    /// More that happens before the first scrape.
    pub(super) fn also(mut self, acts: impl IntoIterator<Item = Act>) -> Self {
        if let Some(first) = self.phases.first_mut() {
            first.acts.extend(acts);
        }
        self
    }

    /// Splits the five scrapes.
    pub(super) fn phases(self, phases: impl IntoIterator<Item = (usize, Vec<Act>)>) -> Self {
        let phase = |(scrapes, acts)| Phase { acts, scrapes, healthy: false };
        Self { phases: phases.into_iter().map(phase).collect(), ..self }
    }

    /// The fault comes and goes from scrape to scrape.
    pub(super) fn every_other_scrape(self) -> Self {
        let begin = self.phases.into_iter().next().map(|phase| phase.acts).unwrap_or_default();
        let phase = |index: usize| {
            let healthy = index % 2 == 1;
            Phase { acts: if healthy { vec![Act::Clear(0)] } else { begin.clone() }, scrapes: 1, healthy }
        };
        Self { phases: (0..SCRAPES).map(phase).collect(), ..self }
    }

    /// Later scrapes are healthy although the fault goes on.
    pub(super) fn only_in_the_first_scrape(mut self) -> Self {
        if let Some(first) = self.phases.first_mut() {
            first.scrapes = 1;
        }
        self.phases.push(Phase { acts: Vec::new(), scrapes: SCRAPES - 1, healthy: true });
        self
    }

    pub(super) fn loses(mut self, lost: impl IntoIterator<Item = Selection>) -> Self {
        self.cost.lost.extend(lost);
        self
    }

    pub(super) fn gains(mut self, gained: impl IntoIterator<Item = Selection>) -> Self {
        self.cost.gained.extend(gained);
        self
    }

    pub(super) fn changes(mut self, families: &[&'static str]) -> Self {
        self.cost.changed.extend(families);
        self
    }

    pub(super) fn reports(mut self, reported: impl IntoIterator<Item = Report>) -> Self {
        self.cost.reported.extend(reported);
        self
    }

    pub(super) fn locally(self, local: Cost) -> Self {
        Self { local: Some(local), ..self }
    }

    pub(super) fn logs(self, log_lines: usize) -> Self {
        Self { log_lines, ..self }
    }

    /// The first scrapes wait for a timeout or the deadline. Then timeouts are short.
    pub(super) fn waits(mut self, late: usize) -> Self {
        self.late = late;
        (self.settings.timeout, self.settings.scrape_timeout) = (2, 4);
        self
    }

    pub(super) fn on_8_and_9(self) -> Self {
        Self { versions: &[Pve::V8, Pve::V9], ..self }
    }

    pub(super) fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }
}
