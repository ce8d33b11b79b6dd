//! One call into a component: a fresh store with every limit set, and an account of what the call used.
//!
//! A store is never reused: a trap poisons it, and nothing a component keeps in memory may reach a later call.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use wasmtime::{PoolConcurrencyLimitError, Store, Trap, UpdateDeadline};
use wasmtime_wasi::I32Exit;

use super::engine::Sandbox;
use super::log::LogBudget;
use super::meter::{Exceeded, Meter};
use super::state::HostState;
use crate::budget::{ByteBudget, OverBudget, Reservation};
use crate::contract::FailureKind;
use crate::limits::Limits;
use crate::reason::Reason;
use crate::text::Foreign;

/// Wall time of a call as a multiple of its CPU limit: the machine may be busy, but a call that makes no progress must release
/// its slot.
const WALL_FACTOR: u32 = 10;

/// The fuel of a call in an engine that counts instructions: only counted, since time is the bound.
const FUEL: u64 = u64::MAX;

/// Why a call returned nothing.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CallError {
    #[error(transparent)]
    Exceeded(#[from] Exceeded),
    #[error("returned more than {limit} bytes (limits: lifted-bytes)")]
    Lifted { limit: usize },
    /// The wall clock ran out before the CPU limit.
    #[error("no result after {} ms", .0.as_millis())]
    Stalled(Duration),
    /// A panic (with its message), an abort, an access out of bounds.
    #[error("trapped: {0}")]
    Trap(Foreign),
    #[error("{kind}: {message}")]
    Failed { kind: FailureKind, message: Foreign },
    /// All instances of the pool are in use.
    #[error("no free instance: {0}")]
    Shortage(String),
    /// No instance, or a value that does not fit its type.
    #[error("{0}")]
    Engine(Foreign),
}

impl From<OverBudget> for CallError {
    fn from(over: OverBudget) -> Self {
        Self::Exceeded(over.into())
    }
}

impl CallError {
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::Exceeded(Exceeded::Cpu { .. }) => Reason::CpuLimit,
            Self::Exceeded(Exceeded::Memory { .. }) => Reason::MemoryLimit,
            Self::Exceeded(Exceeded::Tables { .. }) => Reason::TableLimit,
            Self::Exceeded(Exceeded::Budget(over)) => over.into(),
            Self::Shortage(_) => Reason::Shortage,
            Self::Lifted { .. } => Reason::LiftedBytesLimit,
            Self::Stalled(_) => Reason::Stalled,
            Self::Trap(_) => Reason::Trap,
            Self::Failed { kind: FailureKind::Malformed, .. } => Reason::MalformedAnswer,
            Self::Failed { kind: FailureKind::Settings, .. } => Reason::Settings,
            Self::Failed { kind: FailureKind::Other, .. } => Reason::Failed,
            Self::Engine(_) => Reason::Engine,
        }
    }

    /// Whether the component broke down, which leads to quarantine, rather than the data or the host.
    #[must_use]
    pub fn is_breakdown(&self) -> bool {
        !matches!(self, Self::Failed { .. }) && self.reason() != Reason::Shortage
    }
}

/// What one call used.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// CPU time of the calling thread, instantiation and lifting included.
    pub cpu: Duration,
    pub wall: Duration,
    /// Linear memory at the end, in bytes.
    pub memory: usize,
    /// Size of the result, as the limit `lifted-bytes` counts it.
    pub lifted_bytes: usize,
    /// WebAssembly instructions (wasmtime's fuel), if the engine counts them: the same number on every machine.
    pub instructions: Option<u64>,
}

/// A store for one call, with its limits set and its clocks started.
pub(super) struct Call {
    pub(super) store: Store<HostState>,
    metered: bool,
    lifted_limit: usize,
    /// What lifting the result may occupy.
    lifting: Reservation,
    cpu_start: Duration,
    wall_start: Instant,
}

impl Call {
    pub(super) fn new(
        sandbox: &Sandbox,
        limits: &Limits,
        log: LogBudget,
        now: Duration,
        budget: &Arc<ByteBudget>,
    ) -> Result<Self, OverBudget> {
        let log = Arc::new(Mutex::new(log));
        let lifting = budget.reserve_up_to(limits.lifted_bytes)?;
        let state = HostState { meter: Meter::new(limits, budget.reserve(0)?), log, now, wasi: None };
        let mut store = Store::new(&sandbox.engine, state);
        store.limiter(|state| &mut state.meter);
        store.set_hostcall_fuel(lifting.bytes());
        // Components need no resources of their own; WASI's are bounded by their table too.
        store.set_max_component_handles(256);
        let (cpu_start, wall_start) = (thread_cpu_time(), Instant::now());
        let (cpu_limit, wall_limit) = (limits.cpu, limits.cpu.saturating_mul(WALL_FACTOR));
        if sandbox.metered {
            // Fails only if the engine does not count.
            let _ = store.set_fuel(FUEL);
        }
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |_| {
            let used = thread_cpu_time().saturating_sub(cpu_start);
            if used >= cpu_limit {
                return Err(Exceeded::Cpu { used, limit: cpu_limit }.into());
            }
            if wall_start.elapsed() >= wall_limit {
                return Err(Stalled.into());
            }
            Ok(UpdateDeadline::Continue(1))
        });
        Ok(Self { store, metered: sandbox.metered, lifted_limit: limits.lifted_bytes, lifting, cpu_start, wall_start })
    }

    /// The reservation for a result of this size.
    pub(super) fn lifted(&mut self, bytes: usize) -> Reservation {
        let mut held = std::mem::take(&mut self.lifting);
        held.shrink_to(bytes);
        held
    }

    pub(super) fn usage(&self) -> Usage {
        Usage {
            cpu: thread_cpu_time().saturating_sub(self.cpu_start),
            wall: self.wall_start.elapsed(),
            memory: self.store.data().meter.memory(),
            lifted_bytes: 0,
            instructions: self.metered.then(|| FUEL - self.store.get_fuel().unwrap_or(FUEL)),
        }
    }

    /// The last lines logged as errors or warnings (standard error).
    fn last_words(&self) -> Option<String> {
        self.store.data().log.lock().last_words()
    }

    /// Turns wasmtime's error into its cause for the operator.
    pub(super) fn classify(&self, error: &wasmtime::Error) -> CallError {
        if let Some(exceeded) = error.downcast_ref::<Exceeded>() {
            return CallError::Exceeded(exceeded.clone());
        }
        if error.downcast_ref::<Stalled>().is_some() {
            return CallError::Stalled(self.wall_start.elapsed());
        }
        if let Some(exit) = error.downcast_ref::<I32Exit>() {
            let words = self.last_words().unwrap_or_else(|| exit.to_string());
            return CallError::Trap(Foreign::new(&words));
        }
        if let Some(trap) = error.downcast_ref::<Trap>() {
            return CallError::Trap(match (trap, self.last_words()) {
                // A Rust panic ends in `unreachable`; the SDK's hook logs its message last.
                (Trap::UnreachableCodeReached, Some(message)) => Foreign::new(&message),
                (trap, _) => Foreign::new(&trap.to_string()),
            });
        }
        if error.is::<PoolConcurrencyLimitError>() {
            return CallError::Shortage(error.to_string());
        }
        let text = format!("{error:#}");
        // wasmtime has no type for this error (48.0.8, component/func/options.rs).
        if text.contains("fuel allocated for hostcalls has been exhausted") {
            return match self.lifting.shortfall() {
                Some(over) => over.clone().into(),
                None => CallError::Lifted { limit: self.lifted_limit },
            };
        }
        CallError::Engine(Foreign::new(&text))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("stalled")]
struct Stalled;

/// CPU time of this thread. Zero if the system has no such clock, which leaves the bound on wall time.
fn thread_cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}
