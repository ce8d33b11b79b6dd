//! The table as a page of the documentation.

use super::report::Report;
use super::row::{ANY, Cost, Row};
use super::rows::{Group, waits_for};
use super::selection::code;

const NODES: usize = 4;

const HEAD: &str = "\
# Faults

What each fault of a cluster costs. The test suite generates this page from the table of `host/tests/faults` and verifies
every row against a [simulated cluster](../fixtures/sim/README.md): the lost series are exactly these, the next scrape
after the fault is complete again, and no scrape responds later than Prometheus waits.

- *Lost* series are missing while the fault lasts. Values of other series don't change unless *changed* says so.
- *Reported* is the reason in `pve_exporter_collector_failed_places`, for the cluster or a node, or another metric of
  [the exporter itself](metrics.md#the-scrape). `pve_exporter_collector_success` is 0 for the same collectors.
- *Log* is the number of lines in five scrapes.
- *Over the deadline* is the bound for a scrape that waits for something that doesn't respond; the deadline is half a
  second before Prometheus's scrape timeout. Where it is \"none\", scrapes are as fast as usual.
- *Per-node collectors* are `config`, `lxc-pressure`, `node-status`, `physical-disk`, `replication`, `subscription` and
  `vm-pressure`. In these tests no response is cached; with the default [cache](operations.md#load-on-the-cluster),
  `config` and `physical-disk` survive faults of some minutes.

The simulated cluster has the nodes node01 to node04, and the exporter is connected to node01.
";

pub(super) fn page(groups: &[Group]) -> String {
    let mut page = HEAD.to_owned();
    for group in groups {
        page.push_str(&format!("\n## {}\n\n", group.heading));
        page.push_str("| Fault | Lost | Reported | Log | Over the deadline |\n|---|---|---|---|---|\n");
        for row in group.rows.iter().filter(|row| waits_for(row).is_none()) {
            page.push_str(&line(row));
        }
    }
    page
}

fn line(row: &Row) -> String {
    let late = match row.late {
        0 => "none",
        1 => "< 0.5 s, first scrape only",
        _ => "< 0.5 s",
    };
    let mut reported = reports(&row.cost.reported);
    if let Some(local) = &row.local {
        reported.push_str(&format!("; `/pve` of one node: {}", reports(&local.reported)));
    }
    format!("| {} | {} | {reported} | {} | {late} |\n", row.name, cost(&row.cost), row.log_lines)
}

fn cost(cost: &Cost) -> String {
    let mut text = if cost.lost.is_empty() { "nothing".to_owned() } else { list(&cost.lost) };
    if !cost.gained.is_empty() {
        text.push_str(&format!("; new: {}", list(&cost.gained)));
    }
    match cost.changed.as_slice() {
        [] => {}
        [ANY] => text.push_str(&format!("; changed: {ANY}")),
        families => text.push_str(&format!("; changed: {}", code(families))),
    }
    text
}

/// Those that differ only in the node are one.
fn reports(reports: &[Report]) -> String {
    let mut merged: Vec<(String, Vec<&str>)> = Vec::new();
    for report in reports {
        let (what, node) = match report {
            Report::Failed { node, .. } => (report.to_string(), *node),
            _ => (report.to_string(), ""),
        };
        match merged.iter_mut().find(|(other, nodes)| *other == what && !nodes.is_empty()) {
            Some((_, nodes)) => nodes.push(node),
            None => merged.push((what, if node.is_empty() { Vec::new() } else { vec![node] })),
        }
    }
    let words = |(what, nodes): &(String, Vec<&str>)| match nodes.as_slice() {
        [] => what.clone(),
        nodes if nodes.len() == NODES => format!("{what} of each node"),
        nodes => format!("{what} of {}", nodes.join(" and ")),
    };
    let merged: Vec<String> = merged.iter().map(words).collect();
    if merged.is_empty() { "—".to_owned() } else { merged.join("; ") }
}

fn list<T: std::fmt::Display>(items: &[T]) -> String {
    if items.is_empty() {
        return "—".to_owned();
    }
    items.iter().map(T::to_string).collect::<Vec<_>>().join("; ")
}
