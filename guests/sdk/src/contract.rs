//! The records of `collector.wit` as Rust types: what a call receives and returns.
//!
//! On wasm32 the bindings lift and lower these types directly, without conversions or copies. Natively, tests construct
//! and inspect them. Fields and cases have the names of the WIT file, which documents them in full.
//!
//! ```
//! use pve_collector::contract::{FetchError, GuestType, Input, Place};
//!
//! // A call for container 210, whose node did not answer an optional request in time.
//! let input = Input {
//!     now_unix_seconds: 1_774_016_355,
//!     place: Place {
//!         node: Some("node01".to_owned()),
//!         guest_type: Some(GuestType::Lxc),
//!         vmid: Some(210),
//!         storage: None,
//!     },
//!     settings: vec![("include".to_owned(), "production".to_owned())],
//!     responses: vec![Ok(r#"{"status":"running","uptime":874350}"#.to_owned()), Err(FetchError::TimedOut)],
//! };
//! # assert_eq!(input.responses.len(), 2);
//! ```

mod input;
mod manifest;
mod output;

pub use input::{FetchError, GuestType, Input, Place};
pub use manifest::{Kind, Manifest, Metric, Request, StateSet, Table};
pub use output::{Failure, Level, Output, Row, Value};
