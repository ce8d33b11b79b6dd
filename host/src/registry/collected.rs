//! All rows of one collector in one scrape: place after place, duplicates taken out, written family by family.

use std::collections::HashSet;
use std::sync::Arc;

use super::rows::{Cell, Rejections, Rows, TableRows};
use super::schema::{Column, Family, Kind, Schema};
use crate::exposition::Encoder;

/// One collector's part of an exposition.
#[derive(Debug)]
pub struct Collected {
    schema: Arc<Schema>,
    batches: Vec<Rows>,
}

impl Collected {
    /// Joins the rows of all places, in the order they shall stand, and takes out series that stand twice: Prometheus would
    /// keep the first and tell nobody but its own log.
    #[must_use]
    pub fn join(schema: Arc<Schema>, batches: Vec<Rows>) -> (Self, Rejections) {
        let mut collected = Self { schema, batches };
        let mut rejections = Rejections::default();
        collected.drop_duplicate_rows(&mut rejections);
        collected.drop_duplicate_cells(&mut rejections);
        (collected, rejections)
    }

    /// Two rows of a table with the same labels: the first stays.
    fn drop_duplicate_rows(&mut self, rejections: &mut Rejections) {
        for table in 0..self.schema.tables.len() {
            if self.is_ordered(table) {
                continue;
            }
            let mut seen = HashSet::new();
            let mut doubles = Vec::new();
            for (batch, rows) in self.batches.iter().enumerate() {
                let Some(rows) = rows.tables.get(table) else { continue };
                for row in 0..rows.len() {
                    if !seen.insert(rows.block(row)) {
                        doubles.push((batch, row));
                        rejections.add("duplicate", || format!("two rows with the labels {{{}}}", rows.block(row)));
                    }
                }
            }
            for (batch, row) in doubles {
                if let Some(rows) = self.batches.get_mut(batch).and_then(|rows| rows.tables.get_mut(table)) {
                    rows.clear_row(row);
                }
            }
        }
    }

    /// Rows in strictly growing order have no duplicates, and most collectors' rows are: a comparison a row instead of a
    /// hash.
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

    /// The same labels in two tables that share a family: the first value stays.
    fn drop_duplicate_cells(&mut self, rejections: &mut Rejections) {
        let schema = Arc::clone(&self.schema);
        for family in schema.families.iter().filter(|family| family.members.len() > 1) {
            let mut seen = HashSet::new();
            let mut doubles = Vec::new();
            for (batch, rows) in self.batches.iter().enumerate() {
                for &(table, column) in &family.members {
                    let Some(rows) = rows.tables.get(table) else { continue };
                    for row in 0..rows.len() {
                        if rows.cell(row, column) != Cell::Absent && !seen.insert(rows.block(row)) {
                            doubles.push((batch, table, row, column));
                            rejections
                                .add("duplicate", || format!("two samples {}{{{}}}", family.name, rows.block(row)));
                        }
                    }
                }
            }
            for (batch, table, row, column) in doubles {
                if let Some(rows) = self.batches.get_mut(batch).and_then(|rows| rows.tables.get_mut(table)) {
                    rows.clear_cell(row, column);
                }
            }
        }
    }

    /// The families it may have samples of.
    pub fn families(&self) -> impl Iterator<Item = &Family> {
        self.schema.families.iter()
    }

    /// Whether there is a sample of this family.
    #[must_use]
    pub fn has_samples(&self, family: &Family) -> bool {
        self.batches.iter().any(|batch| {
            family.members.iter().any(|&(table, column)| {
                let rows = batch.tables.get(table);
                rows.is_some_and(|rows| (0..rows.len()).any(|row| rows.cell(row, column) != Cell::Absent))
            })
        })
    }

    /// Series in the exposition.
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

    /// Writes every family that has a sample.
    pub fn encode(&self, encoder: &mut Encoder) {
        for family in &self.schema.families {
            self.encode_family(family, encoder);
        }
    }

    fn encode_family(&self, family: &Family, encoder: &mut Encoder) {
        let mut begun = false;
        for batch in &self.batches {
            for &(table, column) in &family.members {
                let (Some(rows), Some(states)) = (
                    batch.tables.get(table),
                    self.schema.tables.get(table).and_then(|table| table.columns.get(column)),
                ) else {
                    continue;
                };
                for row in 0..rows.len() {
                    let cell = rows.cell(row, column);
                    if cell == Cell::Absent {
                        continue;
                    }
                    if !begun {
                        encoder.family(&family.name, &family.help, family.type_line());
                        begun = true;
                    }
                    match (cell, &family.kind) {
                        (Cell::Number(value), _) => encoder.sample(&family.name, rows.block(row), value),
                        (Cell::State(current), Kind::StateSet { label }) => {
                            for (index, state) in states.states.iter().enumerate() {
                                let holds = current.is_some_and(|current| current as usize == index);
                                let value = if holds { 1.0 } else { 0.0 };
                                encoder.sample_with(&family.name, rows.block(row), (label, state), value);
                            }
                        }
                        (Cell::State(_) | Cell::Absent, _) => {}
                    }
                }
            }
        }
    }
}
