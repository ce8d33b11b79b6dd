//! Manifests that break the contract, and some that seem to.

use pve_collector::contract::{Kind, Metric, StateSet, Table};
use pve_exporter::collector::{Collector, Origin};

use super::support::{Animal, Outcome, animal, limits, sandbox, show};
use harness::{Forge, forge, table, texts};

pub(crate) fn animals() -> Vec<Animal> {
    [names(), metrics(), labels(), states(), sizes()].concat()
}

fn refused(what: &str, forge: Forge, words: &'static str) -> Animal {
    animal(what, forge.build(), Outcome::Refused(words))
}

fn names() -> Vec<Animal> {
    let long: &str = &"a".repeat(64);
    let bad = [
        "",
        "Zfs",
        "zfs_pool",
        "9zfs",
        "-zfs",
        "zfs pool",
        "../zfs",
        "zfs/pool",
        "zfs\\pool",
        "zfs\n",
        "zfs\0",
        "zfs\"",
        "zäh",
        long,
    ];
    let mut animals: Vec<Animal> = bad
        .iter()
        .map(|name| {
            let forge = forge("x").manifest(|manifest| manifest.name = (*name).to_owned());
            refused(&format!("name {name:?}"), forge, "must be lower-case letters, digits and hyphens")
        })
        .collect();
    animals.push(animal("63 characters", forge(&long[..63]).build(), Outcome::Gives(1, &[])));
    animals
}

fn one(name: &str, kind: Kind) -> Forge {
    forge("metric").tables(vec![table(&["case"], &[(name, kind)])])
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn metrics() -> Vec<Animal> {
    let mut animals = Vec::new();
    for name in [
        "",
        "9pve",
        "pve up",
        "pve-up",
        "pve:up",
        "pve\nup",
        "pve\"up",
        "pve{a=\"b\"}",
        "pve_ü",
        "up 1\n# TYPE x gauge\nx",
    ] {
        animals.push(refused(&format!("metric {name:?}"), one(name, Kind::Gauge), "is not a metric name"));
    }
    animals.push(refused("metric of 201 bytes", one(&"a".repeat(201), Kind::Gauge), "is not a metric name"));
    for name in
        ["up", "ALERTS", "__name", "pve_exporter_up", "pve_exporter_", "process_open_fds", "scrape_samples_scraped"]
    {
        animals.push(refused(&format!("metric {name}"), one(name, Kind::Gauge), "is reserved: "));
    }
    let help = |text: &str| {
        forge("help").tables(vec![Table {
            label_names: texts(&["case"]),
            metrics: vec![Metric { name: "pve_help".into(), help: text.into(), kind: Kind::Gauge }],
        }])
    };
    let join = |second: Table| forge("join").tables(vec![table(&["a"], &[("pve_join_total", Kind::Counter)]), second]);
    animals.extend([
        refused("help of 2 MiB", help(&"x".repeat(2 << 20)), "the manifest is larger than 1048576 bytes"),
        refused("no help", help(" \n\t"), "has no help text"),
        refused(
            "no help for a name of two lines",
            forge("help").tables(vec![Table {
                label_names: texts(&["case"]),
                metrics: vec![Metric { name: "a\nloaded everything".into(), help: String::new(), kind: Kind::Gauge }],
            }]),
            "has no help text",
        ),
        refused(
            "counter without _total",
            one("pve_reads", Kind::Counter),
            "the counter pve_reads does not end in _total",
        ),
        refused("info without _info", one("pve_facts", Kind::Info), "the info metric pve_facts does not end in _info"),
        refused("no metric", forge("x").tables(vec![table(&["case"], &[])]), "table 0 has no metric"),
        refused(
            "the same metric twice",
            forge("x").tables(vec![table(&[], &[("pve_a", Kind::Gauge), ("pve_a", Kind::Gauge)])]),
            "pve_a is declared twice in table 0",
        ),
        refused("two types", join(table(&["a"], &[("pve_join_total", Kind::Gauge)])), "pve_join_total has two types"),
        refused(
            "two sets of labels",
            join(table(&["b"], &[("pve_join_total", Kind::Counter)])),
            "has two sets of label names",
        ),
        refused(
            "two help texts",
            join(Table {
                label_names: texts(&["a"]),
                metrics: vec![Metric { name: "pve_join_total".into(), help: "Another.".into(), kind: Kind::Counter }],
            }),
            "pve_join_total has two help texts",
        ),
    ]);
    animals
}

fn labels() -> Vec<Animal> {
    let with = |labels: &[&str]| forge("labels").tables(vec![table(labels, &[("pve_labels", Kind::Gauge)])]);
    let many: Vec<String> = (0..100_000).map(|label| format!("label{label}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let mut animals: Vec<Animal> =
        ["", "__name__", "__address__", "9a", "a-b", "a b", "a\n", "a\"", "a=\"b\",c", "ä", "a:b"]
            .iter()
            .map(|label| refused(&format!("label {label:?}"), with(&[label]), "is not a label name (table 0)"))
            .collect();
    animals.extend([
        refused("label of 201 bytes", with(&[&"a".repeat(201)]), "is not a label name"),
        refused("label twice", with(&["a", "b", "a"]), "the label a is declared twice in table 0"),
        refused("odd label twice", with(&["a\nb", "a\nb"]), "is declared twice in table 0"),
        refused("65 labels", with(&many[..65]), "table 0 has 65 labels, 64 are allowed"),
        refused("100,000 labels", with(&many), "the manifest is larger than 1048576 bytes"),
    ]);
    animals
}

fn states() -> Vec<Animal> {
    let with = |label: &str, states: &[&str]| {
        one("pve_state", Kind::StateSet(StateSet { label: label.to_owned(), states: texts(states) }))
    };
    let long: &str = &"x".repeat(1025);
    let many = vec!["x"; 100_000];
    vec![
        refused("state's label reserved", with("__name__", &["on"]), "is not a label name (states of pve_state)"),
        refused("state's label of two lines", with("a\nb", &["on"]), "is not a label name (states of pve_state)"),
        refused("state's label of the table", with("case", &["on"]), "is a label of its table"),
        refused("no states", with("state", &[]), "has 0 states, 1 to 64 are allowed"),
        refused("100,000 states", with("state", &many), "the manifest is larger than 1048576 bytes"),
        refused("a state twice", with("state", &["on", "on"]), "a state of pve_state is declared twice"),
        refused("a state without a name", with("state", &["on", ""]), "a state of pve_state is empty or longer"),
        refused("a state too long", with("state", &["on", long]), "a state of pve_state is empty or longer"),
    ]
}

fn sizes() -> Vec<Animal> {
    let tables = |number: usize| vec![table(&["case"], &[("pve_many", Kind::Gauge)]); number];
    let metrics: Vec<String> = (0..513).map(|metric| format!("pve_{metric}")).collect();
    let metrics: Vec<(&str, Kind)> = metrics.iter().map(|name| (name.as_str(), Kind::Gauge)).collect();
    let requests = |number: usize| vec!["/cluster/status"; number];
    let big = "x".repeat(4 << 20);
    vec![
        refused("65 tables", forge("x").tables(tables(65)), "65 tables with 65 metrics, 64 and 512 are allowed"),
        refused("100,000 tables", forge("x").tables(tables(100_000)), "the manifest is larger than 1048576 bytes"),
        refused("513 metrics", forge("x").tables(vec![table(&[], &metrics)]), "1 tables with 513 metrics"),
        refused("33 requests", forge("x").requests(&requests(33)), "33 requests, 32 are allowed"),
        refused("10,000 requests", forge("x").requests(&requests(10_000)), "10000 requests, 32 are allowed"),
        refused(
            "a path of 4 MiB",
            forge("x").requests(&[&format!("/{big}")]),
            "the manifest is larger than 1048576 bytes",
        ),
        refused(
            "a version of 4 MiB",
            forge("x").manifest(|manifest| manifest.version = big.clone()),
            "the manifest is larger than 1048576 bytes",
        ),
        refused(
            "a description of 4 MiB",
            forge("x").manifest(|manifest| manifest.description = big.clone()),
            "the manifest is larger than 1048576 bytes",
        ),
        refused(
            "a name of 4 MiB",
            forge("x").manifest(|manifest| manifest.name = big.clone()),
            "the manifest is larger than 1048576 bytes",
        ),
        // Lists that share their elements contain more than the file could hold.
        refused(
            "4 million tables",
            forge("x").tables(tables(100)).piece("memory", "1000").piece(
                "describe",
                "(i32.store offset=36 (global.get $manifest) (i32.const 4000000))
             (i32.store offset=32 (global.get $manifest) (i32.const 65536)) (global.get $manifest)",
            ),
            "the manifest is larger than 1048576 bytes (limits: manifest-bytes)",
        ),
    ]
}

#[test]
fn a_manifest_that_breaks_the_contract_is_refused() {
    show(&animals());
}

/// An author sees all problems at once, and a hostile manifest does not fill the log.
#[test]
fn all_problems_are_said_but_not_a_hundred_thousand() {
    let metrics: Vec<String> = (0..500).map(|metric| format!("9pve-{metric}-{}", "x".repeat(1000))).collect();
    let metrics: Vec<(&str, Kind)> = metrics.iter().map(|name| (name.as_str(), Kind::Counter)).collect();
    let bytes = forge("x").tables(vec![table(&["__a", "__b"], &metrics)]).build();
    let error = Collector::load(&sandbox(), &bytes, Origin::Builtin, limits()).unwrap_err().to_string();
    assert!(error.contains("\"__a\" is not a label name") && error.contains("\"__b\" is not a label name"), "{error}");
    assert!(error.contains("is not a metric name"), "{error}");
    assert!(error.ends_with("; and more") && error.len() < 21 * 310, "{} bytes: {error}", error.len());
}
