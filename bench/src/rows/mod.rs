//! The rows of the table, one function a topic. Each starts what it measures and ends it again.

mod all;
mod cpu;
mod inside;
mod lasting;
mod latency;
mod memory;
mod start;

use anyhow::{Result, bail, ensure};

use crate::compare::Comparison;
use crate::http::{Scraper, scrape};
use crate::setup::{Cluster, Programs, Size};
use crate::table::{Line, Table};

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    /// Samples of our figures.
    pub(crate) samples: usize,
    /// Samples of the peer's, which take seconds each.
    pub(crate) peer_samples: usize,
    /// Scrapes before memory is read, of either.
    pub(crate) memory_scrapes: usize,
    /// Scrapes of the row that looks for leaks.
    pub(crate) lasting_scrapes: usize,
}

type Measure = fn(&Programs, Effort, &mut Table) -> Result<()>;

/// Topics by the names they are selected with, in the order of the table.
pub(crate) const ROWS: [(&str, Measure); 10] = [
    ("compare", compare),
    ("latency", latency::peer),
    ("path", latency::critical_path),
    ("cpu", cpu::measure),
    ("memory", memory::measure),
    ("all", all::measure),
    ("inside", inside::measure),
    ("start", start::measure),
    ("shared", lasting::shared),
    ("lasting", lasting::flat),
];

/// Nothing is a comparison unless both give the same: all of the peer's series are ours too, with the same values,
/// and there are no others.
fn compare(programs: &Programs, _: Effort, table: &mut Table) -> Result<()> {
    for (size, node) in [(Size::SMALL, 1), (Size::LARGE, 0)] {
        let cluster = Cluster::start(programs, size, 0)?;
        let path = cluster.pve(1, node);
        let theirs = {
            let peer = cluster.peer()?;
            scrape(peer.address, &path, Scraper::Plain)?
        };
        let ours = {
            let exporter = cluster.exporter_as_peer()?;
            scrape(exporter.address, &path, Scraper::Plain)?
        };
        let comparison = Comparison::of(theirs.text()?, ours.text()?)?;
        let (missing, different) = (comparison.missing.len(), comparison.different.len());
        for series in comparison.missing.iter().chain(&comparison.different).take(5) {
            eprintln!("not the same: {series}");
        }
        if missing + different > 0 {
            bail!("{missing} series of the peer are missing and {different} have another value: nothing to compare");
        }
        let more = Comparison::of(ours.text()?, theirs.text()?)?.missing;
        // What we say of ourselves, and of the scrape.
        if let Some(series) = more.iter().find(|series| !series.starts_with("pve_exporter_")) {
            bail!("{series} is none of the peer's series: more is measured than the peer does");
        }
        let all = format!("{} series of the peer's, all in ours, and no others of the cluster", comparison.series);
        let what = format!("same series and values, {}, cluster=1&node={node}", name(size));
        table.push(&Line::new(what, "all of the peer's", all).met(true));
    }
    Ok(())
}

/// `32/10,000`.
fn name(size: Size) -> String {
    let Size { nodes, guests } = size;
    if guests < 1000 { format!("{nodes}/{guests}") } else { format!("{nodes}/{},{:03}", guests / 1000, guests % 1000) }
}

/// Scrapes until every guest's configuration is among the kept answers: with thousands of them that is more than one
/// scrape's time allows.
fn warm_up(address: std::net::SocketAddr, path: &str) -> Result<()> {
    for _ in 0..20 {
        let answer = scrape(address, path, Scraper::Plain)?;
        if !answer.text()?.contains("\npve_exporter_collector_success{collector=\"config\"} 0") {
            return Ok(());
        }
    }
    ensure!(false, "{path}: the collector config does not succeed");
    Ok(())
}
