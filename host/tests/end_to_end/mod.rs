//! End to end: the real binary as a process, on a port that the system chooses, against the simulated cluster.

mod bad_days;
mod bad_input;
mod failover;
mod hanging;
#[cfg(target_env = "gnu")]
mod memory;
mod prometheus;
mod proxies;
mod reload;
mod replication;
mod scrape;
mod secrets;
mod sharding;
mod systemd;
