//! In-process measurements: the sandbox compared with the same code run natively, and the encoder.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use pve_collector::{Collector as Guest, Input, Output};
use pve_exporter::catalog::builtins;
use pve_exporter::collector::{Collector, Origin};
use pve_exporter::contract;
use pve_exporter::exposition::{Encoder, Format};
use pve_exporter::limits::Limits;
use pve_exporter::request::Place;
use pve_exporter::sandbox::{Capacity, CollectorLog, Sandbox};
use pve_exporter::schema::Collected;
use pve_sim::{Sim, Spec};

use super::{Effort, name};
use crate::setup::{Programs, Size};
use crate::stats::{Rounded, Samples};
use crate::table::{Line, Table};

const NOW: u64 = 1_700_000_000;

pub(super) fn measure(_: &Programs, effort: Effort, table: &mut Table) -> Result<()> {
    let (list, resources) = bodies(Size::LARGE)?;
    let sandbox = Sandbox::new(Capacity { slots: 2, max_memory: Limits::default().memory }, None)?;
    let rounds = effort.samples * 10;
    let node = Place::node("node01");
    let vms = load(&sandbox, "vm-pressure")?;
    let ratio = overhead::<vm_pressure::VmPressure>(&vms, &node, &list, rounds)?;
    table.push(
        &Line::new(
            format!("sandbox ÷ native, vm-pressure, {} KiB for a node's 313 VMs", list.len() / 1024),
            "≤ 1.6",
            ratio.shown,
        )
        .ratio(Rounded(ratio.median).to_string())
        .met(ratio.median <= 1.6),
    );
    let collector = load(&sandbox, "resources")?;
    let ratio = overhead::<resources::Resources>(&collector, &Place::cluster(), &resources, effort.samples)?;
    let what =
        format!("sandbox ÷ native, resources, {} guests, {:.1} MB", name(Size::LARGE), resources.len() as f64 / 1e6);
    table.push(&Line::new(what, "", ratio.shown).ratio(Rounded(ratio.median).to_string()));

    let rows = collector.collect(NOW, &Place::cluster(), &[Ok(&resources)]).outcome?;
    let (collected, _) = Collected::join(Arc::clone(&collector.schema), vec![rows]);
    for format in [Format::Text, Format::OpenMetrics] {
        let mut times = Vec::new();
        for _ in 0..effort.samples {
            let start = cpu_time();
            let mut encoder = Encoder::new(format, 24 << 20);
            collected.encode(&mut encoder);
            black_box(encoder.finish());
            times.push((cpu_time() - start).as_secs_f64() * 1e9 / collected.series() as f64);
        }
        let times = Samples::of(times);
        let what = format!("encoding per series, {format:?}, {} series", collected.series());
        table.push(&Line::new(what, "≤ 50 ns", times.show("ns")).met(times.median() <= 50.0));
    }
    Ok(())
}

struct Overhead {
    median: f64,
    shown: String,
}

/// Alternates between the two and takes the ratio of each round, since interference affects both.
fn overhead<C: Guest>(collector: &Collector, place: &Place, json: &str, rounds: usize) -> Result<Overhead> {
    let (limits, log) = (Limits::default(), CollectorLog::new("bench"));
    let (mut ratios, mut natives, mut sandboxed) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds + rounds / 5 + 1 {
        let start = cpu_time();
        let input = pve_collector::contract::Input {
            now_unix_seconds: NOW,
            place: pve_collector::Place { node: place.node.as_deref().map(str::to_owned), ..Default::default() },
            settings: Vec::new(),
            responses: vec![Ok(json.to_owned())],
        };
        let mut output = Output::default();
        C::collect(&Input::new(input, C::REQUESTS), &mut output).map_err(|failure| anyhow!("{failure:?}"))?;
        drop(black_box(output));
        let native = (cpu_time() - start).as_secs_f64() * 1e3;

        let start = cpu_time();
        let input = contract::Input { now_unix_seconds: NOW, place, settings: &[], answers: &[Ok(json)] };
        let (output, _) = collector.component().collect(&input, &limits, &log, collector.budget());
        drop(black_box(output?));
        let called = (cpu_time() - start).as_secs_f64() * 1e3;
        // The first rounds are warm-up.
        if round > rounds / 5 {
            ratios.push(called / native);
            natives.push(native);
            sandboxed.push(called);
        }
    }
    let (ratios, natives, sandboxed) = (Samples::of(ratios), Samples::of(natives), Samples::of(sandboxed));
    let shown = format!("{} in the sandbox, {} native", sandboxed.show("ms"), natives.show("ms"));
    Ok(Overhead { median: ratios.median(), shown })
}

/// CPU time of this thread, which other load on the machine affects less than wall time.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

fn load(sandbox: &Sandbox, name: &str) -> Result<Collector> {
    let (_, component) = builtins().iter().find(|(builtin, _)| *builtin == name).context("no such built-in")?;
    Ok(Collector::load(sandbox, component, Origin::Builtin, Limits::default())?)
}

/// A node's VM list and the resource list of a cluster of this size.
fn bodies(size: Size) -> Result<(String, String)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let spec = Spec { nodes: size.nodes, guests: size.guests * 4 / 3, tick: None, ..Spec::default() };
        let sim = Sim::start(Spec { guests: size.guests, ..spec.clone() }).await?;
        let data =
            |path: &str| sim.body(path).get("data").map(ToString::to_string).context("the simulator has no such body");
        let resources = data("/cluster/resources")?;
        // Every fourth guest is a container, so a third more guests give a node that many VMs.
        let larger = Sim::start(spec).await?;
        let list = larger
            .body("/nodes/node01/qemu")
            .get("data")
            .map(ToString::to_string)
            .context("the simulator has no such body")?;
        Ok((list, resources))
    })
}
