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

/// What lifting an output takes of `lifted-bytes`: wasmtime charges a list by the size of its elements and a string by its
/// length, and tells nobody what it charged.
pub(super) fn lifted_bytes(output: &Output) -> usize {
    let list = |length: usize, element: usize| length.saturating_mul(element);
    let texts = |texts: &[String]| -> usize {
        list(texts.len(), size_of::<String>()) + texts.iter().map(String::len).sum::<usize>()
    };
    let row = |row: &Row| texts(&row.labels) + list(row.values.len(), size_of::<Value>());
    list(output.rows.len(), size_of::<Row>()) + output.rows.iter().map(row).sum::<usize>() + texts(&output.warnings)
}
