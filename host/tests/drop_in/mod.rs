//! pve-exporter is a drop-in replacement for prometheus-pve-exporter: the original, release 3.10.2, and ours scrape the
//! same simulated clusters, and everything that the original exposes must be in ours.
//!
//! # Layout
//!
//! * `peer` runs the original, `pair` runs both, `exposition` parses and compares what they return.
//! * `samples` compares all samples on `shapes` of clusters; `differences` lists the deliberate differences, with reasons.
//! * `dashboard` runs the queries of Grafana dashboard 10347 on a real Prometheus that scrapes both.
//! * `flags` compares the command lines, `parameters` those of `/pve`, and `requests` counts the API requests of a scrape.
//! * `labels` and `formats` read unusual label values and whole responses with strict parsers.
//!
//! `make setup` installs the original; without it these tests are skipped.

mod dashboard;
mod differences;
mod exposition;
mod flags;
mod formats;
mod labels;
mod pair;
mod parameters;
mod peer;
mod requests;
mod samples;
mod shapes;
