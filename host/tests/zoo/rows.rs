//! Rows that do not fit their tables are lost, with a reason; the others are kept.

use std::sync::Arc;

use pve_collector::contract::{Kind, Output, Row, StateSet, Value};
use pve_exporter::collector::{Collector, Origin};
use pve_exporter::exposition::{Encoder, Format};
use pve_exporter::request::Place;
use pve_exporter::schema::Collected;

use super::support::{Animal, Outcome, animal, expose, limits, sandbox, show};
use harness::{Forge, forge, row, table, texts};

const ONE: Value = Value::Number(1.0);

/// Two tables: one with a metric of each kind, and one with the same gauge.
fn zoo() -> Forge {
    let states = StateSet { label: "state".to_owned(), states: texts(&["on", "off"]) };
    forge("rows").tables(vec![
        table(
            &["a", "b"],
            &[
                ("pve_gauge", Kind::Gauge),
                ("pve_counter_total", Kind::Counter),
                ("pve_facts_info", Kind::Info),
                ("pve_states", Kind::StateSet(states)),
            ],
        ),
        table(&["a", "b"], &[("pve_gauge", Kind::Gauge)]),
    ])
}

fn good() -> Row {
    row(0, &["x", "y"], &[ONE, ONE, ONE, Value::State(Some(0))])
}

fn values(gauge: Value, counter: Value, info: Value, state: Value) -> Row {
    row(0, &["v", "w"], &[gauge, counter, info, state])
}

/// A row next to the good one: how many rows are kept, and what is lost.
fn beside(what: &str, bad: Row, rows: usize, lost: &'static [(&'static str, u64)]) -> Animal {
    animal(what, zoo().rows(vec![bad, good()]).build(), Outcome::Gives(rows, lost))
}

pub(crate) fn animals() -> Vec<Animal> {
    [shapes(), wrong_values(), duplicates(), floods()].concat()
}

fn shapes() -> Vec<Animal> {
    let long = "x".repeat(1025);
    let absent = [Value::Absent; 4];
    vec![
        beside("table out of range", row(2, &["x", "y"], &[ONE]), 1, &[("table_index", 1)]),
        beside("the last table there could be", row(u32::MAX, &[], &[]), 1, &[("table_index", 1)]),
        beside("a label missing", row(0, &["x"], &absent), 1, &[("label_count", 1)]),
        beside("a label too many", row(0, &["x", "y", "z"], &absent), 1, &[("label_count", 1)]),
        beside("100,000 labels", Row { labels: vec!["x".into(); 100_000], ..good() }, 1, &[("label_count", 1)]),
        beside("no labels at all", row(0, &[], &absent), 1, &[("label_count", 1)]),
        beside("a value missing", row(0, &["x", "y"], &[ONE]), 1, &[("value_count", 1)]),
        beside("a value too many", row(1, &["x", "z"], &[ONE, ONE]), 1, &[("value_count", 1)]),
        beside("a label of 1025 bytes", row(1, &["x", &long], &[ONE]), 2, &[("label_value_length", 1)]),
        beside("a label of 1024 bytes", row(1, &["x", &long[1..]], &[ONE]), 2, &[]),
        beside("nothing known", row(0, &["v", "w"], &absent), 2, &[]),
    ]
}

fn wrong_values() -> Vec<Animal> {
    let absent = Value::Absent;
    let counter = |what: &str, value: f64| {
        beside(
            &format!("counter {what}"),
            values(ONE, Value::Number(value), absent, absent),
            2,
            &[("counter_value", 1)],
        )
    };
    vec![
        counter("NaN", f64::NAN),
        counter("infinite", f64::INFINITY),
        counter("below all", f64::NEG_INFINITY),
        counter("negative", -1.0),
        counter("a little negative", -f64::MIN_POSITIVE),
        beside("gauge NaN", values(Value::Number(f64::NAN), absent, absent, absent), 2, &[]),
        beside("gauge infinite", values(Value::Number(f64::NEG_INFINITY), absent, absent, absent), 2, &[]),
        beside("info 0", values(absent, absent, Value::Number(0.0), absent), 1, &[("info_value", 1)]),
        beside("info NaN", values(absent, absent, Value::Number(f64::NAN), absent), 1, &[("info_value", 1)]),
        beside("state out of range", values(absent, absent, absent, Value::State(Some(2))), 1, &[("state_index", 1)]),
        beside(
            "the last state",
            values(absent, absent, absent, Value::State(Some(u32::MAX))),
            1,
            &[("state_index", 1)],
        ),
        beside("a state that is not listed", values(absent, absent, absent, Value::State(None)), 2, &[]),
        beside("a number for a state", values(absent, absent, absent, ONE), 1, &[("value_type", 1)]),
        beside("a state for a number", values(Value::State(None), absent, absent, absent), 1, &[("value_type", 1)]),
    ]
}

fn duplicates() -> Vec<Animal> {
    let gives =
        |what: &str, rows: Vec<Row>, kept, lost| animal(what, zoo().rows(rows).build(), Outcome::Gives(kept, lost));
    let same = |number| vec![good(); number];
    vec![
        gives("a row twice", same(2), 2, &[("duplicate", 1)]),
        gives("a row 1000 times", same(1000), 1000, &[("duplicate", 999)]),
        gives("the same series from two tables", vec![good(), row(1, &["x", "y"], &[ONE])], 2, &[("duplicate", 1)]),
        gives("other labels", vec![good(), row(1, &["y", "x"], &[ONE])], 2, &[]),
        // A label with an empty value counts as absent: both rows are {a="x"}.
        gives(
            "labels that are empty",
            vec![row(1, &["x", ""], &[ONE]), row(1, &["x", ""], &[ONE])],
            2,
            &[("duplicate", 1)],
        ),
        // The end of a label inside a value is escaped.
        gives(
            "labels that try to be others",
            vec![row(1, &["x\",b=\"y", "z"], &[ONE]), row(1, &["x", "y"], &[ONE])],
            2,
            &[],
        ),
    ]
}

fn floods() -> Vec<Animal> {
    let rows = |number: usize| vec![row(0, &["x"], &[ONE]); number];
    let counted: Vec<Row> = (0..20_000).map(|number| row(0, &[&number.to_string()], &[ONE])).collect();
    let states: Vec<String> = (0..64).map(|state| format!("state{state}")).collect();
    let many = forge("states")
        .tables(vec![table(&["case"], &[("pve_states", Kind::StateSet(StateSet { label: "state".into(), states }))])]);
    let stated: Vec<Row> = (0..10_000).map(|number| row(0, &[&number.to_string()], &[Value::State(None)])).collect();
    let kilobyte = "x".repeat(1000);
    // 5 million empty rows in zeroed memory.
    let zeros = forge("zeros").piece("memory", "1700").piece(
        "collect",
        "(i32.store offset=4 (global.get $output) (i32.const 0x100000))
         (i32.store offset=8 (global.get $output) (i32.const 5000000)) (global.get $output)",
    );
    let lifted = Outcome::Fails("lifted_bytes_limit", "67108864 bytes (limits: lifted-bytes)");
    vec![
        animal(
            "200,001 rows",
            forge("x").rows(rows(200_001)).build(),
            Outcome::Fails("rows_limit", "returned 200001 rows, 200000 are allowed"),
        ),
        animal(
            "series beyond their limit",
            many.rows(stated).build(),
            Outcome::Fails("series_limit", "returned more than 500000 series"),
        ),
        animal(
            "rows beyond a limit of their own",
            forge("x").rows(counted).build(),
            Outcome::Fails("rows_limit", "returned 20000 rows, 5000 are allowed"),
        )
        .limits(|limits| limits.rows = 5000),
        animal("5 million rows", zeros.build(), lifted.clone()).limits(|limits| limits.memory = 128 << 20),
        animal(
            "5 million rows that may be lifted",
            zeros.build(),
            Outcome::Fails("rows_limit", "returned 5000000 rows"),
        )
        .limits(|limits| {
            (limits.memory, limits.lifted_bytes, limits.collector_bytes) = (128 << 20, 1 << 30, 2 << 30);
        }),
        // A kilobyte of text in the file becomes 100 MB in the answer.
        animal("aliased labels", forge("x").rows(vec![row(0, &[&kilobyte], &[ONE]); 100_000]).build(), lifted.clone()),
        animal(
            "aliased lists",
            forge("x").rows(vec![row(0, &[kilobyte.as_str(); 1000], &[ONE]); 100]).build(),
            lifted.clone(),
        ),
        animal(
            "aliased warnings",
            forge("x").gives(Ok(Output { rows: Vec::new(), warnings: vec![kilobyte.clone(); 100_000] })).build(),
            lifted,
        ),
    ]
}

#[test]
fn what_does_not_fit_is_lost_and_nothing_else() {
    show(&animals());
}

/// Unusual label values and help texts are kept and escaped in both formats.
#[test]
fn odd_texts_are_escaped_and_stay() {
    let odd = [
        "new\nline",
        "quo\"te",
        "back\\slash",
        "} 1\npve_forged{a=\"b",
        "# HELP x",
        "\u{0}\u{1b}[31m",
        "ü€😀\u{202e}",
        " ",
        "\\n",
    ];
    let rows = odd.iter().enumerate().map(|(number, text)| row(1, &[&number.to_string(), text], &[ONE])).collect();
    let bytes = zoo()
        .manifest(|manifest| {
            for table in &mut manifest.tables {
                for metric in &mut table.metrics {
                    metric.help = "Two\nlines \"quoted\" \\ # TYPE pve_forged gauge".to_owned();
                }
            }
        })
        .rows(rows)
        .build();
    let collector = Collector::load(&sandbox(), &bytes, Origin::Builtin, limits()).unwrap();
    let collection = collector.collect(0, &Place::cluster(), &[]);
    assert!(collection.rejections.is_empty(), "{:?}", collection.rejections);
    let (text, open, rejections) = expose(&collector, vec![collection.outcome.unwrap()]);
    assert!(rejections.is_empty(), "{rejections:?}");
    for exposition in [&text, open.strip_suffix("# EOF\n").unwrap()] {
        let lines: Vec<&str> = exposition.lines().collect();
        assert_eq!(lines.len(), 2 + odd.len(), "{exposition}");
        assert!(
            lines[2..].iter().all(|line| line.starts_with("pve_gauge{a=\"") && line.ends_with("\"} 1")),
            "{exposition}"
        );
    }
    assert!(text.contains(r#"pve_gauge{a="3",b="} 1\npve_forged{a=\"b"} 1"#), "{text}");
    assert!(text.starts_with(r#"# HELP pve_gauge Two\nlines "quoted" \\ # TYPE pve_forged gauge"#), "{text}");
}

/// Every place is a separate call; the rows of all are one exposition.
#[test]
fn duplicates_over_places_are_lost_too() {
    let bytes = zoo().rows(vec![good(), row(1, &["only", "here"], &[ONE])]).build();
    let collector = Collector::load(&sandbox(), &bytes, Origin::Builtin, limits()).unwrap();
    let batches = ["node01", "node02", "node03"].map(|node| {
        let place = Place { node: Some(node.into()), ..Place::cluster() };
        collector.collect(0, &place, &[]).outcome.unwrap()
    });
    let (collected, rejections) = Collected::join(Arc::clone(&collector.schema), batches.into());
    let rejections: Vec<_> = rejections.iter().collect();
    assert!(
        matches!(&rejections[..], [("duplicate", 4, first)] if first.contains("a=\"x\",b=\"y\"")),
        "{rejections:?}"
    );
    let mut encoder = Encoder::new(Format::Text, 4096);
    collected.encode(&mut encoder);
    let text = String::from_utf8(encoder.finish()).unwrap();
    for series in [
        "pve_gauge{a=\"x\",b=\"y\"} 1",
        "pve_states{a=\"x\",b=\"y\",state=\"on\"} 1",
        "pve_gauge{a=\"only\",b=\"here\"} 1",
    ] {
        assert_eq!(text.matches(series).count(), 1, "{series} in {text}");
    }
}
