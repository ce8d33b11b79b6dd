//! `collector test`.

use std::path::Path;
use std::time::Duration;

use pve_exporter::catalog::builtins;

use super::support::{Bench, Outcome, sample};
use harness::{forge, repository};

const HOUR: Duration = Duration::from_secs(3600);

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("sample.wasm", sample("sample").build());
    bench.write("fixtures/one/nodes/node01/disks/zfs.json", "{\"data\":[]}");
    bench.write("fixtures/one/nodes/node01/netstat.error", "not-found\n");
    bench
}

const TEST: [&str; 4] = ["test", "sample.wasm", "--fixtures", "fixtures"];

#[test]
fn expectations_are_written_and_held() {
    let bench = bench();
    bench.golden("test-missing", &TEST);
    bench.golden("test-update", &[&TEST[..], &["--update"]].concat());
    bench.golden("test-good", &TEST);
    let expected = bench.read("fixtures/one/expected.prom");
    bench.write("fixtures/one/expected.prom", expected.replace("1000", "1001"));
    bench.write("fixtures/one/expected.log", "node01: warning: words\n");
    bench.golden("test-different", &TEST);
}

#[test]
fn required_answers_that_are_missing() {
    let bench = bench();
    std::fs::remove_file(bench.path("fixtures/one/nodes/node01/disks/zfs.json")).unwrap();
    bench.write("fixtures/one/nodes/node01/disks/zfs.error", "timed-out\n");
    assert_eq!(bench.run(&[&TEST[..], &["--update"]].concat()).status, 0);
    assert_eq!(bench.read("fixtures/one/expected.prom"), "");
    let expected = "node01: failed: not collected: /nodes/node01/disks/zfs has no answer: timed-out\n";
    assert_eq!(bench.read("fixtures/one/expected.log"), expected);
}

#[test]
fn fixtures_that_are_none() {
    let bench = bench();
    bench.write("undeclared/one/nodes/node01/disks/zsf.json", "{\"data\":[]}");
    bench.write("word/one/nodes/node01/disks/zfs.error", "timeout\n");
    bench.write("ending/one/nodes/node01/disks/zfs.jsn", "{}");
    bench.write("settings/one/settings", "warn-at 80\n");
    bench.write("now/one/now", "today\n");
    std::fs::create_dir(bench.path("empty")).unwrap();
    for name in ["undeclared", "word", "ending", "settings", "now", "empty", "nowhere", "fixtures/one"] {
        let golden = name.replace("fixtures/one", "case");
        bench.golden(&format!("test-{golden}"), &["test", "sample.wasm", "--fixtures", name]);
    }
}

#[test]
fn limits_are_the_grants() {
    let bench = bench();
    assert_eq!(bench.run(&[&TEST[..], &["--update"]].concat()).status, 0);
    bench.write("sample.yml", "limits: {series: 2}\n");
    bench.golden("test-limit-series", &TEST);
    bench.write("endless.wasm", forge("endless").piece("collect", "(loop (br 0)) (unreachable)").build());
    bench.write("endless.yml", "limits: {cpu: 50ms}\n");
    std::fs::create_dir_all(bench.path("cluster/one")).unwrap();
    let outcome = bench.run(&["test", "endless.wasm", "--fixtures", "cluster"]);
    assert!(outcome.status == 1 && outcome.text.contains("50 ms are allowed (limits: cpu)"), "{}", outcome.text);
}

#[test]
fn what_breaks_the_contract_fails() {
    use harness::row;
    use pve_collector::contract::Value;
    let bench = Bench::new();
    let twice = vec![row(0, &["calm"], &[Value::Number(1.0)]), row(0, &["calm"], &[Value::Number(2.0)])];
    bench.write("sample.wasm", forge("sample").rows(twice).build());
    std::fs::create_dir_all(bench.path("fixtures/one")).unwrap();
    bench.golden("test-duplicate", &[&TEST[..], &["--update"]].concat());
}

#[test]
fn a_breakdown_is_never_what_is_expected() {
    let bench = bench();
    bench.write("sample.wasm", sample("sample").piece("collect", "(unreachable)").build());
    bench.golden("test-breakdown", &[&TEST[..], &["--update"]].concat());
    assert!(!bench.path("fixtures/one/expected.log").exists());
}

#[test]
fn a_case_that_calls_nothing_is_no_test() {
    let bench = bench();
    std::fs::remove_dir_all(bench.path("fixtures/one")).unwrap();
    std::fs::create_dir(bench.path("fixtures/one")).unwrap();
    bench.golden("test-idle", &[&TEST[..], &["--update"]].concat());
}

#[test]
fn a_slip_in_an_answer_is_named() {
    let bench = bench();
    bench.write("fixtures/one/nodes/node01/disks/zfs.json", "{\"data\":[1,]}");
    bench.golden("test-malformed", &TEST);
    // Once it is expected, it is not reported.
    assert_eq!(bench.run(&[&TEST[..], &["--update"]].concat()).status, 0);
    let outcome = bench.run(&TEST);
    assert!(outcome.status == 0 && !outcome.text.contains("malformed"), "{}", outcome.text);
}

#[test]
fn a_component_older_than_its_source() {
    let bench = bench();
    assert_eq!(bench.run(&[&TEST[..], &["--update"]].concat()).status, 0);
    for source in ["src/lib.rs", "collector.js", "collector.py"] {
        let component = std::fs::File::options().write(true).open(bench.path("sample.wasm")).unwrap();
        bench.write(source, "");
        let changed = std::fs::metadata(bench.path(source)).unwrap().modified().unwrap();
        for (built, expected) in [(changed - HOUR, true), (changed + HOUR, false)] {
            component.set_modified(built).unwrap();
            let Outcome { status, text } = bench.run(&TEST);
            let said = text.contains(&format!("{source} is newer than sample.wasm; build it again\n"));
            assert_eq!((status, said), (0, expected), "{text}");
        }
        std::fs::remove_file(bench.path(source)).unwrap();
    }
}

/// The built-ins' cases: `collector test` gets the same bytes as the SDK's native runs, which wrote the expectations.
#[test]
fn the_cases_of_the_built_ins() {
    let bench = Bench::new();
    for (name, component) in builtins() {
        let file = format!("{name}.wasm");
        bench.write(&file, component);
        let fixtures = repository().join("fixtures").join(name);
        assert!(Path::new(&fixtures).is_dir(), "{name}");
        let outcome = bench.run(&["test", &file, "--fixtures", fixtures.to_str().unwrap()]);
        assert_eq!(outcome.status, 0, "{name}\n{}", outcome.text);
    }
}
