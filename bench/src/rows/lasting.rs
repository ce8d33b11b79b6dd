//! Many scrapes, concurrent and consecutive.

use anyhow::{Context as _, Result};

use super::{Effort, name, warm_up};
use crate::http::{Scraper, scrape};
use crate::process::Server;
use crate::setup::{Cluster, Programs, Size};
use crate::stats::{Rounded, mebibytes};
use crate::table::{Line, Table};

/// Concurrent scrapes share one run, so four make no more requests than one.
pub(super) fn shared(programs: &Programs, _: Effort, table: &mut Table) -> Result<()> {
    let cluster = Cluster::start(programs, Size::SMALL, 20)?;
    let exporter = cluster.exporter()?;
    warm_up(exporter.address, "/metrics")?;
    let calls = |scrapes: usize| -> Result<u64> {
        cluster.reset_counters()?;
        std::thread::scope(|scope| {
            let scrape = || scrape(exporter.address, "/metrics", Scraper::Plain).map(drop);
            let running: Vec<_> = (0..scrapes).map(|_| scope.spawn(scrape)).collect();
            running.into_iter().try_for_each(|scrape| scrape.join().ok().context("a scrape panicked")?)
        })?;
        cluster.requests()
    };
    let (one, four) = (calls(1)?, calls(4)?);
    // The number of expired cached responses depends on the time since the previous scrape.
    let line = Line::new("API calls of four concurrent scrapes of one target", "as many as one", four.to_string());
    table.push(&line.ratio(format!("one makes {one}")).met(four <= one + one / 10));
    Ok(())
}

/// Memory, file descriptors and threads after the first tenth and at the end.
pub(super) fn flat(programs: &Programs, effort: Effort, table: &mut Table) -> Result<()> {
    let cluster = Cluster::start(programs, Size::SMALL, 0)?;
    let exporter = cluster.exporter()?;
    let state = |exporter: &Server| -> Result<_> {
        Ok((mebibytes(exporter.resident()?), exporter.descriptors()?, exporter.threads()?))
    };
    let (mut early, mut late) = (None, None);
    for number in 1..=effort.lasting_scrapes {
        scrape(exporter.address, "/metrics", Scraper::Plain)?;
        if number == effort.lasting_scrapes / 10 {
            early = Some(state(&exporter)?);
        }
        if number == effort.lasting_scrapes {
            late = Some(state(&exporter)?);
        }
    }
    let (early, late) = early.zip(late).context("too few scrapes")?;
    let what =
        format!("{} scrapes, {}, /metrics: memory, descriptors, threads", effort.lasting_scrapes, name(Size::SMALL));
    let shown =
        format!("{} → {} MiB, {} → {}, {} → {}", Rounded(early.0), Rounded(late.0), early.1, late.1, early.2, late.2);
    // The number of idle connections varies.
    let met = late.0 <= early.0 * 1.1 && late.1 <= early.1 + 8;
    table.push(&Line::new(what, "flat", shown).met(met));
    Ok(())
}
