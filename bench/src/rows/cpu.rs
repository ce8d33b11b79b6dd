//! CPU time per scrape: user and system time of the process and its children.

use anyhow::Result;

use super::{Effort, name};
use crate::http::{Scraper, scrape};
use crate::process::Server;
use crate::setup::{Cluster, Programs, Size};
use crate::stats::{Samples, milliseconds};
use crate::table::{Line, Table, fraction};

pub(super) fn measure(programs: &Programs, effort: Effort, table: &mut Table) -> Result<()> {
    let cluster = Cluster::start(programs, Size::LARGE, 0)?;
    let path = cluster.pve(1, 0);
    let (peer, exporter) = (cluster.peer()?, cluster.exporter_as_peer()?);
    let (mut theirs, mut ours, mut compressed) = (Vec::new(), Vec::new(), Vec::new());
    let (mut their_times, mut our_times) = (Vec::new(), Vec::new());
    // The kernel counts in ticks of 10 ms, so our CPU time is averaged over several scrapes.
    let each = effort.samples.div_ceil(effort.peer_samples).max(4);
    scrape(peer.address, &path, Scraper::Plain)?;
    scrape(exporter.address, &path, Scraper::Plain)?;
    for _ in 0..effort.peer_samples {
        let (cpu, times) = cpu_of(&peer, &path, Scraper::Plain, 1)?;
        theirs.push(cpu);
        their_times.extend(times);
        let (cpu, times) = cpu_of(&exporter, &path, Scraper::Plain, each)?;
        ours.push(cpu);
        our_times.extend(times);
        compressed.push(cpu_of(&exporter, &path, Scraper::Prometheus, each)?.0);
    }
    let (theirs, ours, compressed) = (Samples::of(theirs), Samples::of(ours), Samples::of(compressed));
    let what = format!("CPU time per scrape, {}, 0 ms per call, cluster=1", name(Size::LARGE));
    table.push(
        &Line::new(what.clone(), "≤ 1/25 of the peer", ours.show("ms"))
            .peer(theirs.show("ms"))
            .ratio(fraction(ours.median(), theirs.median()))
            .met(ours.median() * 25.0 <= theirs.median()),
    );
    table.push(
        &Line::new(format!("{what}, with gzip as Prometheus requests"), "", compressed.show("ms"))
            .peer("does not compress")
            .ratio(fraction(compressed.median(), theirs.median())),
    );
    let (theirs, ours) = (Samples::of(their_times), Samples::of(our_times));
    table.push(
        &Line::new(format!("latency, {}, 0 ms per call, cluster=1", name(Size::LARGE)), "", ours.show("ms"))
            .peer(theirs.show("ms"))
            .ratio(fraction(ours.median(), theirs.median())),
    );
    Ok(())
}

/// CPU time per scrape and the duration of each scrape, in milliseconds.
pub(super) fn cpu_of(server: &Server, path: &str, scraper: Scraper, scrapes: usize) -> Result<(f64, Vec<f64>)> {
    let before = server.cpu()?;
    let times = (0..scrapes).map(|_| Ok(milliseconds(scrape(server.address, path, scraper)?.time)));
    let times = times.collect::<Result<Vec<f64>>>()?;
    #[expect(clippy::cast_precision_loss, reason = "a few scrapes")]
    let each = milliseconds(server.cpu()?.saturating_sub(before)) / scrapes as f64;
    Ok((each, times))
}
