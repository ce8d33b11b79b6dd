//! A guest that uses WASI: every function exists, none reaches the system, and none blocks.

use std::time::{Duration, Instant};

use pve_exporter::collector::{Collector, Origin};
use pve_exporter::request::Place;

use super::support::{Animal, Outcome, built_case, expose, limits, sandbox, show};
use harness::zoo_component;

/// The result that the guest reports in each case.
const SEEN: &[(&str, &str)] = &[
    ("random", "16 bytes, different"),
    ("environment", "0 variables, 0 arguments, folder None"),
    ("files", "0 folders"),
    ("clock", "0 0 1763000000 true"),
    ("sleep", "true"),
    ("poll", "3 ready"),
    ("stdin", "Err(StreamError::Closed)"),
    ("terminal", "false"),
    ("tcp", "access-denied"),
    ("udp", "access-denied"),
    ("dns", "permanent-resolver-failure"),
    ("stdout", "written"),
    ("stdout-flood", "written"),
    ("calm", "calm"),
];

pub(crate) fn animals() -> Vec<Animal> {
    let fails = |case: &str, reason, words| built_case("wasi", case, Outcome::Fails(reason, words));
    let mut animals = vec![
        fails("random-flood", "engine", "requested len 1073741824 exceeds limit"),
        fails("insecure-flood", "engine", "requested len 1073741824 exceeds limit"),
        fails("sleep-forever", "cpu_limit", "are allowed (limits: cpu)"),
        fails("stdout-endless-line", "cpu_limit", "are allowed (limits: cpu)"),
        fails("zeroes", "engine", "cannot write more zeroes than"),
        fails("resources", "engine", ""),
        fails("pollables", "engine", ""),
        fails("exit", "trap", "had enough"),
    ];
    animals.extend(SEEN.iter().map(|(case, _)| built_case("wasi", case, Outcome::Gives(1, &[]))));
    animals
}

#[test]
fn what_wants_too_much_of_wasi_fails() {
    show(&animals());
}

#[test]
fn wasi_has_nothing_behind_it_and_does_not_wait() {
    let sandbox = sandbox();
    let mut collector = Collector::load(&sandbox, &zoo_component("wasi"), Origin::Builtin, limits()).unwrap();
    assert!(collector.component().facts().imports.iter().any(|name| name.starts_with("wasi:sockets/tcp")));
    let mut wrong = Vec::new();
    for (case, seen) in SEEN {
        collector.settings = vec![("case".to_owned(), (*case).to_owned())];
        let began = Instant::now();
        let collection = collector.collect(1_763_000_000, &Place::cluster(), &[]);
        let took = began.elapsed();
        // The guest's ten seconds of sleep or a hanging connection would take longer, a busy machine does not.
        if took > Duration::from_secs(6) {
            wrong.push(format!("{case} took {took:?}"));
        }
        let (text, _, _) = expose(&collector, vec![collection.outcome.unwrap()]);
        if !text.contains(&format!("pve_zoo_value{{case=\"{seen}\"}} 1")) {
            wrong.push(format!("{case}: {}", text.lines().last().unwrap_or_default()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
