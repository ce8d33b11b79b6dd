//! Hostile components in the sandbox: their own failure, with a reason, and nobody else's.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on fails"
)]

use std::path::Path;
use std::time::Duration;

use pve_exporter::api::Place;
use pve_exporter::registry::{Collection, Collector, CollectorError, Origin};
use pve_exporter::sandbox::{Limits, LoadError, Sandbox};

fn sandbox() -> Sandbox {
    Sandbox::new(4, Limits::default().memory, None).unwrap()
}

/// An animal of the zoo (`make zoo`).
fn animal(name: &str) -> Vec<u8> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/zoo")).join(format!("{name}.wasm"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; run `make zoo`", path.display()))
}

fn collect(name: &str, limits: Limits) -> Collection {
    let sandbox = sandbox();
    let collector = Collector::load(&sandbox, &animal(name), Origin::Builtin, limits).unwrap();
    collector.collect(0, &Place::cluster(), &[])
}

fn failure(collection: &Collection) -> (&'static str, String) {
    let error = collection.outcome.as_ref().unwrap_err();
    (error.reason(), error.to_string())
}

#[test]
fn an_endless_loop_ends_at_the_cpu_limit() {
    let cpu = Duration::from_millis(200);
    let collection = collect("endless-collect", Limits { cpu, ..Limits::default() });
    let (reason, detail) = failure(&collection);
    assert_eq!(reason, "cpu_limit");
    assert!(detail.ends_with("200 ms are allowed (limits: cpu)"), "{detail}");
    assert!(collection.usage.cpu >= cpu);
}

#[test]
fn memory_ends_at_its_limit() {
    let collection = collect("memory-eater", Limits { memory: 16 << 20, ..Limits::default() });
    let (reason, detail) = failure(&collection);
    assert_eq!(reason, "memory_limit");
    assert!(detail.contains("16777216 are allowed"), "{detail}");
    assert!(collection.usage.memory <= 16 << 20);
}

#[test]
fn a_panic_says_its_message() {
    let (reason, detail) = failure(&collect("panics", Limits::default()));
    assert_eq!(reason, "trap");
    assert!(detail.contains("the zoo is closed today"), "{detail}");
}

#[test]
fn what_is_no_component_says_what_it_is() {
    let sandbox = sandbox();
    let load = |bytes: &[u8]| match Collector::load(&sandbox, bytes, Origin::Builtin, Limits::default()) {
        Err(CollectorError::Load(error)) => error,
        other => panic!("{other:?}"),
    };
    assert!(matches!(load(b""), LoadError::Empty));
    assert!(matches!(load(b"(component)"), LoadError::NotWasm));
    assert!(matches!(load(b"\0asm\x01\0\0\0"), LoadError::CoreModule));
    assert!(matches!(load(b"\0asm\x0d\0\x01\0"), LoadError::Contract { .. }));
    let mut truncated = animal("panics");
    truncated.truncate(1000);
    assert!(matches!(load(&truncated), LoadError::Compile(_)));
}
