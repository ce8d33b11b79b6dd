//! A manifest, checked: request templates, tables, and the metric families that the tables make up.
//!
//! Everything that can be known to be wrong before the first call is found here and said all at once, so that an
//! author mends a manifest in one go.

use std::collections::HashSet;

use crate::api::{Placeholders, Template};
use crate::exposition::{Type, is_label_name, is_metric_name};
use crate::sandbox::{Limits, contract, shorten};

/// Problems said of one manifest; a hostile one could have 100,000.
const PROBLEMS_SHOWN: usize = 20;

/// A checked manifest.
#[derive(Debug)]
pub struct Schema {
    /// The collector's name: `[a-z][a-z0-9-]{0,62}`.
    pub name: String,
    /// Its own version, for people.
    pub version: String,
    /// One sentence, for people.
    pub description: String,
    /// What it asks for, in the order of the answers.
    pub requests: Vec<Request>,
    /// Its tables, in the manifest's order.
    pub(super) tables: Vec<Table>,
    /// Its metric families, in order of first appearance.
    pub families: Vec<Family>,
    /// All placeholders of all requests: what its places are made of.
    pub placeholders: Placeholders,
}

/// A request of the manifest.
#[derive(Debug, Clone)]
pub struct Request {
    /// Its path.
    pub template: Template,
    /// How old an answer may be, in seconds; 0: asked for each scrape.
    pub max_age_seconds: u32,
    /// Whether the collector runs without it.
    pub optional: bool,
}

#[derive(Debug)]
pub(super) struct Table {
    pub(super) label_names: Vec<String>,
    pub(super) columns: Vec<Column>,
}

/// A metric in a table: its kind, and for state-sets the states of this table.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) kind: Kind,
    pub(super) states: Vec<String>,
    /// Bytes of its lines in the exposition for one row, without the row's labels.
    pub(super) line_bytes: usize,
}

/// A metric family: one name in the exposition, from one or several tables.
#[derive(Debug)]
pub struct Family {
    /// Full name of its samples.
    pub name: String,
    /// Help text.
    pub help: String,
    /// Its kind, the same in all tables.
    pub kind: Kind,
    /// Label names of its samples, the state's included.
    pub label_names: Vec<String>,
    /// Table and column of each appearance.
    pub(super) members: Vec<(usize, usize)>,
}

/// The contract's kinds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Goes up and down.
    Gauge,
    /// Only grows.
    Counter,
    /// Facts in labels.
    Info,
    /// One of several states, in a label of its own.
    StateSet {
        /// The label.
        label: String,
    },
}

impl Family {
    /// What the exposition calls it.
    #[must_use]
    pub fn type_line(&self) -> Type {
        match &self.kind {
            Kind::Gauge => Type::Gauge,
            Kind::Counter => Type::Counter,
            Kind::Info => Type::Info,
            Kind::StateSet { label } => Type::StateSet { label_is_name: *label == self.name },
        }
    }
}

/// What is wrong with a manifest, all of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the manifest breaks the contract: {}", .problems.join("; "))]
pub struct ManifestError {
    /// One sentence each, at most 20.
    pub problems: Vec<String>,
}

impl Schema {
    /// Checks a manifest against the contract and the limits.
    pub fn check(manifest: contract::Manifest, limits: &Limits) -> Result<Self, ManifestError> {
        let mut check = Check { problems: Vec::new(), limits };
        check.name(&manifest.name);
        for (what, text) in [("version", &manifest.version), ("description", &manifest.description)] {
            if text.len() > limits.help_bytes {
                check.problem(format!("the {what} is longer than {} bytes", limits.help_bytes));
            }
            // Both stand in lines made for people, the version in a grant file that an operator is asked to write.
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
    limits: &'a Limits,
}

impl Check<'_> {
    fn problem(&mut self, problem: String) {
        if self.problems.len() < PROBLEMS_SHOWN {
            // Names are quoted as they are, and a line of the log or of a reload's answer stays one line.
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
                "the name {:?} is not lower-case letters, digits and hyphens, beginning with a letter, 63 at most",
                shorten(name, 80)
            ));
        }
    }

    fn requests(&mut self, requests: Vec<contract::Request>) -> Vec<Request> {
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

    fn tables(&mut self, tables: Vec<contract::Table>) -> (Vec<Table>, Vec<Family>) {
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
            self.label_names(&table.label_names, index);
            if table.metrics.is_empty() {
                self.problem(format!("table {index} has no metric"));
            }
            let mut columns = Vec::with_capacity(table.metrics.len());
            for (column, metric) in table.metrics.into_iter().enumerate() {
                let (family, states) = self.metric(metric, &table.label_names, (index, column));
                let line_bytes = line_bytes(&family, &states);
                columns.push(Column { kind: family.kind.clone(), states, line_bytes });
                match families.iter_mut().find(|other| other.name == family.name) {
                    Some(first) => self.join(first, family),
                    None => families.push(family),
                }
            }
            checked.push(Table { label_names: table.label_names, columns });
        }
        (checked, families)
    }

    fn label_names(&mut self, names: &[String], table: usize) {
        let mut seen = HashSet::new();
        for name in names {
            if !is_label_name(name) {
                self.problem(format!("{:?} is not a label name (table {table})", shorten(name, 80)));
            }
            if !seen.insert(name) {
                self.problem(format!("the label {name} stands twice in table {table}"));
            }
        }
        // Prometheus's own label_limit is off by default; 64 is far beyond what a person can read.
        if names.len() > 64 {
            self.problem(format!("table {table} has {} labels, 64 are allowed", names.len()));
        }
    }

    /// A metric as a family of its own, and its states.
    fn metric(&mut self, metric: contract::Metric, labels: &[String], member: (usize, usize)) -> (Family, Vec<String>) {
        let contract::Metric { name, help, kind } = metric;
        if !is_metric_name(&name) || name.len() > 200 {
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
            contract::Kind::Gauge => (Kind::Gauge, Vec::new()),
            contract::Kind::Counter => (Kind::Counter, Vec::new()),
            contract::Kind::Info => (Kind::Info, Vec::new()),
            contract::Kind::StateSet(contract::StateSet { label, states }) => {
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
        if !is_label_name(label) {
            self.problem(format!("{:?} is not a label name (states of {name})", shorten(label, 80)));
        }
        if labels.iter().any(|other| other == label) {
            self.problem(format!("the label {label} of the states of {name} is a label of its table"));
        }
        if states.is_empty() || states.len() > 64 {
            self.problem(format!("{name} has {} states, 1 to 64 are allowed", states.len()));
        }
        if states.iter().collect::<HashSet<_>>().len() != states.len() {
            self.problem(format!("a state of {name} stands twice"));
        }
        if states.iter().any(|state| state.is_empty() || state.len() > self.limits.label_value_bytes) {
            self.problem(format!("a state of {name} is empty or longer than {} bytes", self.limits.label_value_bytes));
        }
    }

    /// A second table has a family of this name: it must be the same family.
    fn join(&mut self, first: &mut Family, second: Family) {
        let (name, table) = (&second.name, second.members.first().map_or(0, |(table, _)| *table));
        if first.members.iter().any(|(other, _)| *other == table) {
            self.problem(format!("{name} stands twice in table {table}"));
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

/// Name, braces, a value of up to 24 characters and the end of the line; for a state-set, once a state and with the state.
fn line_bytes(family: &Family, states: &[String]) -> usize {
    let line = family.name.len() + 28;
    match &family.kind {
        Kind::StateSet { label } => states.iter().map(|state| line + label.len() + state.len() + 4).sum(),
        _ => line,
    }
}

/// Why a metric name is not a collector's to use.
fn reserved(name: &str) -> Option<&'static str> {
    match name {
        "up" | "ALERTS" | "ALERTS_FOR_STATE" => Some("Prometheus makes it"),
        _ if name.starts_with("__") => Some("names beginning with __ are Prometheus's own"),
        _ if name.starts_with("pve_exporter_") => Some("names beginning with pve_exporter_ are the exporter's own"),
        _ if name.starts_with("process_") => Some("names beginning with process_ are the exporter's own"),
        _ if name.starts_with("scrape_") => Some("names beginning with scrape_ are Prometheus's own"),
        _ => None,
    }
}
