//! Peak resident memory of all processes.

use anyhow::Result;

use super::{Effort, name};
use crate::http::{Scraper, scrape};
use crate::process::Server;
use crate::setup::{Cluster, Programs, Size};
use crate::stats::{Rounded, mebibytes};
use crate::table::{Line, Table, fraction};

pub(super) fn measure(programs: &Programs, effort: Effort, table: &mut Table) -> Result<()> {
    let scrapes = effort.memory_scrapes;
    let cluster = Cluster::start(programs, Size::LARGE, 0)?;
    let path = cluster.pve(1, 0);
    let ours = peak(&cluster.exporter_as_peer()?, &path, scrapes)?;
    let theirs = peak(&cluster.peer()?, &path, scrapes)?;
    let what = format!("peak memory, {}, cluster=1, {scrapes} scrapes", name(Size::LARGE));
    table.push(
        &Line::new(what, "≤ 1/2 of the peer", format!("{} MiB", Rounded(ours)))
            .peer(format!("{} MiB", Rounded(theirs)))
            .ratio(fraction(ours, theirs))
            .met(ours * 2.0 <= theirs),
    );
    let everything = peak(&cluster.exporter()?, "/metrics", scrapes.min(20))?;
    let what = format!("peak memory, {}, /metrics, {} scrapes", name(Size::LARGE), scrapes.min(20));
    table.push(&Line::new(what, "", format!("{} MiB", Rounded(everything))));
    drop(cluster);

    let cluster = Cluster::start(programs, Size::SMALL, 0)?;
    let ours = peak(&cluster.exporter()?, "/metrics", scrapes)?;
    let what = format!("peak memory, {}, /metrics, {scrapes} scrapes", name(Size::SMALL));
    table.push(&Line::new(what, "≤ 64 MiB", format!("{} MiB", Rounded(ours))).met(ours <= 64.0));
    Ok(())
}

fn peak(server: &Server, path: &str, scrapes: usize) -> Result<f64> {
    for _ in 0..scrapes {
        scrape(server.address, path, Scraper::Plain)?;
    }
    Ok(mebibytes(server.peak_memory()?))
}
