//! Answers of the API through each built-in collector in the sandbox: it returns rows or says that it does not understand the answer,
//! and never crashes or exceeds a limit.
//!
//! The first line names the collector; the rest are its answers, separated by byte 0.

#![no_main]
#![allow(clippy::expect_used, reason = "a fuzz target fails by panicking")]

use std::sync::LazyLock;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use pve_exporter::catalog::builtins;
use pve_exporter::collector::{Collector, Origin};
use pve_exporter::contract::FetchErrorKind;
use pve_exporter::exposition::{Encoder, Format};
use pve_exporter::limits::Limits;
use pve_exporter::reason::Reason;
use pve_exporter::request::{GuestType, Place};
use pve_exporter::sandbox::{Capacity, Sandbox};
use pve_exporter::schema::Collected;

static COLLECTORS: LazyLock<Vec<Collector>> = LazyLock::new(|| {
    // Instrumented code is slow; an endless loop is none the less found.
    let limits = Limits { cpu: Duration::from_secs(10), ..Limits::default() };
    let sandbox = Sandbox::new(Capacity { slots: 1, max_memory: limits.memory }, None).expect("a sandbox");
    let load = |bytes| Collector::load(&sandbox, bytes, Origin::Builtin, limits.clone()).expect("a built-in");
    builtins().iter().map(|(_, bytes)| load(bytes)).collect()
});

fuzz_target!(|bytes: &[u8]| {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return };
    let (name, texts) = bytes.split_at(end);
    let Some(collector) = COLLECTORS.iter().find(|collector| collector.name().as_bytes() == name) else { return };
    let mut texts = texts.trim_ascii_start().split(|byte| *byte == 0);
    let requests = collector.schema.requests.len();
    let answers: Vec<Result<&str, FetchErrorKind>> = (0..requests)
        .map(|_| texts.next().and_then(|text| std::str::from_utf8(text).ok()).ok_or(FetchErrorKind::NotFound))
        .collect();
    let wanted = collector.schema.placeholders;
    let place = Place {
        node: wanted.node.then(|| "node01".into()),
        guest_type: wanted.vmid.then_some(GuestType::Qemu),
        vmid: wanted.vmid.then_some(100),
        storage: wanted.storage.then(|| "local".into()),
    };
    let collection = collector.collect(1_763_000_000, &place, &answers);
    match collection.outcome {
        Ok(rows) => {
            let (collected, _) = Collected::join(std::sync::Arc::clone(&collector.schema), vec![rows]);
            for format in [Format::Text, Format::OpenMetrics] {
                let mut encoder = Encoder::new(format, 4096);
                collected.encode(&mut encoder);
                String::from_utf8(encoder.finish()).expect("UTF-8");
            }
        }
        Err(error) => assert!(
            matches!(error.reason(), Reason::MalformedAnswer | Reason::Failed | Reason::Settings),
            "{}: {error}",
            collector.name()
        ),
    }
});
