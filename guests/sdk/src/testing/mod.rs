//! Native tests for collectors: run a collector on recorded answers and compare what it returns.
//!
//! A [`Case`] is a set of answers, written in the test or read from a directory. It runs a collector as the host would,
//! once for each place. The result, a [`Collected`], holds rows, warnings, failures and log lines and renders the
//! exposition. [`assert_golden`] runs a directory of cases and compares with the files that say what is expected.
//!
//! # Case directories
//!
//! A [`CaseDirectory`] contains a file for each answer, at the answer's path: `nodes/node01/status.json` is the body of
//! `GET /api2/json/nodes/node01/status`, envelope included; a query string is part of the name. For a request that
//! failed, `nodes/node01/status.error` contains the name of a [`FetchError`](crate::FetchError), such as `timed-out`.
//!
//! Next to the answers, in the case's own directory:
//!
//! | File | Contents |
//! |---|---|
//! | `expected.prom` | The expected exposition; empty if no series are expected |
//! | `expected.log` | The expected warnings, failures and log lines; no file if none are expected |
//! | `settings` | Optional: the operator's settings, a line `name: value` each |
//! | `now` | Optional: the time of the scrape in Unix seconds |
//! | `README…` | Ignored, as are hidden files |
//!
//! # Example
//!
//! The examples of this module test the collector `Zfs`:
//!
//! ```
#![doc = include_str!("../../docs/zfs.rs")]
//! // In a test:
//! use pve_collector::testing::Case;
//! let pools = r#"[{"name":"rpool","size":3999587221504,"free":"2731937210368","health":"ONLINE"}]"#;
//! let collected = Case::new().answer("/nodes/node01/disks/zfs", pools).collect::<Zfs>();
//! let exposition = collected.exposition();
//! assert!(exposition.contains("pve_zfs_pool_free_bytes{node=\"node01\",pool=\"rpool\"} 2731937210368\n"));
//! ```

#![allow(clippy::panic, clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod case;
mod collected;
mod directory;
mod envelope;
mod error;
mod expected;
mod exposition;
mod files;
mod golden;
pub mod mutation;
mod places;
mod rules;
mod run;

pub use case::Case;
pub use collected::{Collected, Collection, log_text};
pub use directory::CaseDirectory;
pub use error::FixtureError;
pub use expected::Difference;
pub use golden::assert_golden;
pub use places::{Requested, path_at};
pub use run::MissingAnswer;
