//! End to end: the real binary as a process of its own, on a port the system chooses, against the simulated cluster.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on fails"
)]

mod bad_days;
mod bad_input;
mod prometheus;
mod reload;
mod scrape;
mod sharding;
mod systemd;
