//! Loads arbitrary bytes as a component: the result is an error, or a collector whose call stays within its limits. The
//! component is compiled in this process; compiling that takes too long is found by libFuzzer's `-timeout`.

#![no_main]
#![allow(clippy::expect_used, reason = "a fuzz target fails by panicking")]

use std::sync::LazyLock;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use pve_exporter::collector::{Collector, Origin};
use pve_exporter::limits::Limits;
use pve_exporter::request::Place;
use pve_exporter::sandbox::{Capacity, Sandbox};

const MEMORY: usize = 4 << 20;

static SANDBOX: LazyLock<Sandbox> =
    LazyLock::new(|| Sandbox::new(Capacity { slots: 1, max_memory: MEMORY }, None).expect("a sandbox"));

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits {
        cpu: Duration::from_millis(20),
        memory: MEMORY,
        component_bytes: 256 << 10,
        lifted_bytes: 1 << 20,
        ..Limits::default()
    };
    let Ok(collector) = Collector::load(&SANDBOX, bytes, Origin::Builtin, limits.clone()) else { return };
    let collection = collector.collect(1_763_000_000, &Place::cluster(), &[]);
    assert!(collection.usage.cpu < limits.cpu + Duration::from_secs(2), "{:?}", collection.usage);
    assert!(collection.usage.memory <= MEMORY, "{:?}", collection.usage);
});
