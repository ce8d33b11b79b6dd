//! What is lost of a call's rows: all of them if it exceeds a limit, some if they break the contract.

use std::collections::BTreeMap;

use crate::budget::OverBudget;
use crate::reason::Reason;
use crate::text::shorten;

/// Bytes kept of the first case of a rejection.
const DETAIL_BYTES: usize = 300;

/// A limit that a call's output exceeded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutputLimit {
    #[error("returned {rows} rows, {limit} are allowed (limits: rows)")]
    Rows { rows: usize, limit: usize },
    #[error("returned more than {limit} series (limits: series)")]
    Series { limit: usize },
    /// 45 KB of component can give long labels to so many metrics that they make gigabytes.
    #[error("returned more than {limit} bytes of exposition (limits: exposition-bytes)")]
    Text { limit: usize },
    #[error(transparent)]
    Memory(#[from] OverBudget),
}

impl OutputLimit {
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::Rows { .. } => Reason::RowsLimit,
            Self::Series { .. } => Reason::SeriesLimit,
            Self::Text { .. } => Reason::ExpositionBytesLimit,
            Self::Memory(over) => over.into(),
        }
    }
}

/// Why a row or a sample was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rejection {
    CounterValue,
    Duplicate,
    InfoValue,
    LabelCount,
    LabelValueLength,
    StateIndex,
    TableIndex,
    ValueCount,
    ValueType,
}

impl Rejection {
    pub const ALL: [Self; 9] = [
        Self::CounterValue,
        Self::Duplicate,
        Self::InfoValue,
        Self::LabelCount,
        Self::LabelValueLength,
        Self::StateIndex,
        Self::TableIndex,
        Self::ValueCount,
        Self::ValueType,
    ];

    /// As a label value.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CounterValue => "counter_value",
            Self::Duplicate => "duplicate",
            Self::InfoValue => "info_value",
            Self::LabelCount => "label_count",
            Self::LabelValueLength => "label_value_length",
            Self::StateIndex => "state_index",
            Self::TableIndex => "table_index",
            Self::ValueCount => "value_count",
            Self::ValueType => "value_type",
        }
    }
}

/// What was dropped: how often for each reason, and the first case in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rejections(BTreeMap<Rejection, (u64, String)>);

impl Rejections {
    pub(super) fn add(&mut self, reason: Rejection, detail: impl FnOnce() -> String) {
        let (count, _) = self.0.entry(reason).or_insert_with(|| (0, shorten(&detail(), DETAIL_BYTES).to_owned()));
        *count += 1;
    }

    /// Adds those of another call.
    pub fn merge(&mut self, other: Self) {
        for (reason, (count, detail)) in other.0 {
            self.0.entry(reason).or_insert((0, detail)).0 += count;
        }
    }

    /// Reason as a label value, count, first case.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64, &str)> {
        self.0.iter().map(|(reason, (count, detail))| (reason.as_str(), *count, detail.as_str()))
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
