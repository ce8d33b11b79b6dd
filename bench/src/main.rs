//! `pve-bench`: the figures of docs/performance.md, all taken in one run on one machine.
//!
//! Absolute times of a shared machine mean little; so whatever can be is a ratio of two things measured in turn, with the
//! median and the spread beside it. `make bench` builds what is measured and installs the peer.

#![allow(clippy::cast_precision_loss, reason = "sizes and counts become figures for people, far below 2^53")]

mod compare;
mod http;
mod process;
mod rows;
mod setup;
mod stats;
mod table;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use rows::{Effort, ROWS};
use setup::Programs;
use table::Table;

/// Measure pve-exporter beside prometheus-pve-exporter
#[derive(Parser)]
#[command(name = "pve-bench")]
struct Args {
    /// Rows to measure, by comma; all of them where none is named
    #[arg(long, value_delimiter = ',')]
    rows: Vec<String>,
    /// Samples of each of our figures
    #[arg(long, default_value_t = 30)]
    samples: usize,
    /// Samples of each of the peer's figures
    #[arg(long, default_value_t = 7)]
    peer_samples: usize,
    /// Scrapes before peak memory is read
    #[arg(long, default_value_t = 100)]
    memory_scrapes: usize,
    /// Scrapes that must leave memory and descriptors as they were
    #[arg(long, default_value_t = 1_000)]
    lasting_scrapes: usize,
    /// Our binary
    #[arg(long, default_value = "target/release/pve-exporter")]
    exporter: PathBuf,
    /// The simulated cluster
    #[arg(long, default_value = "target/release/pve-sim")]
    sim: PathBuf,
    /// The peer's binary
    #[arg(long, default_value = "target/peer/bin/pve_exporter")]
    peer: PathBuf,
    /// Where the table is written
    #[arg(long, default_value = "target/bench.md")]
    output: PathBuf,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let names: Vec<&str> = ROWS.iter().map(|(name, _)| *name).collect();
    for row in args.rows.iter().filter(|row| !row.is_empty()) {
        ensure!(names.contains(&row.as_str()), "there is no row {row}; there are {}", names.join(", "));
    }
    let absolute =
        |path: &Path| path.canonicalize().with_context(|| format!("{} is missing: make bench", path.display()));
    let programs = Programs {
        exporter: absolute(&args.exporter)?,
        sim: absolute(&args.sim)?,
        peer: std::path::absolute(&args.peer)?,
    };
    let effort = Effort {
        samples: args.samples.max(1),
        peer_samples: args.peer_samples.max(1),
        memory_scrapes: args.memory_scrapes.max(1),
        lasting_scrapes: args.lasting_scrapes.max(10),
    };
    let mut table = Table::new(&machine());
    let mut failed = 0;
    for (name, measure) in ROWS {
        let wanted = args.rows.iter().all(String::is_empty) || args.rows.iter().any(|row| row == name);
        if wanted && let Err(error) = measure(&programs, effort, &mut table) {
            // One figure that can't be had is no reason to lose the others.
            eprintln!("pve-bench: {name}: {error:#}");
            failed += 1;
        }
    }
    std::fs::write(&args.output, table.text())
        .with_context(|| format!("{} can't be written", args.output.display()))?;
    ensure!(failed == 0, "{failed} rows could not be measured");
    Ok(())
}

/// What the figures were taken on.
fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ").map(|(_, model)| model));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let load = read("/proc/loadavg").split_whitespace().take(3).collect::<Vec<_>>().join(" ");
    let kernel = read("/proc/sys/kernel/osrelease");
    let revision = Command::new("git").args(["describe", "--always", "--dirty"]).output();
    let revision = revision.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    format!(
        "Revision {revision}; {cores} × {}, Linux {}, load at the start {load}. Median (least–most, number of samples).",
        model.unwrap_or("unknown CPU"),
        kernel.trim()
    )
}
