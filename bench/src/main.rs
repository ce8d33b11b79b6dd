//! `pve-bench` takes the measurements in docs/performance.md, all in one run.
//!
//! Absolute times on a shared machine mean little, so most results are ratios of two alternating measurements, with median and
//! range. `make bench` builds the programs and installs the peer.

#![allow(clippy::cast_precision_loss, reason = "sizes and counts are for display and far below 2^53")]

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

/// Compare pve-exporter with prometheus-pve-exporter
#[derive(Parser)]
#[command(name = "pve-bench")]
struct Args {
    /// Rows to measure, separated by commas [default: all]
    #[arg(long, value_delimiter = ',')]
    rows: Vec<String>,
    /// Samples of each measurement of pve-exporter
    #[arg(long, default_value_t = 30)]
    samples: usize,
    /// Samples of each measurement of the peer
    #[arg(long, default_value_t = 7)]
    peer_samples: usize,
    /// Scrapes before peak memory is read
    #[arg(long, default_value_t = 100)]
    memory_scrapes: usize,
    /// Scrapes over which memory and file descriptors must not grow
    #[arg(long, default_value_t = 1_000)]
    lasting_scrapes: usize,
    /// Path to pve-exporter
    #[arg(long, default_value = "target/release/pve-exporter")]
    exporter: PathBuf,
    /// Path to pve-sim
    #[arg(long, default_value = "target/release/pve-sim")]
    sim: PathBuf,
    /// Path to prometheus-pve-exporter
    #[arg(long, default_value = "target/peer/bin/pve_exporter")]
    peer: PathBuf,
    /// Output file for the table
    #[arg(long, default_value = "target/bench.md")]
    output: PathBuf,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let names: Vec<&str> = ROWS.iter().map(|(name, _)| *name).collect();
    for row in args.rows.iter().filter(|row| !row.is_empty()) {
        ensure!(names.contains(&row.as_str()), "unknown row {row}; the rows are {}", names.join(", "));
    }
    let absolute =
        |path: &Path| path.canonicalize().with_context(|| format!("{} is missing; run make bench", path.display()));
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
            // Continue with the other rows.
            eprintln!("pve-bench: {name}: {error:#}");
            failed += 1;
        }
    }
    std::fs::write(&args.output, table.text()).with_context(|| format!("cannot write {}", args.output.display()))?;
    ensure!(failed == 0, "{failed} rows could not be measured");
    Ok(())
}

/// Describes the machine and the revision.
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
        "Revision {revision}; {cores} × {}, Linux {}, load average at the start {load}. Median (minimum–maximum, number of samples).",
        model.unwrap_or("unknown CPU"),
        kernel.trim()
    )
}
