//! The host's integration tests. They are one target, so that wasmtime is linked once; this runs one module:
//!
//! ```sh
//! cargo test --release --workspace --locked --test integration zoo::
//! ```
//!
//! Tests share one process and run in parallel: none may change its environment or working directory, install a global log
//! subscriber, or measure its resources. `zoo::aftermath`, which does, starts a process of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, and clippy does not recognise its helpers as test code"
)]

mod api;
mod author;
mod config;
mod docs;
mod drop_in;
mod end_to_end;
mod faults;
mod golden;
mod hostile;
mod layers;
mod web;
mod zoo;
