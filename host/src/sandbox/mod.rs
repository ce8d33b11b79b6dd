//! The sandbox: WebAssembly components, loaded and called with bounds on everything they can use.
//!
//! - [`Sandbox`]: the engine, its slots and its clock; one per process.
//! - [`Component`]: a loaded component; `describe` and `collect` are its two calls, each on a fresh instance.
//! - [`Usage`]: what a call used. [`CallError`], [`LoadError`]: what went wrong.
//! - `v0_1`: the bindings of the contract's version 0.1, the only file that names them.
//!
//! What a component returns has types but is not trusted: `schema` checks it.

mod call;
mod compiler;
mod component;
mod engine;
mod log;
mod meter;
mod state;
mod v0_1;
mod wasi;
mod wasi_state;

pub use call::{CallError, Usage};
pub use compiler::{COMPILE_COMMAND, Compiler, compile_command};
pub use component::{Component, Facts, Lifted, LoadError};
pub use engine::{Capacity, EPOCH_TICK, EngineError, Sandbox, Slot};
pub use log::{CollectorLog, LogBuffer};
pub use meter::Exceeded;
