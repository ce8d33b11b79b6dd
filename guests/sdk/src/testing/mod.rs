//! Test collectors natively: give them answers, look at what they make of them.
//!
//! A [`Case`] is a set of answers, written down in the test or read from a directory; it runs a collector as the host
//! would, once for each place, and a [`Collected`] holds the rows, warnings, failures and log lines and renders the
//! exposition. [`assert_golden`] does it for a directory of cases.
//!
//! A case directory has a file for each answer, at the answer's path: `nodes/node01/status.json` is the body of
//! `GET /api2/json/nodes/node01/status`, envelope included; a query string is part of the name. For an answer that
//! failed, `nodes/node01/status.error` holds the name of a [`FetchError`](crate::FetchError), as `timed-out`. Two files
//! are optional: `settings`, with a line `name: value` each, and `now`, with the scrape's time in Unix seconds.
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

#![allow(clippy::panic, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod case;
mod collected;
mod directory;
mod exposition;
mod golden;
pub mod mutation;
mod places;
mod rules;

pub use case::Case;
pub use collected::{Collected, Collection};
pub use golden::assert_golden;
