//! The sandbox: WebAssembly components, loaded and called with bounds on everything they can use.
//!
//! - [`Sandbox`]: the engine, its slots and its clock. One a process.
//! - [`Component`]: a loaded component; `describe` and `collect` are its two calls, each on a fresh instance.
//! - [`Limits`]: what a component may use. [`Usage`]: what a call used. [`CallError`], [`LoadError`]: what went wrong.
//! - [`contract`]: the types of `wit/collector.wit`.
//!
//! What a component gives back is typed here but not yet believed: `registry` checks it.

mod call;
mod compiler;
mod component;
pub mod contract;
mod engine;
mod limits;
mod log;
mod wasi;

pub use call::{CallError, FailureKind, Metered, Usage};
pub use compiler::{COMPILE_COMMAND, Compiler, compile_command};
pub use component::{Component, Facts, LoadError};
pub use engine::{EPOCH_TICK, EngineError, Sandbox, Slot};
pub use limits::{Exceeded, Limits};
pub use log::{CollectorLog, shorten};
