//! The stages of a collection, each by itself: `cargo bench --workspace --bench stages`.
//!
//! Parse is the collector's own code natively; call is the same in the sandbox, from the instance to the lifted rows;
//! check holds the rows against the schema; encode writes them. Two sizes: a node's list of VMs, and the resources of 10,000
//! guests.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark that can't go on ends"
)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{
    BatchSize, BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use pve_collector::{Collector as Guest, Input, Output};
use pve_exporter::catalog::builtins;
use pve_exporter::collector::{Collector, Origin};
use pve_exporter::contract;
use pve_exporter::exposition::{Encoder, Format};
use pve_exporter::limits::Limits;
use pve_exporter::request::Place;
use pve_exporter::sandbox::{Capacity, CollectorLog, Sandbox};
use pve_exporter::schema::{Collected, Rows};
use pve_sim::{Sim, Spec};

const NOW: u64 = 1_763_000_000;

fn stages(criterion: &mut Criterion) {
    let (vms, resources) = bodies();
    let sandbox = Sandbox::new(Capacity { slots: 2, max_memory: Limits::default().memory }, None).unwrap();
    of::<vm_pressure::VmPressure>(criterion.benchmark_group("vm-pressure-313"), &sandbox, &Place::node("node01"), &vms);
    let mut large = criterion.benchmark_group("resources-10000");
    large.sample_size(20);
    of::<resources::Resources>(large, &sandbox, &Place::cluster(), &resources);
}

fn of<C: Guest>(mut group: BenchmarkGroup<'_, WallTime>, sandbox: &Sandbox, place: &Place, json: &str) {
    let limits = Limits::default();
    let (_, component) = builtins().iter().find(|(name, _)| *name == C::PACKAGE.name).unwrap();
    let collector = Collector::load(sandbox, component, Origin::Builtin, limits.clone()).unwrap();
    group.throughput(Throughput::Bytes(json.len() as u64));
    group.bench_function("parse", |bencher| {
        bencher.iter(|| {
            let input = pve_collector::contract::Input {
                now_unix_seconds: NOW,
                place: pve_collector::Place { node: place.node.as_deref().map(str::to_owned), ..Default::default() },
                settings: Vec::new(),
                responses: vec![Ok(json.to_owned())],
            };
            let mut output = Output::default();
            C::collect(&Input::new(input, C::REQUESTS), &mut output).unwrap();
            black_box(output);
        });
    });
    let log = CollectorLog::new("bench");
    let call = || {
        let input = contract::Input { now_unix_seconds: NOW, place, settings: &[], answers: &[Ok(json)] };
        collector.component().collect(&input, &limits, &log, collector.budget()).0.unwrap().output.rows
    };
    group.bench_function("call", |bencher| bencher.iter(|| black_box(call())));
    let check = |rows| Rows::check(rows, &collector.schema, &limits, collector.budget()).unwrap().0;
    group.bench_function("check", |bencher| bencher.iter_batched(call, check, BatchSize::LargeInput));
    let (collected, _) = Collected::join(Arc::clone(&collector.schema), vec![check(call())]);
    group.throughput(Throughput::Elements(collected.series()));
    for format in [Format::Text, Format::OpenMetrics] {
        group.bench_function(format!("encode-{format:?}"), |bencher| {
            bencher.iter(|| {
                let mut encoder = Encoder::new(format, collected.text_size());
                collected.encode(&mut encoder);
                black_box(encoder.finish());
            });
        });
    }
    group.finish();
}

/// A node's list of 313 VMs and the resources of 10,000 guests, as the simulated cluster gives them.
fn bodies() -> (String, String) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let large = Spec { nodes: 32, guests: 10_000, tick: None, ..Spec::default() };
        // Every fourth guest is a container: with a third more guests a node has as many VMs.
        let more = Sim::start(Spec { guests: 13_333, ..large.clone() }).await.unwrap();
        let large = Sim::start(large).await.unwrap();
        let data = |sim: &Sim, path: &str| sim.body(path)["data"].to_string();
        (data(&more, "/nodes/node01/qemu"), data(&large, "/cluster/resources"))
    })
}

criterion_group!(benches, stages);
criterion_main!(benches);
