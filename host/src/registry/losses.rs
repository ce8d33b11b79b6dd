//! What is lost of a call's rows: all of them where it went beyond a budget, some where they break the contract.

use std::collections::BTreeMap;

use crate::sandbox::shorten;

/// A budget that a call went beyond.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Budget {
    /// Too many rows.
    #[error("gave {rows} rows, {limit} are allowed (limits: rows)")]
    Rows {
        /// Rows given.
        rows: usize,
        /// Rows allowed.
        limit: usize,
    },
    /// Too many series.
    #[error("gave more than {limit} series (limits: series)")]
    Series {
        /// Series allowed.
        limit: usize,
    },
    /// Too much text: 45 KB of component can give long labels to so many metrics that they make gigabytes.
    #[error("gave more than {limit} bytes of exposition (limits: exposition-bytes)")]
    Text {
        /// Bytes allowed.
        limit: usize,
    },
}

impl Budget {
    /// The reason as a label value.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Rows { .. } => "rows_limit",
            Self::Series { .. } => "series_limit",
            Self::Text { .. } => "exposition_bytes_limit",
        }
    }
}

/// What was lost, by reason: how often, and the first case in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rejections(BTreeMap<&'static str, (u64, String)>);

impl Rejections {
    pub(super) fn add(&mut self, reason: &'static str, detail: impl FnOnce() -> String) {
        let (count, _) = self.0.entry(reason).or_insert_with(|| (0, shorten(&detail(), 300).to_owned()));
        *count += 1;
    }

    /// Adds those of another call.
    pub fn merge(&mut self, other: Self) {
        for (reason, (count, detail)) in other.0 {
            self.0.entry(reason).or_insert((0, detail)).0 += count;
        }
    }

    /// Reason (a label value), count, first case.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64, &str)> {
        self.0.iter().map(|(reason, (count, detail))| (*reason, *count, detail.as_str()))
    }

    /// Nothing was lost.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
