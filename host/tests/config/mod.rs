//! The configuration from outside: one binary, since each links the whole host.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, and clippy does not take its helpers for tests"
)]

mod errors;
mod flags;
mod values;
