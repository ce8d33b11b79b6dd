//! A loaded component: compiled, its imports satisfied, ready to be called any number of times.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component as Compiled, Linker};

use super::call::{Call, CallError, Usage};
use super::engine::Sandbox;
use super::log::{CollectorLog, LogBudget};
use super::v0_1::{self, Prepared};
use super::wasi;
use crate::budget::{ByteBudget, Reservation};
use crate::contract::{self, Input, Manifest, Output};
use crate::limits::Limits;
use crate::text::Foreign;

/// The interface every component takes the contract's types from, without the version.
const TYPES_INTERFACE: &str = "pve:collector/types";

/// Exports in an error; a hostile component has thousands.
const NAMES_SHOWN: usize = 20;

/// Why a file is not served as a component.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("the file is empty; write to a temporary name and rename into place")]
    Empty,
    #[error("the file has {size} bytes, {limit} are allowed (limits: component-bytes)")]
    TooLarge { size: usize, limit: usize },
    #[error(
        "the file is a core WebAssembly module, not a component; link it with wasm-component-ld or `wasm-tools component new`"
    )]
    CoreModule,
    #[error("the file is not WebAssembly (it does not begin with \\0asm)")]
    NotWasm,
    #[error(
        "built for version {found} of the collector contract, this exporter implements {}; rebuild it with the wit/collector.wit of this release",
        contract::VERSION
    )]
    ContractVersion { found: Foreign },
    #[error("does not compile: {0}")]
    Compile(Foreign),
    #[error("compiling took longer than {} s (limits: compile-time)", .0.as_secs_f64())]
    CompileTime(Duration),
    #[error("does not fit the collector contract {}: {detail}", contract::VERSION)]
    Contract { detail: Foreign },
    #[error("the manifest is larger than {limit} bytes (limits: manifest-bytes)")]
    ManifestTooLarge { limit: usize },
    #[error("describe: {0}")]
    Describe(CallError),
}

/// A component ready to be called. Cheap to clone.
#[derive(Clone)]
pub struct Component {
    sandbox: Sandbox,
    prepared: Prepared,
    facts: Arc<Facts>,
}

/// What a call returned; the bytes are reserved until this is dropped.
pub struct Lifted {
    pub output: Output,
    pub held: Reservation,
}

/// What is known about a component without running it.
#[derive(Debug)]
pub struct Facts {
    /// SHA-256 of the file, in lower-case hexadecimal.
    pub digest: String,
    /// Bytes of the file.
    pub size: usize,
    /// Everything it imports, as `name` or `namespace:package/interface@version`.
    pub imports: Vec<String>,
    /// How long compiling, or loading from the cache, took.
    pub compile_time: Duration,
}

impl Sandbox {
    /// Compiles, or loads the code from the cache. Not `Component::new`, which accepts text as well.
    pub(super) fn compile(&self, bytes: &[u8]) -> wasmtime::Result<Compiled> {
        Compiled::from_binary(&self.engine, bytes)
    }
}

impl std::fmt::Debug for Component {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Component").field("facts", &self.facts).finish_non_exhaustive()
    }
}

impl Component {
    /// Compiles `bytes`: 0.05 s for a built-in, 7 s with a JavaScript engine inside. Keep it off the scrape path.
    pub fn load(sandbox: &Sandbox, bytes: &[u8], limits: &Limits) -> Result<Self, LoadError> {
        recognise(bytes, limits)?;
        let started = Instant::now();
        let compiled =
            sandbox.compile(bytes).map_err(|error| LoadError::Compile(Foreign::new(&format!("{error:#}"))))?;
        let compile_time = started.elapsed();
        let imports: Vec<String> =
            compiled.component_type().imports(&sandbox.engine).map(|(name, _)| name.to_owned()).collect();
        check_version(&compiled, sandbox, &imports)?;

        let contract = |error: wasmtime::Error| LoadError::Contract { detail: Foreign::new(&format!("{error:#}")) };
        let mut linker = Linker::new(&sandbox.engine);
        v0_1::add_to_linker(&mut linker).map_err(contract)?;
        if imports.iter().any(|name| name.starts_with("wasi:")) {
            wasi::add_to_linker(&mut linker).map_err(contract)?;
        }
        let prepared = linker.instantiate_pre(&compiled).and_then(Prepared::new).map_err(contract)?;
        let facts = Facts { digest: hex::encode(Sha256::digest(bytes)), size: bytes.len(), imports, compile_time };
        Ok(Self { sandbox: sandbox.clone(), prepared, facts: Arc::new(facts) })
    }

    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The sandbox it runs in.
    #[must_use]
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// Calls `describe`. Blocks for as long as the limits allow.
    pub fn describe(
        &self,
        limits: &Limits,
        log: &CollectorLog,
        budget: &Arc<ByteBudget>,
    ) -> Result<Manifest, LoadError> {
        let log = LogBudget::new(log, "describe".into(), limits);
        // What lifting may allocate is what a manifest may take.
        let limits = Limits { lifted_bytes: limits.manifest_bytes, ..limits.clone() };
        let mut call = match Call::new(&self.sandbox, &limits, log, Duration::ZERO, budget) {
            Ok(call) => call,
            Err(over) => return Err(LoadError::Describe(over.into())),
        };
        let result = self.prepared.describe(&mut call.store);
        match result.map_err(|error| call.classify(&error)) {
            Ok(manifest) => Ok(manifest),
            // wasmtime compares types when it makes an instance; such an error says "expected … found …".
            Err(CallError::Engine(detail)) => Err(LoadError::Contract { detail }),
            Err(CallError::Lifted { limit }) => Err(LoadError::ManifestTooLarge { limit }),
            Err(error) => Err(LoadError::Describe(error)),
        }
    }

    /// Calls `collect` for one place. Blocks for as long as the limits allow; hold a slot.
    pub fn collect(
        &self,
        input: &Input<'_>,
        limits: &Limits,
        log: &CollectorLog,
        budget: &Arc<ByteBudget>,
    ) -> (Result<Lifted, CallError>, Usage) {
        let log = LogBudget::new(log, input.place.to_string(), limits);
        let now = Duration::from_secs(input.now_unix_seconds);
        let mut call = match Call::new(&self.sandbox, limits, log, now, budget) {
            Ok(call) => call,
            Err(over) => return (Err(over.into()), Usage::default()),
        };
        let result = self.prepared.collect(&mut call.store, input, limits.message_bytes);
        let result = result.map_err(|error| call.classify(&error));
        let mut usage = call.usage();
        let output = result.and_then(|collected| {
            usage.lifted_bytes = collected.lifted_bytes;
            let held = call.lifted(collected.lifted_bytes);
            collected.output.map(|output| Lifted { output, held })
        });
        (output, usage)
    }
}

/// Recognises a component by its first bytes, so that the error says what the file is.
pub(super) fn recognise(bytes: &[u8], limits: &Limits) -> Result<(), LoadError> {
    if bytes.len() > limits.component_bytes {
        return Err(LoadError::TooLarge { size: bytes.len(), limit: limits.component_bytes });
    }
    match bytes {
        [] => Err(LoadError::Empty),
        // Magic, then the version: 0d 00 with layer 01 00 for components, 01 00 00 00 for core modules.
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => Err(LoadError::CoreModule),
        [0, b'a', b's', b'm', ..] => Ok(()),
        _ => Err(LoadError::NotWasm),
    }
}

/// The name of the interface that a component takes its types from has the contract's version.
fn check_version(compiled: &Compiled, sandbox: &Sandbox, imports: &[String]) -> Result<(), LoadError> {
    let types = imports.iter().find_map(|name| name.strip_prefix(TYPES_INTERFACE)?.strip_prefix('@'));
    match types {
        // All 0.1.x have the same types.
        Some(version) if version.starts_with("0.1.") => Ok(()),
        Some(version) => Err(LoadError::ContractVersion { found: Foreign::within(version, 40) }),
        None => {
            let exports = compiled
                .component_type()
                .exports(&sandbox.engine)
                .filter(|(_, item)| matches!(item.ty, ComponentItem::ComponentFunc(_)))
                .map(|(name, _)| name.to_owned())
                .take(NAMES_SHOWN)
                .collect::<Vec<_>>();
            let exports = if exports.is_empty() { "no function".to_owned() } else { exports.join(", ") };
            let detail = format!("it does not import {TYPES_INTERFACE}; it exports {exports}");
            Err(LoadError::Contract { detail: Foreign::new(&detail) })
        }
    }
}
