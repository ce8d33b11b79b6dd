//! The contract's rules that types can't enforce.

use std::collections::{BTreeMap, HashSet};

use crate::{
    Row, Value,
    contract::{Kind, Manifest, Metric},
};

/// What is wrong with a manifest, one sentence each.
pub(super) fn manifest(manifest: &Manifest) -> Vec<String> {
    let mut wrong = Vec::new();
    let name = &manifest.name;
    let rest = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(rest) || name.len() > 63 {
        wrong.push(format!("the name {name:?} is not lower-case letters, digits and hyphens, at most 63"));
    }
    if manifest.description.trim().is_empty() {
        wrong.push("the description is empty: write one sentence in Cargo.toml".to_owned());
    }
    for request in &manifest.requests {
        if !request.path.starts_with('/') || ["..", "//", "#"].iter().any(|bad| request.path.contains(bad)) {
            wrong.push(format!("the request {:?} is not a path below the API root", request.path));
        }
    }
    let mut families: BTreeMap<&str, (&Metric, &[String])> = BTreeMap::new();
    for table in &manifest.tables {
        let mut labels = HashSet::new();
        for label in &table.label_names {
            if !is_name(label) || label.starts_with("__") || !labels.insert(label) {
                wrong.push(format!("label {label:?} is not a label name, or occurs twice in its table"));
            }
        }
        for metric in &table.metrics {
            wrong.extend(wrong_metric(metric, &table.label_names));
            let (known, labels) = families.entry(&metric.name).or_insert((metric, &table.label_names));
            if known.help != metric.help || !alike(&known.kind, &metric.kind) || *labels != table.label_names {
                wrong.push(format!("{}: its tables differ in help, kind or labels", metric.name));
            }
        }
    }
    wrong
}

/// Whether two tables of a family agree on its kind. Their states may differ: one family can cover the states of VMs and
/// of nodes.
fn alike(one: &Kind, other: &Kind) -> bool {
    match (one, other) {
        (Kind::StateSet(one), Kind::StateSet(other)) => one.label == other.label,
        (one, other) => one == other,
    }
}

fn wrong_metric(metric: &Metric, labels: &[String]) -> Option<String> {
    let Metric { name, help, kind } = metric;
    let fault = if !is_name(name) || !name.starts_with("pve_") {
        "is not a metric name, or does not begin with pve_"
    } else if name.starts_with("pve_exporter_") {
        "is reserved for the host's own metrics"
    } else if help.trim().is_empty() {
        "has no help text"
    } else if matches!(kind, Kind::Counter) && !name.ends_with("_total") {
        "is a counter and does not end in _total"
    } else if name.ends_with("_info") != matches!(kind, Kind::Info) {
        "must end in _info if it is an info metric, and only then"
    } else if matches!(kind, Kind::StateSet(set) if !is_name(&set.label) || labels.contains(&set.label)) {
        "has a state label that is not a label name, or is one of the table's"
    } else {
        return None;
    };
    Some(format!("{name} {fault}"))
}

/// What is wrong with rows, one sentence each.
pub(super) fn rows<'a>(manifest: &'a Manifest, rows: impl Iterator<Item = &'a Row>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut series = HashSet::new();
    let mut blocks = HashSet::new();
    for row in rows {
        let table = &manifest.tables[row.table as usize];
        // Even if no metric is in both: the host keeps a table's rows by their labels.
        if !blocks.insert((row.table, &row.labels)) {
            wrong.push(format!("two rows of table {} have the labels {:?}", row.table, row.labels));
        }
        for (metric, value) in table.metrics.iter().zip(&row.values) {
            let name = &metric.name;
            if *value != Value::Absent && !series.insert((name, &row.labels)) {
                wrong.push(format!("{name} has two samples with the labels {:?}", row.labels));
            }
            if let (Kind::Counter, Value::Number(number)) = (&metric.kind, value) {
                if !number.is_finite() || *number < 0.0 {
                    wrong.push(format!("{name} is a counter with the value {number}"));
                }
            }
        }
    }
    wrong
}

fn is_name(name: &str) -> bool {
    let rest = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(rest)
}
