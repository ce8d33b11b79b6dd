//! Case directories with slips in them: what `assert_golden` says.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that can't go on fails")]

use std::{fs, path::PathBuf};

use pve_collector::{
    Collector, Failure, Input, Output, Package, Request, Table, lenient::Number, tables, testing::assert_golden,
};
use serde::Deserialize;

const STATUS: Request = Request::get("/nodes/{node}/status");

tables! {
    /// A node.
    Node(node) {
        gauge uptime "pve_node_uptime_seconds" "Uptime, from uptime.";
    }
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    uptime: Number,
}

struct Nodes;

impl Collector for Nodes {
    const PACKAGE: Package = Package { name: "nodes", version: "1.0.0", description: "Nodes." };
    const REQUESTS: &'static [Request] = &[STATUS];
    const TABLES: &'static [Table] = TABLES;

    fn collect(input: &Input, output: &mut Output) -> Result<(), Failure> {
        let status: Status = input.object(STATUS)?;
        output.push(Node { node: input.node().to_owned(), uptime: status.uptime.0 });
        Ok(())
    }
}

/// A directory of cases with these files in it; each test has its own.
fn cases(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cases").join(name);
    let _ = fs::remove_dir_all(&directory);
    for (file, text) in files {
        let path = directory.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    directory
}

/// Whether expectations are written rather than held against what comes: these tests want to see them differ.
fn writing() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some()
}

/// What `assert_golden` panics with.
fn complaint(directory: PathBuf) -> String {
    let panicked = std::panic::catch_unwind(|| assert_golden::<Nodes>(directory)).unwrap_err();
    *panicked.downcast::<String>().unwrap()
}

const ANSWER: (&str, &str) = ("one/nodes/node01/status.json", r#"{"data":{"uptime":1}}"#);
const EXPECTED: &str = "# HELP pve_node_uptime_seconds Uptime, from uptime.\n\
                        # TYPE pve_node_uptime_seconds gauge\n\
                        pve_node_uptime_seconds{node=\"node01\"} 1\n";

#[test]
fn what_is_there_besides_answers() {
    let files = ["one/settings", "one/now", "one/README.md", "one/nodes/.hidden"];
    let texts = ["a: b\n", "1\n", "Words.\n", ""];
    let mut all: Vec<_> = files.into_iter().zip(texts).collect();
    all.extend([ANSWER, ("one/expected.prom", EXPECTED)]);
    assert_golden::<Nodes>(cases("besides", &all));
}

#[test]
fn answers_that_nobody_asks_for() {
    let undeclared = ("one/nodes/node01/state.json", r#"{"data":{}}"#);
    let said = complaint(cases("undeclared", &[ANSWER, undeclared, ("one/expected.prom", EXPECTED)]));
    assert!(said.contains("does not ask for /nodes/node01/state; it asks for /nodes/{node}/status"), "{said}");
    assert!(!said.contains("UPDATE_GOLDEN"), "{said}");
}

#[test]
fn files_that_are_no_fixtures() {
    let ending = ("one/nodes/node02/status.jsn", "");
    let said = complaint(cases("ending", &[ANSWER, ending, ("one/expected.prom", EXPECTED)]));
    assert!(said.contains("node02/status.jsn is no fixture: answers are path.json, failures path.error"), "{said}");
}

#[test]
fn a_case_that_calls_nothing() {
    let said = complaint(cases("idle", &[("one/expected.prom", "")]));
    assert!(said.contains("is never called: there is no answer for /nodes/{node}/status"), "{said}");
}

#[test]
fn a_slip_in_an_answer() {
    if writing() {
        return;
    }
    let slip = ("one/nodes/node01/status.json", r#"{"data":{"uptime":1,}}"#);
    let said = complaint(cases("slip", &[slip, ("one/expected.prom", EXPECTED)]));
    assert!(said.contains("status.json is a malformed answer: it is not JSON: "), "{said}");
    assert!(said.contains("line 1 column 21"), "{said}");
}

#[test]
fn without_an_expectation_it_shows_what_came() {
    if writing() {
        return;
    }
    let said = complaint(cases("missing", &[ANSWER]));
    assert!(said.contains("expected.prom is missing"), "{said}");
    assert!(said.contains("+ pve_node_uptime_seconds{node=\"node01\"} 1"), "{said}");
    let nowhere = complaint(PathBuf::from("nowhere"));
    assert!(nowhere.contains("nowhere: ") && nowhere.contains("a directory for each case"), "{nowhere}");
}
