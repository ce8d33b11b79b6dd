//! The outcome of one call: its rows or why there are none, and what it used of its limits.

use std::sync::Arc;

use crate::budget::ByteBudget;
use crate::contract::Output;
use crate::limits::Limits;
use crate::reason::Reason;
use crate::sandbox::{CallError, Lifted, Usage};
use crate::schema::{OutputLimit, Rejections, Rows, Schema};
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
    Output(#[from] OutputLimit),
}

impl CollectionError {
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::Call(error) => error.reason(),
            Self::Output(limit) => limit.reason(),
        }
    }
}

impl Collection {
    pub(super) fn new(
        lifted: Result<Lifted, CallError>,
        usage: Usage,
        schema: &Schema,
        limits: &Limits,
        budget: &Arc<ByteBudget>,
    ) -> Self {
        let mut used = vec![
            ("cpu", usage.cpu.as_secs_f64() / limits.cpu.as_secs_f64()),
            ("memory", ratio(usage.memory, limits.memory)),
        ];
        // The reservation for the returned rows outlives them.
        let Lifted { output: Output { rows, warnings }, held: _held } = match lifted {
            Ok(lifted) => lifted,
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
        match Rows::check(rows, schema, limits, budget) {
            Ok((rows, rejections)) => {
                used.push(("series", ratio(rows.series(), limits.series)));
                used.push(("collector-bytes", ratio(budget.highest(), limits.collector_bytes)));
                Self { outcome: Ok(Arc::new(rows)), rejections, warnings, usage, used }
            }
            Err(limit) => Self { outcome: Err(limit.into()), rejections: Rejections::default(), warnings, usage, used },
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a ratio for people; bytes and rows are far below 2^53")]
fn ratio(used: usize, limit: usize) -> f64 {
    used as f64 / limit.max(1) as f64
}
