//! Scrape latency compared with the peer and with the time the API takes.

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::{Effort, name, warm_up};
use crate::http::{Scraper, scrape};
use crate::setup::{Cluster, Programs, Size};
use crate::stats::{Samples, milliseconds};
use crate::table::{Line, Table, fraction};

const LATENCY_MS: u64 = 20;

/// The peer makes its requests one after another, including one per guest.
pub(super) fn peer(programs: &Programs, effort: Effort, table: &mut Table) -> Result<()> {
    let cluster = Cluster::start(programs, Size::MIDDLE, LATENCY_MS)?;
    let path = cluster.pve(1, 1);
    let (peer, exporter) = (cluster.peer()?, cluster.exporter_as_peer()?);
    scrape(exporter.address, &path, Scraper::Plain)?;
    let (mut theirs, mut ours, mut first, mut all) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let each = effort.samples.div_ceil(effort.peer_samples);
    for _ in 0..effort.peer_samples {
        // A new exporter has nothing cached.
        first.push(scrape(cluster.exporter_as_peer()?.address, &path, Scraper::Plain)?.time);
        all.push(scrape(cluster.exporter()?.address, &path, Scraper::Plain)?.time);
        theirs.push(scrape(peer.address, &path, Scraper::Plain)?.time);
        for _ in 0..each {
            ours.push(scrape(exporter.address, &path, Scraper::Plain)?.time);
        }
    }
    let (theirs, ours, first) = (Samples::times(theirs), Samples::times(ours), Samples::times(first));
    let what = format!("latency, {}, 20 ms per call, cluster=1&node=1", name(Size::MIDDLE));
    let line = |what: String, goal: f64, ours: f64, shown: String| {
        Line::new(what, format!("≤ 1/{goal:.0} of the peer"), shown)
            .peer(theirs.show("ms"))
            .ratio(fraction(ours, theirs.median()))
            .met(ours * goal <= theirs.median())
    };
    table.push(&line(what.clone(), 40.0, ours.median(), ours.show("ms")));
    table.push(&line(format!("{what}, first scrape"), 4.0, first.median(), first.show("ms")));
    let all = Samples::times(all);
    let line = Line::new(format!("{what}, first scrape, with all of our collectors"), "", all.show("ms"));
    table.push(&line.ratio(fraction(all.median(), theirs.median())));
    Ok(())
}

/// Latency in excess of the API's.
pub(super) fn critical_path(programs: &Programs, effort: Effort, table: &mut Table) -> Result<()> {
    let cluster = Cluster::start(programs, Size::SMALL, LATENCY_MS)?;
    let exporter = cluster.exporter()?;
    for (path, what) in [("/metrics".to_owned(), "/metrics"), (cluster.pve(1, 1), "cluster=1&node=1")] {
        warm_up(exporter.address, &path)?;
        let (mut over, mut waves, mut requests) = (Vec::new(), 0, 0);
        for _ in 0..effort.samples {
            cluster.reset_counters()?;
            let time = milliseconds(scrape(exporter.address, &path, Scraper::Plain)?.time);
            let counters = cluster.counters()?;
            waves = depth(&counters)?;
            requests = counters.get("total").and_then(Value::as_u64).unwrap_or_default();
            #[expect(clippy::cast_precision_loss, reason = "a few milliseconds")]
            over.push(time - (waves * LATENCY_MS) as f64);
        }
        let over = Samples::of(over);
        let path_ms = waves * LATENCY_MS;
        let what = format!("latency over the critical path, {}, {what}", name(Size::SMALL));
        let shown = format!("{} on top of {waves} × 20 = {path_ms} ms for {requests} calls", over.show("ms"));
        table.push(&Line::new(what, "≤ 10 ms", shown).met(over.median() <= 10.0));
    }
    Ok(())
}

/// The minimum number of consecutive calls, given that discovery is first, with at most 16 calls in flight and 3 per node.
fn depth(counters: &Value) -> Result<u64> {
    const DISCOVERY: u64 = 2;
    let total = counters.get("total").and_then(Value::as_u64).context("the counters have no total")?;
    let nodes = counters.get("nodes").and_then(Value::as_object).context("the counters have no nodes")?;
    let calls = nodes.values().filter_map(|node| node.get("total")?.as_u64());
    let slowest = calls.map(|calls| calls.div_ceil(3)).max().unwrap_or_default();
    Ok(1 + slowest.max(total.saturating_sub(DISCOVERY).div_ceil(16)))
}
