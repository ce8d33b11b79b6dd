//! The host's integration tests: one target, so that wasmtime is linked once. Run one module with
//! `cargo test --release --workspace --locked --test integration zoo::`.

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
mod golden;
mod layers;
mod web;
mod zoo;
