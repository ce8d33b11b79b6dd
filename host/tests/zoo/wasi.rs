//! A guest that reaches for WASI: everything is there to be called, nothing is behind it, and nothing waits.

use std::time::{Duration, Instant};

use pve_exporter::api::Place;
use pve_exporter::registry::{Collector, Origin};

use crate::support::{Animal, Outcome, built, built_case, expose, limits, sandbox, show};

/// What each case comes to, in the guest's own words.
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
    let mut collector = Collector::load(&sandbox, &built("wasi"), Origin::Builtin, limits()).unwrap();
    assert!(collector.component().facts().imports.iter().any(|name| name.starts_with("wasi:sockets/tcp")));
    let mut wrong = Vec::new();
    for (case, seen) in SEEN {
        collector.settings = vec![("case".to_owned(), (*case).to_owned())];
        let began = Instant::now();
        let collection = collector.collect(1_763_000_000, &Place::cluster(), &[]);
        let took = began.elapsed();
        // Ten seconds of sleep, or a connection that hangs, would be longer; a busy machine is not.
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

#[test]
fn zz_by_hand() {
    let sandbox = sandbox();
    let collector = Collector::load(&sandbox, &std::fs::read("/tmp/wasip2/target/wasm32-wasip2/release/std_guest.wasm").unwrap(), Origin::Builtin, limits()).unwrap();
    println!("{:?}", collector.component().facts());
    let began = Instant::now();
    let collection = collector.collect(1_763_000_000, &Place::cluster(), &[]);
    println!("{:?} {:?}", began.elapsed(), collection.usage);
    println!("{}", expose(&collector, vec![collection.outcome.unwrap()]).0);
}
#[test]
fn zz_amplified() {
    use crate::forge::{forge, row, table};
    use pve_collector::contract::{Kind, Value};
    let labels: Vec<String> = (0..64).map(|l| format!("l{l}")).collect();
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    let metrics: Vec<String> = (0..512).map(|l| format!("pve_m{l}")).collect();
    let metrics: Vec<(&str, Kind)> = metrics.iter().map(|l| (l.as_str(), Kind::Gauge)).collect();
    let k = "\"".repeat(1024);
    let rows = (0..20).map(|n| { let mut v = vec![k.as_str(); 63]; let n = n.to_string(); v.insert(0, &n); row(0, &v, &[Value::Number(1.0); 512]) }).collect();
    let bytes = forge("big").tables(vec![table(&labels, &metrics)]).rows(rows).build();
    let mut limits = limits(); limits.lifted_bytes = 20 * (65 * 1024 + 16 * 512 + 64 * 24 + 100);
    let collector = Collector::load(&sandbox(), &bytes, Origin::Builtin, limits.clone()).unwrap();
    let collection = collector.collect(1_763_000_000, &Place::cluster(), &[]);
    let rows = collection.outcome.unwrap();
    println!("{} byte file, {} lifted allowed, {} series, text {} bytes", bytes.len(), limits.lifted_bytes, rows.series(), expose(&collector, vec![rows]).0.len());
}
