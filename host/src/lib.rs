//! pve-exporter as a library: the modules along the way of a scrape, for the binary and its tests.
//!
//! web → scrape → api → sandbox → registry → exposition, with `config` and `telemetry` beside them. Data flows one way: a
//! request comes in at `web`, `scrape` asks `api` for answers, `sandbox` turns them into rows, `registry` checks those, and
//! `exposition` writes what is left. `exporter` puts the house together, `startup` lays in what it needs, `reload`
//! exchanges parts of it while it stands. `author` shows those who write collectors what all of it makes of their files.

pub mod api;
pub mod author;
pub mod config;
pub mod exporter;
pub mod exposition;
mod patience;
pub mod registry;
pub mod reload;
pub mod sandbox;
pub mod scrape;
pub mod startup;
pub mod telemetry;
pub mod web;
