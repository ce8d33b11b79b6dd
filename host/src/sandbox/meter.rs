//! Meters one call's memories and tables against its limits.

use std::time::Duration;

use wasmtime::ResourceLimiter;

use super::engine::{CORE_INSTANCES_PER_COMPONENT, MEMORIES_PER_COMPONENT, TABLES_PER_COMPONENT};
use crate::budget::{OverBudget, Reservation};
use crate::limits::Limits;

/// A limit that a call exceeded while it ran.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Exceeded {
    #[error("used {} ms of CPU time, {} ms are allowed (limits: cpu)", used.as_millis(), limit.as_millis())]
    Cpu { used: Duration, limit: Duration },
    /// `wanted` counts all memories together.
    #[error("requested {wanted} bytes of memory, {limit} are allowed (limits: memory)")]
    Memory { wanted: usize, limit: usize },
    /// `wanted` counts all tables together.
    #[error("requested {wanted} table elements, {limit} are allowed (limits: table-elements)")]
    Tables { wanted: usize, limit: usize },
    #[error(transparent)]
    Budget(#[from] OverBudget),
}

/// One store's memories and tables; refuses growth with a typed error.
#[derive(Debug)]
pub(super) struct Meter {
    memory_limit: usize,
    table_limit: usize,
    memory: usize,
    table_elements: usize,
    /// What the memories occupy.
    held: Reservation,
}

impl Meter {
    pub(super) fn new(limits: &Limits, held: Reservation) -> Self {
        Self { memory_limit: limits.memory, table_limit: limits.table_elements, memory: 0, table_elements: 0, held }
    }

    /// Linear memory in use, in bytes. Memories only grow, so this is the peak too.
    pub(super) fn memory(&self) -> usize {
        self.memory
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let wanted = self.memory.saturating_add(desired.saturating_sub(current));
        if wanted > self.memory_limit {
            return Err(Exceeded::Memory { wanted, limit: self.memory_limit }.into());
        }
        self.held.grow(wanted - self.memory).map_err(Exceeded::from)?;
        self.memory = wanted;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let wanted = self.table_elements.saturating_add(desired.saturating_sub(current));
        if wanted > self.table_limit {
            return Err(Exceeded::Tables { wanted, limit: self.table_limit }.into());
        }
        self.table_elements = wanted;
        Ok(true)
    }

    // The pool bounds these too; without a pool (`Sandbox::new`), only these do.
    fn instances(&self) -> usize {
        CORE_INSTANCES_PER_COMPONENT as usize
    }

    fn tables(&self) -> usize {
        TABLES_PER_COMPONENT as usize
    }

    fn memories(&self) -> usize {
        MEMORIES_PER_COMPONENT as usize
    }
}
