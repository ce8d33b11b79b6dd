//! The host's side of `wit/collector.wit`, generated: Rust types for every record and a typed handle on the two exports.
//!
//! Parameters borrow (`Borrowing`), so an answer's JSON goes from the fetch buffer into the guest's memory in one copy.
//! A later version of the contract gets a second module like this one, from its own frozen directory.

#![allow(missing_docs, unreachable_pub, reason = "generated code; the documentation stands in wit/collector.wit")]

wasmtime::component::bindgen!({
    path: "../wit",
    world: "collector",
    ownership: Borrowing { duplicate_if_necessary: false },
});

pub use pve::collector::types::*;

/// The version of the contract this module speaks, as it stands in a component's imports.
pub const VERSION: &str = "0.1.0";

/// The interface every component that follows the contract imports its types from, without the version.
pub const TYPES_INTERFACE: &str = "pve:collector/types";
