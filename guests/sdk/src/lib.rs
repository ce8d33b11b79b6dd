//! Write a collector for pve-exporter: a WebAssembly component that turns answers of the Proxmox VE API into Prometheus
//! metrics.
//!
//! A collector says which paths it wants to see ([`Request`]) and which metrics it gives ([`tables!`]), and turns one
//! into the other ([`Collector::collect`]). The host makes the requests, one call comes for each node, guest or
//! storage, and nothing lasts from one call to the next.
//!
//! ```
//! use pve_collector::{Collector, Failure, Input, Output, Package, Request, Table, lenient::Number, tables};
//! use serde::Deserialize;
//!
//! const STATUS: Request = Request::get("/nodes/{node}/status");
//!
//! tables! {
//!     /// A node.
//!     Node(node) {
//!         gauge uptime "pve_node_boot_age_seconds" "Seconds since the node started, from uptime.";
//!     }
//! }
//!
//! #[derive(Deserialize)]
//! struct Status {
//!     #[serde(default)]
//!     uptime: Number,
//! }
//!
//! struct Uptime;
//!
//! impl Collector for Uptime {
//!     const PACKAGE: Package = pve_collector::package!();
//!     const REQUESTS: &'static [Request] = &[STATUS];
//!     const TABLES: &'static [Table] = TABLES;
//!
//!     fn collect(input: &Input, output: &mut Output) -> Result<(), Failure> {
//!         let status: Status = input.object(STATUS)?;
//!         output.push(Node { node: input.node().to_owned(), uptime: status.uptime.0 });
//!         Ok(())
//!     }
//! }
//!
//! pve_collector::export!(Uptime);
//!
//! // In a test:
//! use pve_collector::testing::Case;
//! let collected = Case::new().answer("/nodes/node01/status", r#"{"uptime":"874350"}"#).collect::<Uptime>();
//! assert!(collected.exposition().ends_with("pve_node_boot_age_seconds{node=\"node01\"} 874350\n"));
//! ```
//!
//! The crate builds natively too (there [`export!`] gives nothing), so collectors are tested without WebAssembly: see
//! [`testing`].

pub mod contract;
mod input;
pub mod lenient;
pub mod log;
mod manifest;
mod output;
mod tables;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod wasm;

pub use contract::{Failure, FetchError, GuestType, Output, Place, Row, Value};
pub use input::Input;
pub use manifest::{Kind, Metric, Package, Request, Table, describe};
pub use output::{IntoValue, State, States, TableRow};

/// A collector. See the [crate's documentation](crate) for a whole one.
pub trait Collector {
    /// Who it is; usually [`package!()`](crate::package).
    const PACKAGE: Package;
    /// The answers it needs. A request costs the cluster work at every scrape: ask for little.
    const REQUESTS: &'static [Request];
    /// The metrics it gives; usually the `TABLES` of [`tables!`].
    const TABLES: &'static [Table];

    /// Turns the answers for one place (a node, a guest, a storage, or the cluster) into rows.
    ///
    /// # Errors
    ///
    /// A [`Failure`] means: nothing for this place in this scrape. One odd member or list element should not do that;
    /// leave out what depends on it, and [warn](Output::warn) where that is worth knowing.
    fn collect(input: &Input, output: &mut Output) -> Result<(), Failure>;
}

/// Makes a [`Collector`] the component's exports. Once a crate; the crate's type is `cdylib` (and `rlib`, for tests).
///
/// Natively it only checks that the type is a collector, so that several of them can be linked into one test.
#[cfg(target_arch = "wasm32")]
#[macro_export]
macro_rules! export {
    ($collector:ident) => {
        $crate::wasm::bindings::export!($collector with_types_in $crate::wasm::bindings);
    };
}

/// Makes a [`Collector`] the component's exports. Once a crate; the crate's type is `cdylib` (and `rlib`, for tests).
///
/// Natively it only checks that the type is a collector, so that several of them can be linked into one test.
#[cfg(not(target_arch = "wasm32"))]
#[macro_export]
macro_rules! export {
    ($collector:ident) => {
        const _: fn() -> $crate::contract::Manifest = $crate::describe::<$collector>;
    };
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
