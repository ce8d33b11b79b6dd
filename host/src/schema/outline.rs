//! A schema and its rows from outside, for those who describe collectors rather than run them.

use super::manifest::{Family, Kind, Schema, Table};
use super::rows::{Rows, TableRows};

/// One table of a manifest.
#[derive(Debug)]
pub struct Outline<'a> {
    /// Its label names.
    pub label_names: &'a [String],
    /// Its metrics, in order, each with the states it has in this table.
    pub metrics: Vec<(&'a Family, &'a [String])>,
}

impl Outline<'_> {
    /// Series that one row gives at most.
    #[must_use]
    pub fn series_per_row(&self) -> usize {
        self.metrics.iter().map(|(_, states)| states.len().max(1)).sum()
    }
}

impl Schema {
    /// The tables, in the manifest's order.
    #[must_use]
    pub fn outline<'a>(&'a self) -> Vec<Outline<'a>> {
        let outline = |(index, table): (usize, &'a Table)| {
            let columns = table.columns.iter().enumerate();
            let metrics = columns.filter_map(|(column, of)| {
                let family = self.families.iter().find(|family| family.members.contains(&(index, column)))?;
                Some((family, of.states.as_slice()))
            });
            Outline { label_names: &table.label_names, metrics: metrics.collect() }
        };
        self.tables.iter().enumerate().map(outline).collect()
    }
}

impl Rows {
    /// Rows kept of each table, in the manifest's order.
    pub fn by_table(&self) -> impl Iterator<Item = usize> {
        self.tables.iter().map(TableRows::len)
    }
}

impl Family {
    /// A family that stands in no table: for those who look at its name.
    #[must_use]
    pub fn new(name: &str, help: &str, kind: Kind, label_names: Vec<String>) -> Self {
        Self { name: name.to_owned(), help: help.to_owned(), kind, label_names, members: Vec::new() }
    }
}
