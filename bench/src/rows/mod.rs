//! The rows of the table, one function per topic. Each starts and stops the processes it measures.

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

/// Number of samples.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    /// Samples of our exporter.
    pub(crate) samples: usize,
    /// Samples of the peer, which take seconds each.
    pub(crate) peer_samples: usize,
    /// Scrapes before memory is read.
    pub(crate) memory_scrapes: usize,
    /// Scrapes for the row that looks for leaks.
    pub(crate) lasting_scrapes: usize,
}

type Measure = fn(&Programs, Effort, &mut Table) -> Result<()>;

/// Topics by name, in table order.
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

/// Checks that the comparison is fair: our exporter returns exactly the peer's series, with the same values.
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
            eprintln!("differs: {series}");
        }
        if missing + different > 0 {
            bail!(
                "{missing} of the peer's series are missing and {different} differ; the exporters are not comparable"
            );
        }
        let more = Comparison::of(ours.text()?, theirs.text()?)?.missing;
        // Except the exporter's own metrics.
        if let Some(series) = more.iter().find(|series| !series.starts_with("pve_exporter_")) {
            bail!("the peer does not have {series}; the exporters are not comparable");
        }
        let all = format!("all {} series of the peer and no others", comparison.series);
        let what = format!("same series and values, {}, cluster=1&node={node}", name(size));
        table.push(&Line::new(what, "all of the peer's", all).met(true));
    }
    Ok(())
}

/// Formats as `32/10,000`.
fn name(size: Size) -> String {
    let Size { nodes, guests } = size;
    if guests < 1000 { format!("{nodes}/{guests}") } else { format!("{nodes}/{},{:03}", guests / 1000, guests % 1000) }
}

/// Scrapes until the configuration of every guest is cached. With thousands of guests one scrape is not enough.
fn warm_up(address: std::net::SocketAddr, path: &str) -> Result<()> {
    for _ in 0..20 {
        let answer = scrape(address, path, Scraper::Plain)?;
        if !answer.text()?.contains("\npve_exporter_collector_success{collector=\"config\"} 0") {
            return Ok(());
        }
    }
    ensure!(false, "{path}: the config collector does not succeed");
    Ok(())
}
