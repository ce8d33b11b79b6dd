//! The documentation matches the code: metrics with their types and labels, flags, keys, variables and limits with their
//! defaults, links, and alert rules.

mod alerts;
mod claims;
mod links;
pub(crate) mod pages;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use pages::{Row, read, rows, words};
use pve_exporter::catalog::{Grant, builtin_names, builtin_settings, builtins};
use pve_exporter::collector::{Collector, Origin};
use pve_exporter::config::Flags;
use pve_exporter::limits::{LIMITS, Limit, LimitOverride, Limits};
use pve_exporter::reason::Reason;
use pve_exporter::sandbox::{Capacity, Sandbox};
use pve_exporter::schema::{Family, Kind, Rejection};

const METRICS: &str = "docs/metrics.md";
const CONFIGURATION: &str = "docs/configuration.md";

/// The built-in collectors. To compile them takes seconds, so all tests share them.
static COLLECTORS: LazyLock<Vec<Collector>> = LazyLock::new(|| {
    let sandbox = Sandbox::new(Capacity { slots: 4, max_memory: Limits::default().memory }, None).unwrap();
    let load = |component| Collector::load(&sandbox, component, Origin::Builtin, Limits::default()).unwrap();
    builtins().iter().map(|(_, component)| load(component)).collect()
});

/// The exporter's own metrics, from the sources that define them.
fn own_metrics() -> BTreeSet<String> {
    let telemetry = ["components", "encoding", "metrics", "requests"];
    let telemetry = telemetry.map(|file| read(&format!("host/src/telemetry/{file}.rs")));
    let sources = telemetry.concat() + &read("host/src/scrape/series.rs");
    let names = words(&sources, "pve_exporter_", |c| c.is_ascii_lowercase() || c == '_');
    assert!(names.len() > 10, "{names:?}");
    names
}

fn word(kind: &Kind) -> &'static str {
    match kind {
        Kind::Gauge => "gauge",
        Kind::Counter => "counter",
        Kind::Info => "info",
        Kind::StateSet { .. } => "state-set",
    }
}

/// What is wrong with a family's row. The order of labels is up to the documentation.
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
fn every_metric_of_a_built_in_collector_has_one_row() {
    let rows = rows();
    let mut wrong = Vec::new();
    for collector in COLLECTORS.iter() {
        for family in &collector.schema.families {
            let found: Vec<&Row> = rows.iter().filter(|row| row.says(0, &family.name)).collect();
            if found.is_empty() {
                let labels = family.label_names.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
                wrong.push(format!("not documented: | `{}` | {} | {labels} | … |", family.name, word(&family.kind)));
            }
            if found.len() > 1 || found.iter().any(|row| row.file != METRICS) {
                let places: Vec<&str> = found.iter().map(|row| row.file.as_str()).collect();
                wrong.push(format!("{} belongs into {METRICS}, once: {places:?}", family.name));
            }
            wrong.extend(found.iter().flat_map(|row| differences(family, row)));
        }
        // The other way round: a collector exports everything that its section lists.
        let own = rows.iter().filter(|row| row.heading == collector.name());
        for name in own.flat_map(|row| row.code(0)).filter(|name| name.starts_with("pve_")) {
            if !collector.schema.families.iter().any(|family| family.name == name) {
                wrong.push(format!("{} does not export {name}", collector.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_collector_has_its_section() {
    let metrics = read(METRICS);
    for collector in COLLECTORS.iter() {
        let name = collector.name();
        let section = metrics.split(&format!("\n## {name}\n")).nth(1);
        let section = section.unwrap_or_else(|| panic!("{METRICS} has no section {name}"));
        let section = section.split("\n## ").next().unwrap();
        for request in &collector.schema.requests {
            let path = request.template.to_string();
            assert!(section.contains(&format!("`{path}`")), "{METRICS} does not say that {name} requests {path}");
        }
    }
}

#[test]
fn every_metric_of_the_exporter_has_one_row() {
    let rows = rows();
    for name in own_metrics() {
        let found: Vec<&Row> = rows.iter().filter(|row| row.says(0, &name)).collect();
        let [row] = found.as_slice() else { panic!("{name} must be documented once: {found:?}") };
        assert_eq!(row.file, METRICS, "{name}");
        let kind = row.cells[1].as_str();
        assert!(matches!(kind, "gauge" | "counter" | "info" | "histogram"), "{name}: {kind}");
        assert_eq!(kind == "counter", name.ends_with("_total"), "{name}: {kind}");
        assert_eq!(kind == "info", name.ends_with("_info"), "{name}: {kind}");
    }
}

#[test]
fn every_flag_has_its_row_and_default() {
    let rows = pages::under(CONFIGURATION, "Flags");
    let command = Flags::command(&[]);
    for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
        let Some(flag) = argument.get_long().map(|flag| format!("--{flag}")) else { continue };
        let row = rows.iter().find(|row| row.says(0, &flag));
        let row = row.unwrap_or_else(|| panic!("{flag} is not documented"));
        let defaults: Vec<_> = argument.get_default_values().iter().map(|value| value.to_str().unwrap()).collect();
        // A default that depends on the machine is described in words.
        if argument.get_action().takes_values() && !argument.is_hide_default_value_set() && !defaults.is_empty() {
            assert_eq!(row.code(1), defaults, "the default of {flag}");
        }
    }
    let known = |flag: &str| flag.contains("NAME") || command.get_arguments().any(|a| a.get_long() == Some(&flag[2..]));
    for flag in rows.iter().flat_map(|row| row.code(0)).filter(|flag| *flag != "--version" && *flag != "--help") {
        assert!(known(flag), "{flag} is documented, but does not exist");
    }
}

#[test]
fn every_key_and_variable_has_its_row() {
    let source = read("host/src/config/names.rs");
    let known = source.split_once("const KNOWN").and_then(|(_, rest)| rest.split_once("];")).unwrap().0;
    let keys: BTreeSet<String> = known.split('"').skip(1).step_by(2).map(str::to_owned).collect();
    assert!(keys.contains("token_value"), "{keys:?}");
    let sources = source.clone() + &read("host/src/config/env.rs");
    let variables = words(&sources, "PVE_", |c| c.is_ascii_uppercase() || c == '_');
    assert!(variables.contains("PVE_TARGET"), "{variables:?}");
    for (heading, names) in [("pve.yml", keys), ("Environment variables", variables)] {
        let rows = pages::under(CONFIGURATION, heading);
        let documented: BTreeSet<String> = rows.iter().flat_map(|row| row.code(0)).map(str::to_owned).collect();
        assert_eq!(documented, names, "{heading}");
    }
}

#[test]
fn every_limit_has_its_row_and_default() {
    let rows = pages::under(CONFIGURATION, "Limits");
    for limit in LIMITS {
        let row = rows.iter().find(|row| row.says(0, limit.name));
        let row = row.unwrap_or_else(|| panic!("the limit {} is not documented: {}", limit.name, limit.help));
        let documented = LimitOverride::parse(limit.name, &row.cells[1].replace([',', ' '], "")).unwrap();
        assert_eq!(Limits::default().with(&[documented]), Limits::default(), "the default of {}", limit.name);
    }
    for name in rows.iter().flat_map(|row| row.code(0)) {
        assert!(Limit::named(name).is_some(), "the limit {name} is documented, but does not exist");
    }
}

#[test]
fn every_key_of_a_grant_exists() {
    let rows = pages::under(CONFIGURATION, "Grants");
    let keys: Vec<&str> = rows.iter().flat_map(|row| row.code(0)).collect();
    assert_eq!(keys, ["sha256", "allow", "settings", "limits"]);
    let example = pages::block(CONFIGURATION, "Grants", "yaml");
    let grant = Grant::parse(&example).unwrap();
    assert!(grant.sha256.is_some() && grant.allow.len() == 1, "{grant:?}");
    for key in keys {
        assert!(example.contains(&format!("{key}:")), "the example lacks {key}");
    }
}

#[test]
fn every_reason_is_documented() {
    let documented = |heading: &str| -> BTreeSet<String> {
        pages::under(METRICS, heading).iter().flat_map(|row| row.code(0)).map(str::to_owned).collect()
    };
    let reasons = Reason::ALL.iter().map(|reason| reason.as_str().to_owned()).collect();
    assert_eq!(documented("Reasons"), reasons);
    let rejections = Rejection::ALL.iter().map(|rejection| rejection.as_str().to_owned()).collect();
    assert_eq!(documented("Dropped rows"), rejections);
}

/// Queries and examples name metrics that exist, wherever they are.
#[test]
fn every_metric_that_is_mentioned_exists() {
    let mut known = own_metrics();
    for collector in COLLECTORS.iter() {
        known.extend(collector.schema.families.iter().map(|family| family.name.clone()));
    }
    for suffix in ["_bucket", "_sum", "_count"] {
        known.insert(format!("pve_exporter_api_request_duration_seconds{suffix}"));
    }
    for page in pages::all().iter().filter(|page| !page.starts_with("docs/collectors") && !page.contains("examples")) {
        for code in pages::code(&read(page)) {
            for name in words(&code, "pve_", |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
                assert!(known.contains(&name), "{page}: there is no metric {name}");
            }
        }
    }
}

/// The settings that `--collectors.setting` accepts are those of the tables, below the collector's name.
#[test]
fn every_setting_of_a_built_in_has_its_row() {
    for name in builtin_names() {
        let rows = pages::rows().into_iter().filter(|row| row.file == METRICS && row.heading == name);
        let mut documented: Vec<String> = rows
            .skip_while(|row| row.cells.first().is_none_or(|cell| cell != "Setting"))
            .skip(1)
            .flat_map(|row| row.code(0).first().map(|setting| (*setting).to_owned()))
            .collect();
        documented.sort();
        assert_eq!(documented, builtin_settings(name), "{name}");
    }
}
