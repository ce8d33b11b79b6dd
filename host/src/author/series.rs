//! How many series a collector has in a cluster of a given size, estimated from fixtures.

use std::path::Path;

use pve_collector::testing::CaseDirectory;

use super::error::AuthorError;
use super::frequency::{ClusterSize, Frequency};
use super::workbench::Workbench;
use super::{case_run, sdk};

/// Series of one table.
#[derive(Debug, serde::Serialize)]
pub(super) struct SeriesEstimate {
    pub(super) labels: Vec<String>,
    /// The maximum over the places of the fixtures.
    pub(super) rows_per_place: usize,
    pub(super) series: u64,
}

/// Series of each table, if every place were like the largest one of the fixtures.
pub(super) fn estimate(
    bench: &Workbench,
    fixtures: &Path,
    size: ClusterSize,
) -> Result<Vec<SeriesEstimate>, AuthorError> {
    let requests = sdk::requests(&bench.collector.schema);
    let outline = bench.collector.schema.outline();
    let mut most = vec![0; outline.len()];
    for case in CaseDirectory::read_all(fixtures)? {
        let mistakes = case.check(&requests);
        if !mistakes.is_empty() {
            return Err(AuthorError::Case(mistakes));
        }
        let run = case_run::run(&bench.collector, None, case.case());
        for (most, rows) in most.iter_mut().zip(run.rows_by_table) {
            *most = rows.max(*most);
        }
    }
    let places = place_frequency(bench).count(size);
    let estimates = outline.iter().zip(most).map(|(table, rows)| SeriesEstimate {
        labels: table.label_names.to_vec(),
        rows_per_place: rows,
        series: ((rows * table.series_per_row()) as u64).saturating_mul(places),
    });
    Ok(estimates.collect())
}

/// What the collector is called once for each of: that of its request with all placeholders.
pub(super) fn place_frequency(bench: &Workbench) -> Frequency {
    let schema = &bench.collector.schema;
    let finest = schema.requests.iter().find(|request| request.template.placeholders() == schema.placeholders);
    finest.map_or(Frequency::Cluster, |request| Frequency::of(&request.template))
}
