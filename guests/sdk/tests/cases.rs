//! Case directories: what is read, what is written, and what `assert_golden` says about mistakes in them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{fs, path::PathBuf};

use proptest::prelude::*;
use pve_collector::{
    Collector, Failure, FetchError, Input, Output, Package, Request, Table,
    lenient::Number,
    tables,
    testing::{Case, CaseDirectory, assert_golden, mutation},
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

/// Whether expectations are written instead of compared: then nothing differs.
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
fn answers_that_are_not_requested() {
    let undeclared = ("one/nodes/node01/state.json", r#"{"data":{}}"#);
    let said = complaint(cases("undeclared", &[ANSWER, undeclared, ("one/expected.prom", EXPECTED)]));
    assert!(
        said.contains(
            "state.json: the collector does not request /nodes/node01/state; it requests /nodes/{node}/status"
        ),
        "{said}"
    );
    assert!(!said.contains("UPDATE_GOLDEN"), "{said}");
}

#[test]
fn files_that_are_not_fixtures() {
    let ending = ("one/nodes/node02/status.jsn", "");
    let said = complaint(cases("ending", &[ANSWER, ending, ("one/expected.prom", EXPECTED)]));
    assert!(
        said.contains("node02/status.jsn: is not a fixture: an answer is path.json, a failed request path.error"),
        "{said}"
    );
}

#[test]
fn a_case_that_calls_nothing() {
    let said = complaint(cases("idle", &[("one/expected.prom", "")]));
    assert!(
        said.contains("idle/one: the collector is never called: the case has no answer for /nodes/{node}/status"),
        "{said}"
    );
}

#[test]
fn a_mistake_in_an_answer() {
    if writing() {
        return;
    }
    let slip = ("one/nodes/node01/status.json", r#"{"data":{"uptime":1,}}"#);
    let said = complaint(cases("slip", &[slip, ("one/expected.prom", EXPECTED)]));
    assert!(said.contains("status.json: the answer is malformed: it is not JSON: "), "{said}");
    assert!(said.contains("line 1 column 21"), "{said}");
}

#[test]
fn without_an_expectation_it_shows_the_output() {
    if writing() {
        return;
    }
    let said = complaint(cases("missing", &[ANSWER]));
    assert!(said.contains("expected.prom is missing"), "{said}");
    assert!(said.contains("+ pve_node_uptime_seconds{node=\"node01\"} 1"), "{said}");
    let nowhere = complaint(PathBuf::from("nowhere"));
    assert!(nowhere.contains("nowhere: ") && nowhere.contains("must contain a directory for each case"), "{nowhere}");
}

#[test]
fn what_can_not_be_read_is_named() {
    let golden = |name: &str, file: &str, text: &str| {
        CaseDirectory::read_all(cases(name, &[ANSWER, (file, text)])).unwrap_err().to_string()
    };
    let said = golden("word", "one/nodes/node02/status.error", "timeout\n");
    assert!(said.ends_with(
        "status.error: \"timeout\" is not a fetch-error; the fetch-errors are \
         forbidden, not-found, timed-out, unavailable, too-large, malformed"
    ));
    let said = golden("setting", "one/settings", "warn-at 80\n");
    assert!(said.ends_with("settings: the line \"warn-at 80\" is not `name: value`"), "{said}");
    let said = golden("now", "one/now", "today\n");
    assert!(said.ends_with("now: \"today\" is not a time in Unix seconds, such as 1774016355"), "{said}");
    let said = CaseDirectory::read_all(cases("case", &[ANSWER]).join("one")).unwrap_err().to_string();
    assert!(said.contains("one: this is a case; name the directory that contains it, "), "{said}");
    let said = CaseDirectory::read_all(cases("none", &[("README.md", "")])).unwrap_err().to_string();
    assert!(said.contains("none: there are no cases; create a directory for each case, such as "), "{said}");
}

#[test]
fn expectations_are_written_and_compared() {
    let case = CaseDirectory::read(cases("expected", &[ANSWER]).join("one")).unwrap();
    let differing = |exposition: &str, log: &str| -> Vec<(String, Option<String>)> {
        let differences = case.differences(exposition, log).unwrap();
        let name = |file: &PathBuf| file.file_name().unwrap().to_str().unwrap().to_owned();
        differences.into_iter().map(|difference| (name(&difference.file), difference.expected)).collect()
    };
    // No series are an empty file, no log is no file.
    assert_eq!(differing("", ""), [("expected.prom".to_owned(), None)]);
    case.write_expected("", "line\n").unwrap();
    assert_eq!(differing("", "line\n"), []);
    assert_eq!(differing("", ""), [("expected.log".to_owned(), Some("line\n".to_owned()))]);
    case.write_expected(EXPECTED, "").unwrap();
    assert_eq!(differing(EXPECTED, ""), []);
    assert!(!case.path().join("expected.log").exists());
}

#[test]
fn paths_outside_of_the_directory_are_not_written() {
    let directory = cases("outside", &[]);
    for path in ["/../up", "/nodes/../../up", "/nodes//status", "/./status", "/nodes/.hidden", ""] {
        let error = Case::new().answer(path, "{}").write_answers(&directory).unwrap_err().to_string();
        assert!(error.contains("is not a path below the API's root"), "{path}: {error}");
    }
    assert!(!directory.exists());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// What is written is read back, whatever the answers.
    #[test]
    fn written_answers_are_read_back(
        answers in prop::collection::btree_map(
            "(/[a-z0-9][a-z0-9.:@_-]{0,8}[a-z]){1,4}",
            prop::sample::select(mutation::odd_values()).prop_map(Ok).boxed()
                .prop_union(prop::sample::select(FetchError::ALL.to_vec()).prop_map(Err).boxed()),
            0..6,
        )
    ) {
        let directory = cases("written", &[]);
        let mut written = Case::new();
        for (path, answer) in &answers {
            written = match answer {
                Ok(data) => written.answer(path, data.to_string()),
                Err(error) => written.failed(path, *error),
            };
        }
        written.write_answers(&directory).unwrap();
        if answers.is_empty() {
            return Ok(());
        }
        let read = CaseDirectory::read(&directory).unwrap();
        for (path, answer) in &answers {
            let template = Request::get(Box::leak(path.clone().into_boxed_str()));
            let input = read.case().input(&[template.optional()], &pve_collector::Place::default()).unwrap();
            match (answer, &input.responses[0]) {
                // The API has no null as data, and the host takes it for malformed.
                (Ok(data), read) if data.is_null() => prop_assert_eq!(read, &Err(FetchError::Malformed)),
                (Ok(data), Ok(read)) => prop_assert_eq!(data, &serde_json::from_str::<serde_json::Value>(read).unwrap()),
                (Err(error), read) => prop_assert_eq!(read, &Err(*error)),
                (Ok(_), Err(error)) => prop_assert!(false, "{path}: {error}"),
            }
        }
    }
}
