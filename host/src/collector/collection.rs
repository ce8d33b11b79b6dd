//! The outcome of one call: its rows or why there are none, and what it used of its limits.

use std::sync::Arc;

use crate::contract::Output;
use crate::limits::Limits;
use crate::reason::Reason;
use crate::sandbox::{CallError, Usage};
use crate::schema::{Budget, Rejections, Rows, Schema};
use crate::text::shorten;

#[derive(Debug)]
pub struct Collection {
    pub outcome: Result<Arc<Rows>, CollectionError>,
    /// What was dropped of the rows.
    pub rejections: Rejections,
    /// The warnings that were kept, shortened.
    pub warnings: Vec<String>,
    pub usage: Usage,
    /// What the call used of each limit, from 0 to 1.
    pub used: Vec<(&'static str, f64)>,
}

/// Why a call has no rows.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CollectionError {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(transparent)]
    Budget(#[from] Budget),
}

impl CollectionError {
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::Call(error) => error.reason(),
            Self::Budget(budget) => budget.reason(),
        }
    }
}

impl Collection {
    pub(super) fn new(output: Result<Output, CallError>, usage: Usage, schema: &Schema, limits: &Limits) -> Self {
        let mut used = vec![
            ("cpu", usage.cpu.as_secs_f64() / limits.cpu.as_secs_f64()),
            ("memory", ratio(usage.memory, limits.memory)),
        ];
        let Output { rows, warnings } = match output {
            Ok(output) => output,
            Err(error) => {
                let outcome = Err(error.into());
                return Self { outcome, rejections: Rejections::default(), warnings: Vec::new(), usage, used };
            }
        };
        used.extend([
            ("lifted-bytes", ratio(usage.lifted_bytes, limits.lifted_bytes)),
            ("rows", ratio(rows.len(), limits.rows)),
            ("warnings", ratio(warnings.len(), limits.warnings)),
        ]);
        let warnings = warnings
            .iter()
            .take(limits.warnings)
            .map(|warning| shorten(warning, limits.message_bytes).to_owned())
            .collect();
        match Rows::check(rows, schema, limits) {
            Ok((rows, rejections)) => {
                used.push(("series", ratio(rows.series(), limits.series)));
                Self { outcome: Ok(Arc::new(rows)), rejections, warnings, usage, used }
            }
            Err(budget) => {
                Self { outcome: Err(budget.into()), rejections: Rejections::default(), warnings, usage, used }
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a ratio for people; bytes and rows are far below 2^53")]
fn ratio(used: usize, limit: usize) -> f64 {
    used as f64 / limit.max(1) as f64
}
