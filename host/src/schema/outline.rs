//! A schema and its rows as the `collector` subcommands describe them.

use super::manifest::{Family, Kind, Schema, Table};
use super::rows::{Rows, TableRows};

/// One table of a manifest.
#[derive(Debug)]
pub struct Outline<'a> {
    pub label_names: &'a [String],
    /// In order, each with its states in this table.
    pub metrics: Vec<(&'a Family, &'a [String])>,
}

impl Outline<'_> {
    /// The most series of one row.
    #[must_use]
    pub fn series_per_row(&self) -> usize {
        self.metrics.iter().map(|(_, states)| states.len().max(1)).sum()
    }
}

impl Schema {
    /// In the manifest's order.
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
    /// Rows of each table, in the manifest's order.
    pub fn by_table(&self) -> impl Iterator<Item = usize> {
        self.tables.iter().map(TableRows::len)
    }
}

impl Family {
    /// A family without members, for checks of its name.
    #[must_use]
    pub fn new(name: &str, help: &str, kind: Kind, label_names: Vec<String>) -> Self {
        Self { name: name.to_owned(), help: help.to_owned(), kind, label_names, members: Vec::new() }
    }
}
