//! End to end: the real binary as a process, on a port that the system chooses, against the simulated cluster.

mod bad_days;
mod bad_input;
mod prometheus;
mod reload;
mod scrape;
mod sharding;
mod systemd;
