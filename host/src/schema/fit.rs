//! Whether a row fits its table, and label values that fit their limit.

use super::losses::Rejection;
use super::manifest::{Kind, Table};
use crate::contract;

/// Why a row does not fit its table.
pub(super) enum Misfit {
    LabelCount,
    ValueCount,
    ValueType(usize),
    StateIndex(usize),
    InfoValue(usize),
}

impl Misfit {
    pub(super) fn reason(&self) -> Rejection {
        match self {
            Self::LabelCount => Rejection::LabelCount,
            Self::ValueCount => Rejection::ValueCount,
            Self::ValueType(_) => Rejection::ValueType,
            Self::StateIndex(_) => Rejection::StateIndex,
            Self::InfoValue(_) => Rejection::InfoValue,
        }
    }

    pub(super) fn describe(&self, row: &contract::Row, table: &Table) -> String {
        let index = row.table;
        match self {
            Self::LabelCount => format!(
                "a row of table {index} has {} labels, the table has {}",
                row.labels.len(),
                table.label_names.len()
            ),
            Self::ValueCount => format!(
                "a row of table {index} has {} values, the table has {} metrics",
                row.values.len(),
                table.columns.len()
            ),
            Self::ValueType(column) => format!("value {column} of a row of table {index} is not of its metric's type"),
            Self::StateIndex(column) => format!("value {column} of a row of table {index} names a state out of range"),
            Self::InfoValue(column) => format!("value {column} of a row of table {index} is an info metric and not 1"),
        }
    }
}

/// The series of a row, or why it does not fit its table.
pub(super) fn fits(row: &contract::Row, table: &Table) -> Result<usize, Misfit> {
    if row.labels.len() != table.label_names.len() {
        return Err(Misfit::LabelCount);
    }
    if row.values.len() != table.columns.len() {
        return Err(Misfit::ValueCount);
    }
    let mut series = 0;
    for (index, (value, column)) in row.values.iter().zip(&table.columns).enumerate() {
        series += match (value, &column.kind) {
            (contract::Value::Absent, _) => 0,
            (contract::Value::Number(_), Kind::Gauge | Kind::Counter) => 1,
            #[expect(clippy::float_cmp, reason = "the contract says exactly 1")]
            (contract::Value::Number(number), Kind::Info) if *number == 1.0 => 1,
            (contract::Value::Number(_), Kind::Info) => return Err(Misfit::InfoValue(index)),
            (contract::Value::State(state), Kind::StateSet { .. }) => {
                if state.is_some_and(|state| state as usize >= column.states.len()) {
                    return Err(Misfit::StateIndex(index));
                }
                column.states.len()
            }
            _ => return Err(Misfit::ValueType(index)),
        };
    }
    Ok(series)
}

/// Ends in the place of what does not fit.
const ELLIPSIS: char = '…';

/// Shortens label values to `limit` bytes; returns the length of the longest one that did not fit. Tags and descriptions can have any
/// length, and the row's other labels and its values are as useful without the rest.
pub(super) fn shorten_labels(row: &mut contract::Row, limit: usize) -> Option<usize> {
    let mut longest = None;
    for value in row.labels.iter_mut().filter(|value| value.len() > limit) {
        longest = longest.max(Some(value.len()));
        value.truncate(value.floor_char_boundary(limit.saturating_sub(ELLIPSIS.len_utf8())));
        if value.len() + ELLIPSIS.len_utf8() <= limit {
            value.push(ELLIPSIS);
        }
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_labels_are_shortened_at_a_character() {
        let labels = ["x".repeat(9), "x".repeat(8), "ü".repeat(5), String::new()];
        let mut row = contract::Row { table: 0, labels: labels.to_vec(), values: Vec::new() };
        assert_eq!(shorten_labels(&mut row, 8), Some(10));
        assert_eq!(row.labels, ["xxxxx…", "xxxxxxxx", "üü…", ""]);
        assert_eq!(shorten_labels(&mut row, 2), Some(8));
        assert_eq!(row.labels, ["", "", "", ""]);
    }
}
