//! The API client against a server that answers what a script says, byte for byte. One binary, since each links the
//! whole host.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, and clippy does not take its helpers for tests"
)]

mod answers;
mod auth;
mod connections;
mod paths;
mod server;
mod verification;
