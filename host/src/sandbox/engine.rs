//! The wasmtime engine: its configuration, its instance slots and its clock.
//!
//! One per process, since each has its own code memory and type registry. Everything collectors do not need is off in the
//! configuration: it is attack surface.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::{
    Cache, CacheConfig, Config, Enabled, Engine, EngineWeak, InstanceAllocationStrategy, PoolingAllocationConfig,
};

use crate::budget::ByteBudget;

/// Interval of epoch ticks, the resolution of CPU limits. Spin uses 10 ms too; a tick costs one atomic add.
pub const EPOCH_TICK: Duration = Duration::from_millis(10);

// Bounds of one component. componentize-js and componentize-py need up to 64 core instances and 16 tables.
pub(super) const CORE_INSTANCES_PER_COMPONENT: u32 = 64;
pub(super) const TABLES_PER_COMPONENT: u32 = 16;
pub(super) const MEMORIES_PER_COMPONENT: u32 = 2;

/// Bytes of a slot that stay resident between calls. Most calls of the built-ins fit, which saves their page faults; memory above
/// it is returned to the system after each call.
const MEMORY_KEEP_RESIDENT: usize = 8 * 1024 * 1024;

/// Why there is no engine.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A bug, or a machine that wasmtime does not support.
    #[error("the WebAssembly engine does not start: {0:#}")]
    Engine(wasmtime::Error),
    #[error("compiled code can't be cached in {path}: {source:#} (--sandbox.cache-directory)")]
    Cache { path: String, source: wasmtime::Error },
    #[error("the thread for the epoch clock does not start: {0}")]
    Clock(std::io::Error),
}

/// What a sandbox reserves. Part of the key under which compiled code is cached: a compiler and the sandbox that uses its
/// results must agree on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Calls that may run at once.
    pub slots: usize,
    /// The most memory one call may be granted, in bytes.
    pub max_memory: usize,
}

/// The engine with as many slots as calls may run at once.
#[derive(Clone)]
pub struct Sandbox {
    pub(super) engine: Engine,
    slots: Arc<Semaphore>,
    /// Slots that third-party collectors may use.
    third_party: Arc<Semaphore>,
    slot_count: usize,
    pooled: bool,
    pub(super) metered: bool,
    budget: Arc<ByteBudget>,
    cache: Option<Cache>,
    _clock: Arc<Clock>,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").field("slots", &self.slot_count).field("pooled", &self.pooled).finish()
    }
}

impl Sandbox {
    /// An engine with this capacity. `cache` is a private directory for compiled code, trusted as much as the binary.
    pub fn new(capacity: Capacity, cache: Option<&Path>) -> Result<Self, EngineError> {
        let Capacity { slots, max_memory } = capacity;
        let cache = cache.map(open_cache).transpose()?;
        let mut config = base_config(cache.clone());
        // One more instance than slots: a reload describes and tries components without holding a slot, and neither it nor
        // a scrape may find the pool full.
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(slots.saturating_add(1), max_memory)));
        // The pool reserves 4 GiB of address space per memory, and more for guards. If address space is short (ulimit -v,
        // some containers), instances are allocated one by one: 20 µs instead of 10 µs each.
        let (engine, pooled) = match Engine::new(&config) {
            Ok(engine) => (engine, true),
            Err(error) => {
                tracing::info!(%error, "no address space for an instance pool, allocating on demand");
                config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
                // Reserves no 4 GiB per memory; bounds are checked in code instead.
                config.memory_reservation(0).memory_guard_size(0).memory_reservation_for_growth(1024 * 1024);
                (Engine::new(&config).map_err(EngineError::Engine)?, false)
            }
        };
        Self::with_engine(engine, slots, cache, pooled, false)
    }

    /// An engine for one call at a time that counts instructions. Counting costs time, so it is for authors and not for scrapes.
    pub fn metered(cache: Option<&Path>) -> Result<Self, EngineError> {
        let cache = cache.map(open_cache).transpose()?;
        let mut config = base_config(cache.clone());
        config.consume_fuel(true).allocation_strategy(InstanceAllocationStrategy::OnDemand);
        let engine = Engine::new(&config).map_err(EngineError::Engine)?;
        Self::with_engine(engine, 1, cache, false, true)
    }

    /// How often code was not in the cache.
    pub(super) fn cache_misses(&self) -> usize {
        self.cache.as_ref().map_or(0, Cache::cache_misses)
    }

    /// The same with a budget for what collectors' calls and rows occupy.
    #[must_use]
    pub fn with_budget(self, budget: Arc<ByteBudget>) -> Self {
        Self { budget, ..self }
    }

    fn with_engine(
        engine: Engine,
        slots: usize,
        cache: Option<Cache>,
        pooled: bool,
        metered: bool,
    ) -> Result<Self, EngineError> {
        let clock = Arc::new(Clock::start(engine.weak()).map_err(EngineError::Clock)?);
        let third_party = (slots - slots.div_ceil(2)).max(1);
        Ok(Self {
            engine,
            slots: Arc::new(Semaphore::new(slots)),
            third_party: Arc::new(Semaphore::new(third_party)),
            slot_count: slots,
            pooled,
            metered,
            budget: ByteBudget::unlimited(),
            cache,
            _clock: clock,
        })
    }

    /// Waits for a free slot. Hold it for the whole call: with a full pool, instantiation fails instead of waiting.
    pub async fn slot(&self) -> Slot {
        Slot { _third_party: None, _slot: permit(&self.slots).await }
    }

    /// Waits for a free slot of those that third-party collectors may use: half of them are reserved for built-ins.
    pub async fn third_party_slot(&self) -> Slot {
        Slot { _third_party: permit(&self.third_party).await, _slot: permit(&self.slots).await }
    }

    /// What the collectors' calls and rows may occupy.
    #[must_use]
    pub fn budget(&self) -> &Arc<ByteBudget> {
        &self.budget
    }

    #[must_use]
    pub fn slots(&self) -> usize {
        self.slot_count
    }
}

/// Permission to run one call; dropping it releases the slot.
#[derive(Debug)]
pub struct Slot {
    _third_party: Option<OwnedSemaphorePermit>,
    _slot: Option<OwnedSemaphorePermit>,
}

/// The semaphores are never closed; if one were, calls would run unbounded rather than not at all.
async fn permit(semaphore: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    Arc::clone(semaphore).acquire_owned().await.ok()
}

fn open_cache(directory: &Path) -> Result<Cache, EngineError> {
    let mut settings = CacheConfig::new();
    settings.with_directory(directory);
    Cache::new(settings).map_err(|source| EngineError::Cache { path: directory.display().to_string(), source })
}

fn base_config(cache: Option<Cache>) -> Config {
    let mut config = Config::new();
    config
        .cache(cache)
        .epoch_interruption(true)
        .concurrency_support(false)
        .wasm_gc(false)
        .wasm_exceptions(false)
        .wasm_threads(false)
        .wasm_memory64(false)
        // Backtraces of stripped code are useless, and would break an error into lines.
        .wasm_backtrace_max_frames(None)
        .max_wasm_stack(512 * 1024);
    config
}

fn pool(slots: usize, max_memory: usize) -> PoolingAllocationConfig {
    let slots = u32::try_from(slots).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots)
        .total_core_instances(slots.saturating_mul(CORE_INSTANCES_PER_COMPONENT))
        .total_memories(slots.saturating_mul(MEMORIES_PER_COMPONENT))
        .total_tables(slots.saturating_mul(TABLES_PER_COMPONENT))
        // Calls are synchronous, and there is no garbage collection. A thousand stacks would reserve 2 GiB of private memory, all
        // that the compiler process may have (and too much where memory is not overcommitted).
        .total_stacks(0)
        .total_gc_heaps(0)
        .max_core_instances_per_component(CORE_INSTANCES_PER_COMPONENT)
        .max_memories_per_component(MEMORIES_PER_COMPONENT)
        .max_tables_per_component(TABLES_PER_COMPONENT)
        .max_component_instance_size(4 * 1024 * 1024)
        .max_core_instance_size(4 * 1024 * 1024)
        .table_elements(100_000)
        .max_memory_size(max_memory)
        .linear_memory_keep_resident(MEMORY_KEEP_RESIDENT)
        // Linux 6.7 and newer reports which pages were written; older kernels clear all of them.
        .pagemap_scan(Enabled::Auto);
    pool
}

/// The thread that advances the epoch. Not a tokio task: it must tick while every worker is busy.
struct Clock {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Clock {
    fn start(engine: EngineWeak) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new().name("epoch".into()).spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                std::thread::sleep(EPOCH_TICK);
                match engine.upgrade() {
                    Some(engine) => engine.increment_epoch(),
                    None => return,
                }
            }
        })?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
