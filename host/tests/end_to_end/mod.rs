//! End to end: the real binary as a process of its own, on a port the system chooses, against the simulated cluster.

mod bad_days;
mod bad_input;
mod prometheus;
mod reload;
mod scrape;
mod sharding;
