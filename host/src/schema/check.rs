//! Checks a manifest against the contract and the limits.
//!
//! Reports everything that can be wrong before the first call at once, so that an author fixes a manifest in one go.

use std::collections::HashSet;

use super::manifest::{Column, Family, Kind, Request, Schema, Table};
use crate::contract::{KindDecl, Manifest, MetricDecl, RequestDecl, TableDecl};
use crate::exposition::{is_label_name, is_metric_name};
use crate::limits::Limits;
use crate::request::{Placeholders, Template};
use crate::text::shorten;

/// Bytes of a metric's or a label's name; the names of all that exist are shorter than 100.
const NAME_BYTES: usize = 200;

/// Problems reported of one manifest; a hostile one could have 100,000.
const PROBLEMS_SHOWN: usize = 20;

/// Everything that is wrong with a manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the manifest breaks the contract: {}", .problems.join("; "))]
pub struct ManifestError {
    /// One sentence each, at most 20.
    pub problems: Vec<String>,
}

impl Schema {
    /// Checks a manifest against the contract and the limits.
    pub fn check(manifest: Manifest, limits: &Limits) -> Result<Self, ManifestError> {
        let mut check = Check::new(limits);
        check.name(&manifest.name);
        for (what, text) in [("version", &manifest.version), ("description", &manifest.description)] {
            if text.len() > limits.help_bytes {
                check.problem(format!("the {what} is longer than {} bytes", limits.help_bytes));
            }
            // Both appear in lines for people, the version in a grant file that an operator is to write.
            if text.contains(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
                check.problem(format!("the {what} is not one line of text"));
            }
        }
        let requests = check.requests(manifest.requests);
        let (tables, families) = check.tables(manifest.tables);
        if !check.problems.is_empty() {
            return Err(ManifestError { problems: check.problems });
        }
        let placeholders = requests
            .iter()
            .map(|request| request.template.placeholders())
            .fold(Placeholders::default(), Placeholders::union);
        Ok(Self {
            name: manifest.name,
            version: manifest.version,
            description: manifest.description,
            requests,
            tables,
            families,
            placeholders,
        })
    }
}

struct Check<'a> {
    problems: Vec<String>,
    /// Also those that are not reported.
    found: usize,
    limits: &'a Limits,
}

impl<'a> Check<'a> {
    fn new(limits: &'a Limits) -> Self {
        Self { problems: Vec::new(), found: 0, limits }
    }

    fn problem(&mut self, problem: String) {
        self.found += 1;
        if self.problems.len() < PROBLEMS_SHOWN {
            // A quoted name must not break a line of the log or of a reload's response.
            self.problems.push(shorten(&problem, 300).replace(char::is_control, " "));
        } else if self.problems.len() == PROBLEMS_SHOWN {
            self.problems.push("and more".to_owned());
        }
    }

    fn name(&mut self, name: &str) {
        let mut bytes = name.bytes();
        let right = bytes.next().is_some_and(|first| first.is_ascii_lowercase())
            && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && name.len() <= 63;
        if !right {
            self.problem(format!(
                "the name {:?} must be lower-case letters, digits and hyphens, starting with a letter, at most 63",
                shorten(name, 80)
            ));
        }
    }

    fn requests(&mut self, requests: Vec<RequestDecl>) -> Vec<Request> {
        if requests.len() > self.limits.requests {
            self.problem(format!("{} requests, {} are allowed", requests.len(), self.limits.requests));
            return Vec::new();
        }
        let mut checked: Vec<Request> = Vec::with_capacity(requests.len());
        for request in requests {
            match Template::parse(&request.path) {
                Ok(template) => checked.push(Request {
                    template,
                    max_age_seconds: request.max_age_seconds,
                    optional: request.optional,
                }),
                Err(error) => self.problem(error.to_string()),
            }
        }
        let fixed: HashSet<_> = checked.iter().filter_map(|request| request.template.fixed_guest_type()).collect();
        if fixed.len() > 1 {
            self.problem("requests for /qemu/{vmid} and for /lxc/{vmid} share no place; use {type}".to_owned());
        }
        checked
    }

    fn tables(&mut self, tables: Vec<TableDecl>) -> (Vec<Table>, Vec<Family>) {
        let metrics: usize = tables.iter().map(|table| table.metrics.len()).sum();
        if tables.len() > self.limits.tables || metrics > self.limits.metrics {
            self.problem(format!(
                "{} tables with {metrics} metrics, {} and {} are allowed",
                tables.len(),
                self.limits.tables,
                self.limits.metrics
            ));
            return (Vec::new(), Vec::new());
        }
        let mut checked = Vec::with_capacity(tables.len());
        let mut families: Vec<Family> = Vec::new();
        for (index, table) in tables.into_iter().enumerate() {
            // Wrong names are not copied to each metric: there can be megabytes of them.
            let valid = self.label_names(&table.label_names, index);
            let label_names = if valid { table.label_names } else { Vec::new() };
            if table.metrics.is_empty() {
                self.problem(format!("table {index} has no metric"));
            }
            let mut columns = Vec::with_capacity(table.metrics.len());
            for (column, metric) in table.metrics.into_iter().enumerate() {
                let (family, states) = self.metric(metric, &label_names, (index, column));
                let line_bytes = line_bytes(&family, &states);
                columns.push(Column { kind: family.kind.clone(), states, line_bytes });
                match families.iter_mut().find(|other| other.name == family.name) {
                    Some(first) => self.join(first, family),
                    None => families.push(family),
                }
            }
            checked.push(Table { label_names, columns });
        }
        (checked, families)
    }

    /// Whether all of them are valid.
    fn label_names(&mut self, names: &[String], table: usize) -> bool {
        let before = self.found;
        let mut seen = HashSet::new();
        for name in names {
            if !is_label_name(name) || name.len() > NAME_BYTES {
                self.problem(format!("{:?} is not a label name (table {table})", shorten(name, 80)));
            }
            if !seen.insert(name) {
                self.problem(format!("the label {name} is declared twice in table {table}"));
            }
        }
        // Prometheus's label_limit is off by default; 64 is far more than a person can read.
        if names.len() > 64 {
            self.problem(format!("table {table} has {} labels, 64 are allowed", names.len()));
        }
        self.found == before
    }

    /// A metric as a family with one member, and its states.
    fn metric(&mut self, metric: MetricDecl, labels: &[String], member: (usize, usize)) -> (Family, Vec<String>) {
        let MetricDecl { name, help, kind } = metric;
        if !is_metric_name(&name) || name.len() > NAME_BYTES {
            self.problem(format!("{:?} is not a metric name", shorten(&name, 80)));
        } else if let Some(reason) = reserved(&name) {
            self.problem(format!("the metric name {name} is reserved: {reason}"));
        }
        if help.trim().is_empty() {
            self.problem(format!("{name} has no help text"));
        } else if help.len() > self.limits.help_bytes {
            self.problem(format!("the help text of {name} is longer than {} bytes", self.limits.help_bytes));
        }
        let mut label_names = labels.to_vec();
        let (kind, states) = match kind {
            KindDecl::Gauge => (Kind::Gauge, Vec::new()),
            KindDecl::Counter => (Kind::Counter, Vec::new()),
            KindDecl::Info => (Kind::Info, Vec::new()),
            KindDecl::StateSet { label, states } => {
                self.states(&name, &label, &states, labels);
                label_names.push(label.clone());
                (Kind::StateSet { label }, states)
            }
        };
        if kind == Kind::Counter && !name.ends_with("_total") {
            self.problem(format!("the counter {name} does not end in _total"));
        }
        if kind == Kind::Info && !name.ends_with("_info") {
            self.problem(format!("the info metric {name} does not end in _info"));
        }
        (Family { name, help, kind, label_names, members: vec![member] }, states)
    }

    fn states(&mut self, name: &str, label: &str, states: &[String], labels: &[String]) {
        if !is_label_name(label) || label.len() > NAME_BYTES {
            self.problem(format!("{:?} is not a label name (states of {name})", shorten(label, 80)));
        }
        if labels.iter().any(|other| other == label) {
            self.problem(format!("the label {label} of the states of {name} is a label of its table"));
        }
        if states.is_empty() || states.len() > 64 {
            self.problem(format!("{name} has {} states, 1 to 64 are allowed", states.len()));
        }
        if states.iter().collect::<HashSet<_>>().len() != states.len() {
            self.problem(format!("a state of {name} is declared twice"));
        }
        if states.iter().any(|state| state.is_empty() || state.len() > self.limits.label_value_bytes) {
            self.problem(format!("a state of {name} is empty or longer than {} bytes", self.limits.label_value_bytes));
        }
    }

    /// A second table has a metric of this name: it must belong to the same family.
    fn join(&mut self, first: &mut Family, second: Family) {
        let (name, table) = (&second.name, second.members.first().map_or(0, |(table, _)| *table));
        if first.members.iter().any(|(other, _)| *other == table) {
            self.problem(format!("{name} is declared twice in table {table}"));
        }
        if first.help != second.help {
            self.problem(format!("{name} has two help texts"));
        }
        if first.kind != second.kind {
            self.problem(format!("{name} has two types"));
        }
        if first.label_names != second.label_names {
            self.problem(format!("{name} has two sets of label names"));
        }
        first.members.extend(second.members);
    }
}

/// Name, braces, a value of up to 24 characters and the line feed; for a state-set, one line per state.
fn line_bytes(family: &Family, states: &[String]) -> usize {
    let line = family.name.len() + 28;
    match &family.kind {
        Kind::StateSet { label } => states.iter().map(|state| line + label.len() + state.len() + 4).sum(),
        _ => line,
    }
}

/// Why a collector must not use a metric name.
fn reserved(name: &str) -> Option<&'static str> {
    match name {
        "up" | "ALERTS" | "ALERTS_FOR_STATE" => Some("Prometheus creates it"),
        _ if name.starts_with("__") => Some("names starting with __ belong to Prometheus"),
        _ if name.starts_with("pve_exporter_") => Some("names starting with pve_exporter_ belong to the exporter"),
        _ if name.starts_with("process_") => Some("names starting with process_ belong to the exporter"),
        _ if name.starts_with("scrape_") => Some("names starting with scrape_ belong to Prometheus"),
        _ => None,
    }
}
