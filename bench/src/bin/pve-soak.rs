//! `scripts/soak`: the load of `tests/web/load.rs` for an hour, or the time in the argument, with a table of what the exporter uses.

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Parser;
use harness::isolate;
use harness::load::{End, Load};
use pve_exporter::units::duration;

#[derive(Debug, Parser)]
#[command(about = "Load on pve-exporter for a long time, with a table of what it uses")]
struct Arguments {
    /// How long it lasts, such as 5m
    #[arg(value_name = "TIME", default_value = "1h", value_parser = duration)]
    time: Duration,

    /// The exporter
    #[arg(long, value_name = "PATH", default_value = "target/release/pve-exporter")]
    exporter: PathBuf,
}

/// Rows of the table.
const ROWS: u32 = 12;

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Runtime::new().context("can't start threads")?;
    Ok(runtime.block_on(soak(&arguments)))
}

async fn soak(arguments: &Arguments) -> ExitCode {
    let mut command = Command::new(&arguments.exporter);
    let load = Load::start(isolate(&mut command)).await;
    let start = Instant::now();
    println!(
        "| Time | Memory | Peak | Descriptors | Threads | CPU time | Scrapes, healthy | failing | incomplete | lost | Slowest health check |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    row(&load, start);
    load.run(End::At(start + arguments.time), arguments.time / ROWS, |load| row(load, start)).await;
    load.settle().await;
    row(&load, start);
    let (slow_readers, half_open) = load.tally.closed();
    println!("\nClosed: {slow_readers} connections of clients that never read, {half_open} half-open ones.");
    for loss in load.tally.losses() {
        println!("Lost: {loss}");
    }
    if load.tally.lost_scrapes() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn row(load: &Load, start: Instant) {
    let (resources, tally) = (load.resources(), &load.tally);
    let (healthy, failing) = tally.scrapes();
    println!(
        "| {} s | {} MiB | {} MiB | {} | {} | {} s | {healthy} | {failing} | {} | {} | {} ms |",
        start.elapsed().as_secs(),
        resources.memory_kib / 1024,
        resources.peak_kib / 1024,
        resources.descriptors,
        resources.threads,
        resources.cpu.as_secs(),
        tally.incomplete(),
        tally.lost_scrapes(),
        tally.health_checks().1.as_millis(),
    );
}
