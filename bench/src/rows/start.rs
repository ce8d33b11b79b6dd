//! Time from exec to the first response.

use std::time::Instant;

use anyhow::Result;

use super::{Effort, name};
use crate::http::{Scraper, scrape};
use crate::process::{Server, free_address};
use crate::setup::{Cluster, Programs, Size};
use crate::stats::{Samples, milliseconds};
use crate::table::{Line, Table};

pub(super) fn measure(programs: &Programs, effort: Effort, table: &mut Table) -> Result<()> {
    let cluster = Cluster::start(programs, Size::SMALL, 0)?;
    let first_answer = || -> Result<f64> {
        let address = free_address()?;
        let start = Instant::now();
        let exporter = Server::start(cluster.exporter_command(address), address)?;
        scrape(exporter.address, "/metrics", Scraper::Plain)?;
        Ok(milliseconds(start.elapsed()))
    };
    let cold = || -> Result<f64> {
        let _ = std::fs::remove_dir_all(cluster.path().join("code"));
        first_answer()
    };
    let not_cached = Samples::of((0..effort.peer_samples).map(|_| cold()).collect::<Result<Vec<f64>>>()?);
    let cached = Samples::of((0..effort.samples).map(|_| first_answer()).collect::<Result<Vec<f64>>>()?);
    let what = format!("from exec to the first /metrics response, {}, 0 ms per call", name(Size::SMALL));
    for (code, goal, times) in [("compiled code cached", 100.0, cached), ("not cached", 2_000.0, not_cached)] {
        let line = Line::new(format!("{what}, {code}"), format!("≤ {goal} ms"), times.show("ms"));
        table.push(&line.met(times.median() <= goal));
    }
    Ok(())
}
