//! The documentation says what there is: every metric with its type and labels, every flag, key, variable and limit.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pve_exporter::catalog::builtins;
use pve_exporter::collector::{Collector, Origin};
use pve_exporter::config::Flags;
use pve_exporter::limits::{LIMITS, Limits};
use pve_exporter::sandbox::{Capacity, Sandbox};
use pve_exporter::schema::{Family, Kind};

/// A row of a table: the file and heading it stands under, and its cells.
#[derive(Debug)]
struct Row {
    file: String,
    heading: String,
    cells: Vec<String>,
}

impl Row {
    /// Whether a cell has this text as code of its own.
    fn says(&self, cell: usize, code: &str) -> bool {
        self.cells.get(cell).is_some_and(|cell| cell.split('`').skip(1).step_by(2).any(|found| found == code))
    }

    /// The code in a cell, in its order.
    fn code(&self, cell: usize) -> Vec<&str> {
        self.cells.get(cell).map(|cell| cell.split('`').skip(1).step_by(2).collect()).unwrap_or_default()
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All rows of all tables in README.md and docs.
fn rows() -> Vec<Row> {
    let mut files = vec!["README.md".to_owned()];
    for entry in std::fs::read_dir(root().join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".md") {
            files.push(format!("docs/{name}"));
        }
    }
    files.sort();
    let mut rows = Vec::new();
    for file in files {
        let mut heading = String::new();
        for line in read(&file).lines() {
            if line.starts_with('#') {
                heading = line.trim_start_matches('#').trim().to_owned();
            } else if let Some(inner) = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" |")) {
                let cells = inner.split(" | ").map(|cell| cell.trim().to_owned()).collect();
                rows.push(Row { file: file.clone(), heading: heading.clone(), cells });
            }
        }
    }
    rows
}

fn collectors() -> Vec<Collector> {
    let sandbox = Sandbox::new(Capacity { slots: 4, max_memory: Limits::default().memory }, None).unwrap();
    let load = |component| Collector::load(&sandbox, component, Origin::Builtin, Limits::default()).unwrap();
    builtins().iter().map(|(_, component)| load(component)).collect()
}

fn word(kind: &Kind) -> &'static str {
    match kind {
        Kind::Gauge => "gauge",
        Kind::Counter => "counter",
        Kind::Info => "info",
        Kind::StateSet { .. } => "state-set",
    }
}

/// What is wrong with a family's row; the order of labels is the documentation's own.
fn differences(family: &Family, row: &Row) -> Vec<String> {
    let mut wrong = Vec::new();
    let wanted = word(&family.kind);
    if row.cells.get(1).is_none_or(|kind| kind != wanted) {
        wrong.push(format!("{}: {} is a {wanted}, not {:?}", row.file, family.name, row.cells.get(1)));
    }
    let labels: BTreeSet<&str> = family.label_names.iter().map(String::as_str).collect();
    let documented: BTreeSet<&str> = row.code(2).into_iter().collect();
    if labels != documented {
        wrong.push(format!("{}: {} has the labels {labels:?}, not {documented:?}", row.file, family.name));
    }
    wrong
}

#[test]
fn every_metric_of_a_built_in_collector_has_its_row() {
    let rows = rows();
    let mut wrong = Vec::new();
    for collector in collectors() {
        for family in &collector.schema.families {
            let found: Vec<&Row> = rows.iter().filter(|row| row.says(0, &family.name)).collect();
            if found.is_empty() {
                let labels = family.label_names.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
                wrong.push(format!("not documented: | `{}` | {} | {labels} | … |", family.name, word(&family.kind)));
            }
            wrong.extend(found.iter().flat_map(|row| differences(family, row)));
        }
        // The other way round: what stands under a collector's heading, it gives.
        let own = rows.iter().filter(|row| row.heading == collector.name());
        for name in own.flat_map(|row| row.code(0)).filter(|name| name.starts_with("pve_")) {
            if !collector.schema.families.iter().any(|family| family.name == name) {
                wrong.push(format!("{} does not give {name}", collector.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_collector_has_its_section() {
    let metrics = read("docs/metrics.md");
    for collector in collectors() {
        let name = collector.name();
        assert!(metrics.contains(&format!("\n## {name}\n")), "docs/metrics.md has no section {name}");
        for request in &collector.schema.requests {
            let path = request.template.to_string();
            assert!(metrics.contains(&format!("`{path}`")), "docs/metrics.md does not say that {name} asks for {path}");
        }
    }
}

#[test]
fn every_metric_of_the_exporter_has_its_row() {
    let rows = rows();
    let sources = read("host/src/telemetry/metrics.rs") + &read("host/src/scrape/series.rs");
    let names = words(&sources, "pve_exporter_", |c| c.is_ascii_lowercase() || c == '_');
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        let row = rows.iter().find(|row| row.says(0, &name));
        let row = row.unwrap_or_else(|| panic!("{name} is not documented"));
        let kind = row.cells[1].as_str();
        assert!(matches!(kind, "gauge" | "counter" | "info" | "histogram"), "{name}: {kind}");
        assert_eq!(kind == "counter", name.ends_with("_total"), "{name}: {kind}");
        assert_eq!(kind == "info", name.ends_with("_info"), "{name}: {kind}");
    }
}

#[test]
fn every_flag_has_its_row() {
    let rows = rows();
    let command = Flags::command(&[]);
    for flag in command.get_arguments().filter_map(|argument| argument.get_long()) {
        let flag = format!("--{flag}");
        assert!(rows.iter().any(|row| row.says(0, &flag)), "{flag} is not documented");
    }
}

#[test]
fn every_key_and_variable_has_its_row() {
    let rows = rows();
    let source = read("host/src/config/keys.rs");
    let known = source.split_once("const KNOWN").and_then(|(_, rest)| rest.split_once("];")).unwrap().0;
    let keys: Vec<&str> = known.split('"').skip(1).step_by(2).collect();
    assert!(keys.contains(&"token_value"), "{keys:?}");
    let variables = words(&read("host/src/config/env.rs"), "PVE_", |c| c.is_ascii_uppercase() || c == '_');
    assert!(variables.contains("PVE_TARGET"), "{variables:?}");
    for name in keys.into_iter().map(str::to_owned).chain(variables) {
        assert!(rows.iter().any(|row| row.says(0, &name)), "{name} is not documented");
    }
}

#[test]
fn every_limit_has_its_row() {
    let rows = rows();
    for name in LIMITS.iter().map(|limit| limit.name) {
        let row = rows.iter().find(|row| row.heading == "Limits" && row.says(0, name));
        assert!(row.is_some(), "the limit {name} is not documented");
    }
}

/// The SDK's README is compiled as a test of the SDK; the same collector stands in ours.
#[test]
fn the_example_is_the_one_that_compiles() {
    let first = |text: &str| text.split_once("```rust\n").unwrap().1.split_once("```").unwrap().0.to_owned();
    assert_eq!(first(&read("README.md")), first(&read("guests/sdk/README.md")));
}

/// The words in a text that begin with `prefix`; the prefix alone is none.
fn words(text: &str, prefix: &str, belongs: impl Fn(char) -> bool) -> BTreeSet<String> {
    let word = |(at, _): (usize, &str)| text[at..].chars().take_while(|c| belongs(*c)).collect::<String>();
    text.match_indices(prefix).map(word).filter(|word| !word.ends_with('_')).collect()
}
