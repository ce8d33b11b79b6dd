//! What a component may use, and the meter that holds it to that.
//!
//! Every limit has a default that leaves room for components compiled from JavaScript or Python (about 18 MiB of code, 36
//! MiB compiled, some 50,000 table elements) and still fits a small machine when all slots are in use.

use std::time::Duration;

use wasmtime::ResourceLimiter;

use crate::config::units::{duration, size};

const MIB: usize = 1024 * 1024;

/// The bounds of one collector. Loading uses the first group, each call all the others.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Bytes of a component's file.
    pub component_bytes: usize,
    /// Time for compiling, by the wall clock, in a process of its own (files of a folder only).
    pub compile_time: Duration,
    /// Requests in a manifest.
    pub requests: usize,
    /// Tables in a manifest.
    pub tables: usize,
    /// Metrics in all tables of a manifest.
    pub metrics: usize,
    /// Bytes of one help text.
    pub help_bytes: usize,

    /// CPU time of one call, instantiation included. Measured on the thread's own clock, so a busy machine does not
    /// fail a collector; the epoch tick (10 ms) is its resolution.
    pub cpu: Duration,
    /// Calls of the collector at once, so that one that takes its time leaves slots to the others.
    pub concurrency: usize,
    /// Linear memory of one call in bytes, all memories of the component together.
    pub memory: usize,
    /// Elements of all tables of one call.
    pub table_elements: usize,
    /// Bytes lifted out of the component in one host call or result, as wasmtime counts them (lists by the size of
    /// their host type, strings by their length).
    pub lifted_bytes: usize,

    /// Rows of one call.
    pub rows: usize,
    /// Series of one call, after state-sets are expanded.
    pub series: usize,
    /// Bytes of the collector's part of an exposition, all places of a scrape together.
    pub exposition_bytes: usize,
    /// Bytes of one label value; a row with a longer one is lost.
    pub label_value_bytes: usize,
    /// Warnings kept of one call.
    pub warnings: usize,
    /// Log lines kept of one call.
    pub log_lines: usize,
    /// Bytes kept of one log line or warning.
    pub message_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            component_bytes: 32 * MIB,
            // The largest one tried, 17.6 MiB of Python, takes 6 s on two cores.
            compile_time: Duration::from_secs(60),
            requests: 32,
            tables: 64,
            metrics: 512,
            help_bytes: 1024,
            // 10,000 guests take a built-in some 40 ms; a Python collector is ten times slower.
            cpu: Duration::from_secs(2),
            concurrency: 2,
            memory: 128 * MIB,
            table_elements: 100_000,
            lifted_bytes: 64 * MIB,
            rows: 200_000,
            series: 500_000,
            // `resources` makes 18 MiB of 10,000 guests.
            exposition_bytes: 64 * MIB,
            label_value_bytes: 1024,
            warnings: 10,
            log_lines: 20,
            message_bytes: 1024,
        }
    }
}

impl Limits {
    /// Names of the limits, as grants and `--sandbox.limit` spell them.
    pub const NAMES: [&'static str; 18] = [
        "component-bytes",
        "compile-time",
        "requests",
        "tables",
        "metrics",
        "help-bytes",
        "cpu",
        "memory",
        "table-elements",
        "lifted-bytes",
        "rows",
        "series",
        "exposition-bytes",
        "label-value-bytes",
        "warnings",
        "log-lines",
        "message-bytes",
        "concurrency",
    ];

    /// Sets one limit by its name; says what is wrong with the name or the value.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let time = || duration(value).map_err(|remedy| format!("{name}: {remedy}"));
        let number = || size(value).map_err(|remedy| format!("{name}: {remedy}"));
        match name {
            "component-bytes" => self.component_bytes = number()?,
            "compile-time" => self.compile_time = time()?,
            "requests" => self.requests = number()?,
            "tables" => self.tables = number()?,
            "metrics" => self.metrics = number()?,
            "help-bytes" => self.help_bytes = number()?,
            "cpu" => self.cpu = time()?,
            "memory" => self.memory = number()?,
            "table-elements" => self.table_elements = number()?,
            "lifted-bytes" => self.lifted_bytes = number()?,
            "rows" => self.rows = number()?,
            "series" => self.series = number()?,
            "exposition-bytes" => self.exposition_bytes = number()?,
            "label-value-bytes" => self.label_value_bytes = number()?,
            "warnings" => self.warnings = number()?,
            "log-lines" => self.log_lines = number()?,
            "message-bytes" => self.message_bytes = number()?,
            "concurrency" => self.concurrency = number()?.max(1),
            _ => return Err(format!("{name} is no limit; there are {}", Self::NAMES.join(", "))),
        }
        Ok(())
    }
}

/// A bound that a call ran into.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Exceeded {
    /// The call used up its CPU time.
    #[error("used {} ms of CPU time, {} ms are allowed (limits: cpu)", used.as_millis(), limit.as_millis())]
    Cpu {
        /// CPU time when it was stopped.
        used: Duration,
        /// The limit.
        limit: Duration,
    },
    /// The call asked for more linear memory than it may have.
    #[error("wanted {wanted} bytes of memory, {limit} are allowed (limits: memory)")]
    Memory {
        /// What all memories together would have held.
        wanted: usize,
        /// The limit.
        limit: usize,
    },
    /// The call asked for larger tables than it may have.
    #[error("wanted {wanted} table elements, {limit} are allowed (limits: table-elements)")]
    Tables {
        /// What all tables together would have held.
        wanted: usize,
        /// The limit.
        limit: usize,
    },
}

/// Meters one store's memories and tables against its limits; refuses growth with a typed error.
#[derive(Debug)]
pub(super) struct Meter {
    memory_limit: usize,
    table_limit: usize,
    memory: usize,
    table_elements: usize,
}

impl Meter {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { memory_limit: limits.memory, table_limit: limits.table_elements, memory: 0, table_elements: 0 }
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

    // Counts are bounded by the pool as well; these hold where the pool is not used.
    fn instances(&self) -> usize {
        super::engine::CORE_INSTANCES_PER_COMPONENT as usize
    }

    fn tables(&self) -> usize {
        super::engine::TABLES_PER_COMPONENT as usize
    }

    fn memories(&self) -> usize {
        super::engine::MEMORIES_PER_COMPONENT as usize
    }
}
