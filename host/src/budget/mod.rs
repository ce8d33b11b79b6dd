//! Budgets for bytes: what the process may hold, reserved before it is allocated.
//!
//! Budgets form a tree. A reservation counts against its budget and all budgets above it, so that one cluster, one collector or one
//! client exhausts its own share and not the process. Whatever would exceed a budget fails alone.

mod machine;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

pub use machine::default_budget;

/// The least a partial reservation is worth.
const LEAST: usize = 64 * 1024;

/// What a budget is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Process,
    /// Answers of all clusters.
    Answers,
    /// Answers of one cluster.
    Cluster,
    /// Calls and rows of all collectors.
    Collectors,
    /// Calls and rows of one collector.
    Collector,
    /// Encoded responses.
    Responses,
}

impl Purpose {
    /// As a label value.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Answers => "answers",
            Self::Cluster => "cluster",
            Self::Collectors => "collectors",
            Self::Collector => "collector",
            Self::Responses => "responses",
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Process => "the process",
            Self::Answers => "API answers",
            Self::Cluster => "API answers of one cluster",
            Self::Collectors => "all collectors",
            Self::Collector => "one collector (limits: collector-bytes)",
            Self::Responses => "responses",
        })
    }
}

/// The budgets of the process.
#[derive(Debug, Clone)]
pub struct Budgets {
    pub process: Arc<ByteBudget>,
    pub answers: Arc<ByteBudget>,
    pub collectors: Arc<ByteBudget>,
    pub responses: Arc<ByteBudget>,
}

impl Budgets {
    /// Budgets of `bytes` together. Each part has less than all, so that none of them starves the others.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        let process = ByteBudget::root(Purpose::Process, bytes);
        Self {
            answers: process.child(Purpose::Answers, bytes / 2),
            collectors: process.child(Purpose::Collectors, bytes / 4 * 3),
            responses: process.child(Purpose::Responses, bytes / 4),
            process,
        }
    }

    /// All of them, for metrics.
    #[must_use]
    pub fn all(&self) -> [&Arc<ByteBudget>; 4] {
        [&self.process, &self.answers, &self.collectors, &self.responses]
    }
}

/// A number of bytes that may be reserved at the same time.
#[derive(Debug)]
pub struct ByteBudget {
    purpose: Purpose,
    limit: usize,
    used: AtomicUsize,
    highest: AtomicUsize,
    refused: AtomicU64,
    parent: Option<Arc<Self>>,
}

/// A budget is exhausted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the memory budget of {limit} bytes for {purpose} is exhausted")]
pub struct OverBudget {
    pub purpose: Purpose,
    pub limit: usize,
}

/// Reserved bytes; dropping it releases them.
#[derive(Debug, Default)]
pub struct Reservation {
    budget: Option<Arc<ByteBudget>>,
    bytes: usize,
    shortfall: Option<OverBudget>,
}

impl ByteBudget {
    #[must_use]
    pub fn root(purpose: Purpose, limit: usize) -> Arc<Self> {
        Arc::new(Self::new(purpose, limit, None))
    }

    /// A budget within this one.
    #[must_use]
    pub fn child(self: &Arc<Self>, purpose: Purpose, limit: usize) -> Arc<Self> {
        Arc::new(Self::new(purpose, limit, Some(Arc::clone(self))))
    }

    /// For tests and for commands that work on one component.
    #[must_use]
    pub fn unlimited() -> Arc<Self> {
        Self::root(Purpose::Process, usize::MAX)
    }

    fn new(purpose: Purpose, limit: usize, parent: Option<Arc<Self>>) -> Self {
        let (used, highest, refused) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicU64::new(0));
        Self { purpose, limit, used, highest, refused, parent }
    }

    pub fn reserve(self: &Arc<Self>, bytes: usize) -> Result<Reservation, OverBudget> {
        self.take(bytes).inspect_err(|over| self.count_refusal(over))?;
        Ok(Reservation { budget: Some(Arc::clone(self)), bytes, shortfall: None })
    }

    /// Reserves `bytes`, or what can be had of them down to a useful minimum.
    pub fn reserve_up_to(self: &Arc<Self>, bytes: usize) -> Result<Reservation, OverBudget> {
        let (mut wanted, mut shortfall) = (bytes, None);
        while let Err(over) = self.take(wanted) {
            if wanted / 2 < LEAST {
                self.count_refusal(&over);
                return Err(over);
            }
            wanted /= 2;
            shortfall = Some(over);
        }
        Ok(Reservation { budget: Some(Arc::clone(self)), bytes: wanted, shortfall })
    }

    #[must_use]
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }

    #[must_use]
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// The most that was reserved at the same time.
    #[must_use]
    pub fn highest(&self) -> usize {
        self.highest.load(Ordering::Relaxed)
    }

    /// Reservations that were refused because this budget was exhausted.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: usize) -> Result<(), OverBudget> {
        let add = |used: usize| used.checked_add(bytes).filter(|total| *total <= self.limit);
        let Ok(before) = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add) else {
            return Err(OverBudget { purpose: self.purpose, limit: self.limit });
        };
        if let Some(Err(error)) = self.parent.as_ref().map(|parent| parent.take(bytes)) {
            self.used.fetch_sub(bytes, Ordering::Relaxed);
            return Err(error);
        }
        self.highest.fetch_max(before + bytes, Ordering::Relaxed);
        Ok(())
    }

    /// Counts a refusal at the budget that was exhausted: this one or one above it.
    fn count_refusal(&self, over: &OverBudget) {
        match &self.parent {
            Some(parent) if self.purpose != over.purpose => parent.count_refusal(over),
            _ => drop(self.refused.fetch_add(1, Ordering::Relaxed)),
        }
    }

    fn release(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
        if let Some(parent) = &self.parent {
            parent.release(bytes);
        }
    }
}

impl Reservation {
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Reserves more.
    pub fn grow(&mut self, bytes: usize) -> Result<(), OverBudget> {
        if let Some(budget) = &self.budget {
            budget.take(bytes).inspect_err(|over| budget.count_refusal(over))?;
        }
        self.bytes += bytes;
        Ok(())
    }

    /// The budget that kept [`ByteBudget::reserve_up_to`] from reserving all that was wanted, if one did.
    #[must_use]
    pub fn shortfall(&self) -> Option<&OverBudget> {
        self.shortfall.as_ref()
    }

    /// Releases all but `bytes`.
    pub fn shrink_to(&mut self, bytes: usize) {
        let excess = self.bytes.saturating_sub(bytes);
        if let Some(budget) = &self.budget {
            budget.release(excess);
        }
        self.bytes -= excess;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_counts_against_its_parents() {
        let process = ByteBudget::root(Purpose::Process, 100);
        let (a, b) = (process.child(Purpose::Cluster, 80), process.child(Purpose::Collectors, 80));
        let held = a.reserve(70).unwrap();
        assert_eq!(a.reserve(11).unwrap_err(), OverBudget { purpose: Purpose::Cluster, limit: 80 });
        assert_eq!(b.reserve(31).unwrap_err(), OverBudget { purpose: Purpose::Process, limit: 100 });
        assert_eq!((b.used(), process.used(), a.refused(), process.refused()), (0, 70, 1, 1));
        drop(held);
        assert_eq!((a.used(), process.used(), process.highest()), (0, 0, 70));
        assert!(b.reserve(31).is_ok());
    }

    #[test]
    fn a_reservation_grows_and_shrinks() {
        let budget = ByteBudget::root(Purpose::Process, 100);
        let mut held = budget.reserve(10).unwrap();
        held.grow(80).unwrap();
        assert!(held.grow(11).is_err());
        assert_eq!((held.bytes(), budget.used()), (90, 90));
        held.shrink_to(5);
        assert_eq!(budget.used(), 5);
        held.shrink_to(50);
        assert_eq!(held.bytes(), 5);
    }

    #[test]
    fn less_than_wanted_is_reserved_if_it_is_useful() {
        let budget = ByteBudget::root(Purpose::Process, 10 * LEAST);
        let held = budget.reserve_up_to(16 * LEAST).unwrap();
        assert_eq!(held.bytes(), 8 * LEAST);
        assert_eq!(held.shortfall(), Some(&OverBudget { purpose: Purpose::Process, limit: 10 * LEAST }));
        // It was granted in part: nothing was refused, and nothing more was ever held.
        assert_eq!((budget.refused(), budget.highest()), (0, 8 * LEAST));
        assert!(budget.reserve_up_to(16 * LEAST).unwrap().bytes() >= LEAST);
        let _rest = budget.reserve(2 * LEAST).unwrap();
        assert!(budget.reserve_up_to(16 * LEAST).is_err());
        assert_eq!(budget.refused(), 1);
    }

    #[test]
    fn nothing_overflows() {
        let budget = ByteBudget::root(Purpose::Process, 100);
        let _held = budget.reserve(1).unwrap();
        assert!(budget.reserve(usize::MAX).is_err());
        let mut free = Reservation::default();
        free.grow(7).unwrap();
        assert_eq!(free.bytes(), 7);
    }
}
