//! We stand in for prometheus-pve-exporter: the program itself, release 3.10.2, is asked the same as ours about the same
//! simulated clusters, and everything it says must be said by ours.
//!
//! # Layout
//!
//! * `peer` runs the program, `pair` runs both, `exposition` reads and compares what they say.
//! * `samples` is the proof over the `shapes` of clusters; `differences` names what differs on purpose, and why.
//! * `dashboard` runs Grafana dashboard 10347's queries on both programs' data in a real Prometheus.
//! * `flags` are all known; `parameters` and `requests` are about `/pve` itself: what its parameters mean, what a scrape costs.
//! * `labels` and `formats` read, with strict parsers, whatever label values can hold, and whole answers.
//!
//! `make test` installs the program (`scripts/install-peer`). Where it can't be had these tests say that they are
//! skipped; with `PVE_EXPORTER_DEMAND_PEER` in the environment (CI) they fail instead.

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
