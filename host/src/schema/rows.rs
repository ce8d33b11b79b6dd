//! One call's rows, checked against the schema.
//!
//! A row that breaks the contract is dropped; a call that exceeds a limit loses all rows. Labels are rendered and escaped once per
//! row, into one string for the whole table, and values are in one vector: compact, and quick to encode.

use std::sync::Arc;

use super::fit::{fits, shorten_labels};
use super::losses::{OutputLimit, Rejection, Rejections};
use super::manifest::{Kind, Schema, Table};
use crate::budget::{ByteBudget, OverBudget, Reservation};
use crate::contract;
use crate::exposition::push_pair;
use crate::limits::Limits;

/// A value that fits its column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell {
    Absent,
    Number(f64),
    State(Option<u32>),
}

/// The rows of one table: label blocks end to end in one string, cells row by row.
#[derive(Debug, Clone, Default)]
pub(super) struct TableRows {
    blocks: String,
    ends: Vec<usize>,
    cells: Vec<Cell>,
    columns: usize,
}

impl TableRows {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The label block of a row, without braces.
    pub(super) fn block(&self, row: usize) -> &str {
        let start = row.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(row).copied().unwrap_or(start);
        self.blocks.get(start..end).unwrap_or_default()
    }

    pub(super) fn cell(&self, row: usize, column: usize) -> Cell {
        self.cells.get(row * self.columns + column).copied().unwrap_or(Cell::Absent)
    }

    /// A column from top to bottom: each row's label block and cell.
    pub(super) fn column(&self, column: usize) -> impl Iterator<Item = (&str, Cell)> {
        let mut start = 0;
        let cells = self.cells.iter().skip(column).step_by(self.columns.max(1));
        self.ends.iter().zip(cells).map(move |(&end, &cell)| {
            let block = self.blocks.get(start..end).unwrap_or_default();
            start = end;
            (block, cell)
        })
    }

    pub(super) fn blocks_size(&self) -> usize {
        self.blocks.len()
    }

    /// Bytes it occupies.
    fn allocated(&self) -> usize {
        self.blocks.capacity() + self.ends.capacity() * size_of::<usize>() + self.cells.capacity() * size_of::<Cell>()
    }

    pub(super) fn clear_cell(&mut self, row: usize, column: usize) {
        if let Some(cell) = self.cells.get_mut(row * self.columns + column) {
            *cell = Cell::Absent;
        }
    }

    pub(super) fn clear_row(&mut self, row: usize) {
        for column in 0..self.columns {
            self.clear_cell(row, column);
        }
    }
}

/// One call's checked rows.
#[derive(Debug, Clone)]
pub struct Rows {
    pub(super) tables: Vec<TableRows>,
    rows: usize,
    series: usize,
    text_bytes: usize,
    /// Shared with copies, which only lack duplicates.
    held: Arc<Reservation>,
}

impl Rows {
    /// Checks rows against the schema that declares them. What is kept counts against `budget`.
    pub fn check(
        rows: Vec<contract::Row>,
        schema: &Schema,
        limits: &Limits,
        budget: &Arc<ByteBudget>,
    ) -> Result<(Self, Rejections), OutputLimit> {
        if rows.len() > limits.rows {
            return Err(OutputLimit::Rows { rows: rows.len(), limit: limits.rows });
        }
        let tables = schema.tables.iter().map(|table| TableRows { columns: table.columns.len(), ..Default::default() });
        let mut tables: Vec<TableRows> = tables.collect();
        let (mut kept_rows, mut all_series, mut text_bytes) = (0, 0, 0_usize);
        let mut memory = Memory { held: budget.reserve(0)?, used: 0 };
        let mut rejections = Rejections::default();
        for mut row in rows {
            let index = row.table as usize;
            let (Some(table), Some(kept)) = (schema.tables.get(index), tables.get_mut(index)) else {
                rejections.add(Rejection::TableIndex, || {
                    format!("a row names table {index}, there are {}", schema.tables.len())
                });
                continue;
            };
            if let Some(longest) = shorten_labels(&mut row, limits.label_value_bytes) {
                rejections.add(Rejection::LabelValueLength, || {
                    format!("a label of a row of table {index} has {longest} bytes and is shortened")
                });
            }
            let series = match fits(&row, table) {
                Ok(series) => series,
                Err(misfit) => {
                    rejections.add(misfit.reason(), || misfit.describe(&row, table));
                    continue;
                }
            };
            kept_rows += 1;
            // A row without a value has no line in the exposition.
            if series == 0 {
                continue;
            }
            all_series += series;
            if all_series > limits.series {
                return Err(OutputLimit::Series { limit: limits.series });
            }
            // Before anything is copied: long labels times many metrics make gigabytes of a small component.
            let labels = label_bytes(&row, table);
            if text_bytes.saturating_add(line_bytes(&row, table, labels)) > limits.exposition_bytes {
                return Err(OutputLimit::Text { limit: limits.exposition_bytes });
            }
            memory.add(labels + row.values.len() * size_of::<Cell>())?;
            let labels = keep(kept, table, &row, &mut rejections);
            text_bytes = text_bytes.saturating_add(line_bytes(&row, table, labels));
        }
        let held = memory.settle(tables.iter().map(TableRows::allocated).sum())?;
        Ok((Self { tables, rows: kept_rows, series: all_series, text_bytes, held: Arc::new(held) }, rejections))
    }

    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes of memory that they hold.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.held.bytes()
    }

    /// Upper bound of their bytes in the exposition.
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        self.text_bytes
    }

    /// Series, before duplicates are dropped.
    #[must_use]
    pub fn series(&self) -> usize {
        self.series
    }
}

/// Reserved memory that grows in steps.
struct Memory {
    held: Reservation,
    used: usize,
}

impl Memory {
    const STEP: usize = 256 * 1024;

    fn add(&mut self, bytes: usize) -> Result<(), OverBudget> {
        self.used += bytes;
        if self.used > self.held.bytes() { self.held.grow(bytes.max(Self::STEP)) } else { Ok(()) }
    }

    /// Holds what is allocated in the end.
    fn settle(mut self, allocated: usize) -> Result<Reservation, OverBudget> {
        self.held.shrink_to(allocated);
        let missing = allocated - self.held.bytes();
        self.held.grow(missing)?;
        Ok(self.held)
    }
}

/// Keeps a row and returns the bytes of its label block.
fn keep(kept: &mut TableRows, table: &Table, row: &contract::Row, rejections: &mut Rejections) -> usize {
    let before = kept.blocks.len();
    for (position, (name, value)) in table.label_names.iter().zip(&row.labels).enumerate() {
        if position > 0 {
            kept.blocks.push(',');
        }
        push_pair(&mut kept.blocks, name, value);
    }
    kept.ends.push(kept.blocks.len());
    for (value, column) in row.values.iter().zip(&table.columns) {
        kept.cells.push(match value {
            contract::Value::Absent => Cell::Absent,
            contract::Value::Number(number)
                if column.kind == Kind::Counter && !(number.is_finite() && *number >= 0.0) =>
            {
                rejections.add(Rejection::CounterValue, || format!("a counter is {number}"));
                Cell::Absent
            }
            contract::Value::Number(number) => Cell::Number(*number),
            contract::Value::State(state) => Cell::State(*state),
        });
    }
    kept.blocks.len() - before
}

/// Bytes of a row's label block, before escaping.
fn label_bytes(row: &contract::Row, table: &Table) -> usize {
    table.label_names.iter().zip(&row.labels).map(|(name, value)| name.len() + value.len() + 4).sum()
}

/// What a row adds to the exposition: each of its lines has its labels.
fn line_bytes(row: &contract::Row, table: &Table, labels: usize) -> usize {
    let present = row.values.iter().zip(&table.columns).filter(|(value, _)| !matches!(value, contract::Value::Absent));
    present.map(|(_, column)| column.line_bytes + labels * column.states.len().max(1)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Schema {
        let metric = |name: &str| contract::MetricDecl {
            name: name.to_owned(),
            help: "A metric.".to_owned(),
            kind: contract::KindDecl::Gauge,
        };
        let manifest = contract::Manifest {
            name: "wide".to_owned(),
            version: "1".to_owned(),
            description: "Long labels for many metrics".to_owned(),
            requests: Vec::new(),
            tables: vec![contract::TableDecl {
                label_names: vec!["text".to_owned()],
                metrics: vec![metric("pve_a"), metric("pve_b"), metric("pve_c")],
            }],
        };
        Schema::check(manifest, &Limits::default()).unwrap()
    }

    fn row(bytes: usize) -> contract::Row {
        let value = contract::Value::Number(1.0);
        contract::Row { table: 0, labels: vec!["x".repeat(bytes)], values: vec![value; 3] }
    }

    #[test]
    fn text_is_counted_for_each_line_of_a_row() {
        let (rows, _) = Rows::check(vec![row(1000)], &schema(), &Limits::default(), &ByteBudget::unlimited()).unwrap();
        assert!((3000..3300).contains(&rows.text_bytes()), "{}", rows.text_bytes());
        let limits = Limits { exposition_bytes: 5000, ..Limits::default() };
        assert!(Rows::check(vec![row(1000)], &schema(), &limits, &ByteBudget::unlimited()).is_ok());
        let two = Rows::check(vec![row(1000), row(1001)], &schema(), &limits, &ByteBudget::unlimited());
        assert_eq!(two.unwrap_err(), OutputLimit::Text { limit: 5000 });
    }
}
