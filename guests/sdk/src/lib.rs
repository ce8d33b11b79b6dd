//! Write collectors for pve-exporter: WebAssembly components that turn answers of the Proxmox VE API into Prometheus metrics.
//!
//! A collector declares its requests ([`Request`]) and its metrics ([`tables!`]), and turns answers into rows
//! ([`Collector::collect`]). The host makes the requests and calls the collector once for each node, guest or storage.
//! Nothing persists from one call to the next.
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
//! The crate also builds natively, where [`export!`] exports nothing, so collectors are tested without WebAssembly: see
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

/// A collector. The [crate's documentation](crate) has one for nodes; this one is called for each storage of each node.
///
/// ```
/// use pve_collector::{
///     Collector, Failure, Input, Output, Package, Request, Table, lenient::Flag, tables, testing::Case,
/// };
/// use serde::Deserialize;
///
/// const STATUS: Request = Request::get("/nodes/{node}/storage/{storage}/status");
///
/// tables! {
///     /// A storage as a node sees it.
///     Storage(node, storage) {
///         gauge active "pve_storage_active" "1 if the node can use the storage, from active.";
///     }
/// }
///
/// #[derive(Deserialize)]
/// struct Status {
///     #[serde(default)]
///     active: Flag,
/// }
///
/// struct Storages;
///
/// impl Collector for Storages {
///     const PACKAGE: Package = pve_collector::package!();
///     const REQUESTS: &'static [Request] = &[STATUS];
///     const TABLES: &'static [Table] = TABLES;
///
///     fn collect(input: &Input, output: &mut Output) -> Result<(), Failure> {
///         let status: Status = input.object(STATUS)?;
///         output.push(Storage {
///             node: input.node().to_owned(),
///             storage: input.storage().to_owned(),
///             active: status.active.0.map(f64::from),
///         });
///         Ok(())
///     }
/// }
///
/// let collected = Case::new()
///     .answer("/nodes/node01/storage/local-zfs/status", r#"{"active":1}"#)
///     .answer("/nodes/node01/storage/nfs-backup/status", r#"{"active":0}"#)
///     .collect::<Storages>();
/// let exposition = collected.exposition();
/// assert!(exposition.contains("pve_storage_active{node=\"node01\",storage=\"local-zfs\"} 1\n"));
/// assert!(exposition.contains("pve_storage_active{node=\"node01\",storage=\"nfs-backup\"} 0\n"));
/// ```
pub trait Collector {
    /// Name, version and description; usually [`package!()`](crate::package).
    const PACKAGE: Package;
    /// The requests it needs. Each costs the cluster work, usually in every scrape: request little.
    const REQUESTS: &'static [Request];
    /// Its metrics; usually the `TABLES` of [`tables!`].
    const TABLES: &'static [Table];

    /// Turns the answers for one place (a node, a guest, a storage, or the cluster) into rows.
    ///
    /// # Errors
    ///
    /// After a [`Failure`] this place has no series in this scrape. One odd member or list element should not cause that:
    /// leave out what depends on it, and [warn](Output::warn) if the operator should know.
    fn collect(input: &Input, output: &mut Output) -> Result<(), Failure>;
}

/// Exports a [`Collector`] from the component. Use it once per crate; the crate's type is `cdylib` (and `rlib`, for tests).
///
/// Natively it only checks that the type is a collector, so that several of them can be linked into one test.
///
/// ```
/// use pve_collector::{Collector, Failure, Input, Output, Package, Request, Table, tables};
///
/// const VERSION: Request = Request::get("/version").max_age(3600);
///
/// tables! {
///     /// The node that answers.
///     Version(release) {
///         info "pve_api_version_info" "Release of Proxmox VE on the node that answers, from release.";
///     }
/// }
///
/// #[derive(serde::Deserialize)]
/// struct Answer {
///     release: String,
/// }
///
/// struct ApiVersion;
///
/// impl Collector for ApiVersion {
///     const PACKAGE: Package = pve_collector::package!();
///     const REQUESTS: &'static [Request] = &[VERSION];
///     const TABLES: &'static [Table] = TABLES;
///
///     fn collect(input: &Input, output: &mut Output) -> Result<(), Failure> {
///         let Answer { release } = input.object(VERSION)?;
///         output.push(Version { release });
///         Ok(())
///     }
/// }
///
/// pve_collector::export!(ApiVersion);
/// ```
#[macro_export]
macro_rules! export {
    ($collector:ident) => {
        #[cfg(target_arch = "wasm32")]
        $crate::wasm::bindings::export!($collector with_types_in $crate::wasm::bindings);
        #[cfg(not(target_arch = "wasm32"))]
        const _: fn() -> $crate::contract::Manifest = $crate::describe::<$collector>;
    };
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
