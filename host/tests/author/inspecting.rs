//! `collector inspect`.

use super::support::{Bench, sample};
use harness::forge;

#[test]
fn all_that_there_is_to_know() {
    let bench = Bench::new();
    bench.write("sample.wasm", sample("sample").build());
    bench.golden("inspect", &["inspect", "sample.wasm"]);
    bench.golden("inspect-json", &["inspect", "sample.wasm", "--json"]);
    bench.write("sample.yml", "allow: [\"/cluster/ha/resources\"]\n");
    bench.golden("inspect-grant-insufficient", &["inspect", "sample.wasm"]);
    bench.golden("inspect-grant-exists", &["inspect", "sample.wasm", "--write-grant"]);
    bench.golden("inspect-grant-written", &["inspect", "sample.wasm", "--write-grant", "--force"]);
    let outcome = bench.run(&["inspect", "sample.wasm"]);
    assert!(outcome.text.contains("sample.yml: allows all its requests"), "{}", outcome.text);
    bench.write("other.yml", format!("sha256: {}\n", "0".repeat(64)));
    bench.golden("inspect-grant-digest", &["inspect", "sample.wasm", "--grant", "other.yml"]);
}

#[test]
fn a_written_grant_is_enough_for_the_exporter() {
    let bench = Bench::new();
    bench.write("sample.wasm", sample("sample").build());
    assert_eq!(bench.run(&["inspect", "sample.wasm", "--write-grant"]).status, 0);
    let grant = pve_exporter::catalog::Grant::parse(&bench.read("sample.yml")).unwrap();
    assert_eq!(grant.allow.len(), 3);
}

#[test]
fn files_that_do_not_load() {
    let bench = Bench::new();
    bench.write("core.wasm", b"\0asm\x01\0\0\0");
    bench.write("text.wasm", "(component)");
    bench.write("empty.wasm", "");
    bench.write("version.wasm", forge("sample").piece("version", "0.2.0").build());
    bench.write("export.wasm", forge("sample").piece("export", "gather").build());
    bench.write("sample.wasm", sample("sample").build());
    bench.write("wrong.yml", "alow: []\n");
    for name in ["core", "text", "empty", "version", "export", "missing"] {
        bench.golden(&format!("inspect-{name}"), &["inspect", &format!("{name}.wasm")]);
    }
    // Logs `boom`, written as a 32-bit word, at level info.
    let boom = "(i32.store (i32.const 1024) (i32.const 0x6d6f6f62)) \
                (call $log (i32.const 1) (i32.const 1024) (i32.const 4)) (unreachable)";
    bench.write("describe.wasm", forge("sample").piece("describe", boom).build());
    bench.golden("inspect-describe", &["inspect", "describe.wasm"]);
    bench.golden("check-describe", &["check", "describe.wasm"]);
    bench.golden("inspect-grant-wrong", &["inspect", "sample.wasm", "--grant", "wrong.yml"]);
    bench.golden("inspect-grant-missing", &["inspect", "sample.wasm", "--grant", "nowhere.yml"]);
}

#[test]
fn compiling_is_bounded_as_in_an_exporter() {
    let bench = Bench::new();
    // Takes some hundred milliseconds to compile. The limit is checked every 5 ms, and this cache is empty.
    let work =
        "(i32.store (i32.const 1024) (i32.mul (i32.load (i32.const 1024)) (i32.load (i32.const 1028))))".repeat(20_000);
    bench.write("slow.wasm", forge("slow").piece("collect", &format!("{work} (global.get $output)")).build());
    let inspect = ["inspect", "slow.wasm", "--cache-directory", "cache"];
    bench.write("slow.yml", "limits: {compile-time: 1ms}\n");
    bench.golden("inspect-compile-time", &inspect);
    // The aborted run left nothing in the cache.
    bench.golden("inspect-compile-time", &inspect);
    std::fs::remove_file(bench.path("slow.yml")).unwrap();
    assert_eq!(bench.run(&inspect).status, 0);
}
