//! pve-exporter as a library: the modules along the path of a scrape, for the binary and its tests.
//!
//! web → scrape → api → sandbox → schema → exposition. A request arrives at `web`; `scrape` gets answers from `api`;
//! `collector` runs components in the `sandbox`; `schema` checks the rows they return; `exposition` encodes them. `catalog` knows
//! which collectors there are, `reload` replaces them and the configuration, `exporter` puts everything together. `author`
//! holds the `collector` subcommands.
//!
//! docs/development.md lists what each module may import; `tests/layers.rs` enforces it.

pub mod api;
pub mod app;
pub mod author;
pub mod budget;
pub mod cache;
pub mod catalog;
pub mod check;
pub mod collector;
pub mod config;
pub mod contract;
pub mod exporter;
pub mod exposition;
pub mod limits;
mod patience;
pub mod reason;
pub mod reload;
pub mod request;
pub mod sandbox;
pub mod schema;
pub mod scrape;
pub mod startup;
pub mod telemetry;
pub mod terminal;
pub mod text;
pub mod trust;
pub mod units;
pub mod web;
pub mod yaml;
