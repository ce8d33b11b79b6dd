//! How many series a collector gives in a cluster of a given size, as far as fixtures tell.

use std::path::Path;

use super::endpoints::frequency;
use super::error::AuthorError;
use super::fixture::read_cases;
use super::trial;
use super::workbench::Workbench;

/// The cluster that is reckoned for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) nodes: u64,
    pub(super) guests: u64,
    pub(super) storages: u64,
}

impl Size {
    /// Requests or places of which there is one for each of these, in all.
    pub(super) fn count(self, once_a: &str) -> u64 {
        match once_a {
            "cluster" => 1,
            "node" => self.nodes,
            "storage of a node" => self.nodes.saturating_mul(self.storages),
            _ => self.guests,
        }
    }
}

/// Series of one table.
#[derive(Debug, serde::Serialize)]
pub(super) struct Estimate {
    pub(super) labels: Vec<String>,
    /// The most rows that one place of the fixtures has.
    pub(super) rows_a_place: usize,
    pub(super) series: u64,
}

/// Series of each table, if every place were like the largest one of the fixtures.
pub(super) fn estimate(bench: &Workbench, fixtures: &Path, size: Size) -> Result<Vec<Estimate>, AuthorError> {
    let cases = read_cases(fixtures)?;
    let mut most = vec![0; bench.collector.schema.outline().len()];
    for case in &cases {
        let trial = trial::run(&bench.collector, None, case)?;
        for (most, rows) in most.iter_mut().zip(trial.rows_by_table) {
            *most = rows.max(*most);
        }
    }
    let places = size.count(place_of(bench));
    let outline = bench.collector.schema.outline();
    Ok(outline
        .iter()
        .zip(most)
        .map(|(table, rows)| Estimate {
            labels: table.label_names.to_vec(),
            rows_a_place: rows,
            series: ((rows * table.series_per_row()) as u64).saturating_mul(places),
        })
        .collect())
}

/// What the collector runs once for each of: the finest of its requests.
pub(super) fn place_of(bench: &Workbench) -> &'static str {
    let schema = &bench.collector.schema;
    let finest = schema.requests.iter().find(|request| request.template.placeholders() == schema.placeholders);
    finest.map_or("cluster", |request| frequency(&request.template))
}
