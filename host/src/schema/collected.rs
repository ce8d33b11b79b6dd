//! All rows of one collector in one scrape: place by place, without duplicates, encoded family by family.
//!
//! Duplicates are found with foldhash, whose seeds no collector knows: std's SipHash took 3 % of a scrape's CPU time.

use std::collections::HashSet;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::losses::{Rejection, Rejections};
use super::manifest::{Column, Family, Kind, Schema};
use super::rows::{Cell, Rows, TableRows};
use crate::exposition::{Encoder, StateTails};

/// One collector's part of an exposition.
#[derive(Debug)]
pub struct Collected {
    schema: Arc<Schema>,
    /// Shared with the rows kept for later scrapes; a duplicate is removed from a copy.
    batches: Vec<Arc<Rows>>,
}

impl Collected {
    /// Joins the rows of all places, in the order of the exposition, and drops duplicate series: Prometheus would keep the first and
    /// only log it.
    #[must_use]
    pub fn join<R: Into<Arc<Rows>>>(schema: Arc<Schema>, batches: Vec<R>) -> (Self, Rejections) {
        let mut collected = Self { schema, batches: batches.into_iter().map(Into::into).collect() };
        let mut rejections = Rejections::default();
        collected.drop_duplicate_rows(&mut rejections);
        collected.drop_duplicate_cells(&mut rejections);
        (collected, rejections)
    }

    /// Of two rows of a table with the same labels, the first stays.
    fn drop_duplicate_rows(&mut self, rejections: &mut Rejections) {
        for table in 0..self.schema.tables.len() {
            if self.is_ordered(table) {
                continue;
            }
            let rows = self.batches.iter().filter_map(|rows| rows.tables.get(table)).map(TableRows::len).sum();
            let mut seen = HashSet::with_capacity_and_hasher(rows, RandomState::default());
            let mut doubles = Vec::new();
            for (batch, rows) in self.batches.iter().enumerate() {
                let Some(rows) = rows.tables.get(table) else { continue };
                for row in 0..rows.len() {
                    if !seen.insert(rows.block(row)) {
                        doubles.push((batch, row));
                        rejections
                            .add(Rejection::Duplicate, || format!("two rows with the labels {{{}}}", rows.block(row)));
                    }
                }
            }
            for (batch, row) in doubles {
                if let Some(rows) = self.table_mut(batch, table) {
                    rows.clear_row(row);
                }
            }
        }
    }

    /// Rows in strictly increasing order have no duplicates. Most collectors' rows are in order, and a comparison per row is cheaper
    /// than a hash.
    fn is_ordered(&self, table: usize) -> bool {
        let mut last: Option<&str> = None;
        for rows in self.batches.iter().filter_map(|rows| rows.tables.get(table)) {
            for row in 0..rows.len() {
                let block = rows.block(row);
                if last.is_some_and(|last| last >= block) {
                    return false;
                }
                last = Some(block);
            }
        }
        true
    }

    /// Of two tables' samples of one family with the same labels, the first stays.
    fn drop_duplicate_cells(&mut self, rejections: &mut Rejections) {
        let schema = Arc::clone(&self.schema);
        for family in schema.families.iter().filter(|family| family.members.len() > 1) {
            let mut seen = HashSet::<&str, RandomState>::default();
            let mut doubles = Vec::new();
            for (batch, rows) in self.batches.iter().enumerate() {
                for &(table, column) in &family.members {
                    let Some(rows) = rows.tables.get(table) else { continue };
                    for row in 0..rows.len() {
                        if rows.cell(row, column) != Cell::Absent && !seen.insert(rows.block(row)) {
                            doubles.push((batch, table, row, column));
                            rejections.add(Rejection::Duplicate, || {
                                format!("two samples {}{{{}}}", family.name, rows.block(row))
                            });
                        }
                    }
                }
            }
            for (batch, table, row, column) in doubles {
                if let Some(rows) = self.table_mut(batch, table) {
                    rows.clear_cell(row, column);
                }
            }
        }
    }

    fn column(&self, table: usize, column: usize) -> Option<&Column> {
        self.schema.tables.get(table)?.columns.get(column)
    }

    fn table_mut(&mut self, batch: usize, table: usize) -> Option<&mut TableRows> {
        Arc::make_mut(self.batches.get_mut(batch)?).tables.get_mut(table)
    }

    pub fn families(&self) -> impl Iterator<Item = &Family> {
        self.schema.families.iter()
    }

    #[must_use]
    pub fn has_samples(&self, family: &Family) -> bool {
        self.batches.iter().any(|batch| {
            family.members.iter().any(|&(table, column)| {
                let rows = batch.tables.get(table);
                rows.is_some_and(|rows| (0..rows.len()).any(|row| rows.cell(row, column) != Cell::Absent))
            })
        })
    }

    #[must_use]
    pub fn series(&self) -> u64 {
        let cells = |rows: &TableRows, columns: &[Column]| -> u64 {
            let row_series = |row: usize| {
                columns.iter().enumerate().map(move |(column, of)| match rows.cell(row, column) {
                    Cell::Absent => 0,
                    Cell::Number(_) => 1,
                    Cell::State(_) => of.states.len() as u64,
                })
            };
            (0..rows.len()).flat_map(row_series).sum()
        };
        self.batches
            .iter()
            .flat_map(|batch| batch.tables.iter().zip(&self.schema.tables))
            .map(|(rows, table)| cells(rows, &table.columns))
            .sum()
    }

    /// About its bytes in the exposition; not much less.
    #[must_use]
    pub fn text_size(&self) -> usize {
        // `{`, `} `, a value and a line feed; a state's label and its name.
        const NUMBER: usize = 16;
        const STATE: usize = 24;
        let lines = |family: &Family, &(table, column): &(usize, usize)| {
            let states = self.column(table, column).map_or(0, |column| column.states.len());
            let (lines, own) = if states > 0 { (states, STATE) } else { (1, NUMBER) };
            let rows = self.batches.iter().filter_map(|batch| batch.tables.get(table));
            rows.map(|rows| lines * (rows.len() * (family.name.len() + own) + rows.blocks_size())).sum::<usize>()
        };
        let families = self.schema.families.iter();
        families.flat_map(|family| family.members.iter().map(move |member| lines(family, member))).sum()
    }

    /// Encodes every family that has a sample.
    pub fn encode(&self, encoder: &mut Encoder) {
        for family in &self.schema.families {
            self.encode_family(family, encoder);
        }
    }

    fn encode_family(&self, family: &Family, encoder: &mut Encoder) {
        let mut begun = false;
        let tails = |&(table, column): &(usize, usize)| match (&family.kind, self.column(table, column)) {
            (Kind::StateSet { label }, Some(column)) => StateTails::new(label, &column.states),
            _ => StateTails::default(),
        };
        let members: Vec<(usize, usize, StateTails)> =
            family.members.iter().map(|member| (member.0, member.1, tails(member))).collect();
        for batch in &self.batches {
            for (table, column, tails) in &members {
                let Some(rows) = batch.tables.get(*table) else { continue };
                for (block, cell) in rows.column(*column) {
                    if cell == Cell::Absent {
                        continue;
                    }
                    if !begun {
                        encoder.family(&family.name, &family.help, family.type_line());
                        begun = true;
                    }
                    match cell {
                        Cell::Number(value) => encoder.sample(&family.name, block, value),
                        Cell::State(current) => encoder.states(&family.name, block, tails, current),
                        Cell::Absent => {}
                    }
                }
            }
        }
    }
}
