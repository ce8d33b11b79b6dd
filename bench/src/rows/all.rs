//! `/metrics` with all collectors on all nodes of the largest cluster.

use anyhow::Result;

use super::cpu::cpu_of;
use super::{Effort, name, warm_up};
use crate::http::{Scraper, scrape};
use crate::setup::{Cluster, Programs, Size};
use crate::stats::{Rounded, Samples, milliseconds};
use crate::table::{Line, Table};

pub(super) fn measure(programs: &Programs, effort: Effort, table: &mut Table) -> Result<()> {
    let cluster = Cluster::start(programs, Size::LARGE, 0)?;
    let exporter = cluster.exporter()?;
    let what = format!("/metrics, all collectors, {}", name(Size::LARGE));
    // 10,000 configurations at 20 ms, 16 at a time, take 12.5 s; fill the cache first.
    let first = scrape(exporter.address, "/metrics", Scraper::Plain)?;
    warm_up(exporter.address, "/metrics")?;
    let (cpu, _) = cpu_of(&exporter, "/metrics", Scraper::Plain, effort.samples)?;
    let shown = format!("{} ms, {:.1} MB", Rounded(cpu), first.body.len() as f64 / 1e6);
    table.push(&Line::new(format!("{what}: CPU time per scrape"), "", shown));
    let shown = format!("{} ms", Rounded(milliseconds(first.time)));
    table.push(&Line::new(format!("{what}: first scrape, 0 ms per call"), "", shown));
    for (latency, goal) in [(20, 400.0), (200, 10_000.0)] {
        cluster.set_latency(latency)?;
        scrape(exporter.address, "/metrics", Scraper::Plain)?;
        cluster.reset_counters()?;
        let samples = if latency > 100 { effort.samples.min(5) } else { effort.samples };
        let times = (0..samples).map(|_| Ok(scrape(exporter.address, "/metrics", Scraper::Plain)?.time));
        let times = Samples::times(times.collect::<Result<Vec<_>>>()?);
        let calls = cluster.requests()? / samples as u64;
        let shown = format!("{} for {calls} calls", times.show("ms"));
        let line = Line::new(format!("{what}, {latency} ms per call"), format!("≤ {goal} ms"), shown);
        table.push(&line.met(times.median() <= goal));
    }
    Ok(())
}
