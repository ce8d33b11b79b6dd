//! What a collector declares, as constants: requests, tables, metrics.
//!
//! These are the `&'static` counterparts of the records in [`contract`], since constants can't contain `String`s.
//! [`describe`] converts them.

use crate::{Collector, contract};

/// Name, version and description of a collector. [`package!`](crate::package) takes them from Cargo.toml.
///
/// ```
/// use pve_collector::Package;
///
/// // A crate with several collectors can't name all of them after itself.
/// const ZFS: Package = Package {
///     name: "zfs",
///     version: env!("CARGO_PKG_VERSION"),
///     description: "Space and health of ZFS pools.",
/// };
/// assert_eq!(ZFS.version, pve_collector::package!().version);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Package {
    /// Lower-case letters, digits and hyphens, beginning with a letter, at most 63 characters.
    pub name: &'static str,
    /// The version, for people: `1.4.0`.
    pub version: &'static str,
    /// One sentence for the status page.
    pub description: &'static str,
}

/// Name, version and description from the crate's Cargo.toml.
///
/// ```
/// use pve_collector::Package;
///
/// const PACKAGE: Package = pve_collector::package!();
/// assert_eq!(PACKAGE.name, "pve-collector"); // this crate's
/// ```
#[macro_export]
macro_rules! package {
    () => {
        $crate::Package {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            description: env!("CARGO_PKG_DESCRIPTION"),
        }
    };
}

/// A GET request below `/api2/json`, and the key of its answer in [`Input`](crate::Input).
///
/// ```
/// use pve_collector::Request;
///
/// const STATUS: Request = Request::get("/nodes/{node}/status");
/// const DISKS: Request = Request::get("/nodes/{node}/disks/list").max_age(300);
/// const ZFS: Request = Request::get("/nodes/{node}/disks/zfs").optional();
/// assert_eq!(DISKS.max_age_seconds, 300);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The path, with the placeholders `{node}`, `{type}`, `{vmid}` and `{storage}`, which decide how often it is requested.
    pub path: &'static str,
    /// How old an answer may be, in seconds; 0 requests a fresh one in each scrape.
    pub max_age_seconds: u32,
    /// Whether `collect` is called even if this request failed.
    pub optional: bool,
}

impl Request {
    /// A request made in each scrape. If it fails, the place is not collected.
    ///
    /// ```
    /// use pve_collector::Request;
    ///
    /// const CONFIG: Request = Request::get("/nodes/{node}/{type}/{vmid}/config"); // once per guest
    /// const STATUS: Request = Request::get("/nodes/{node}/status"); // once per node
    /// const GUESTS: Request = Request::get("/cluster/resources?type=vm"); // once
    /// assert_eq!([CONFIG, STATUS, GUESTS].map(|request| request.max_age_seconds), [0; 3]);
    /// ```
    pub const fn get(path: &'static str) -> Self {
        Self { path, max_age_seconds: 0, optional: false }
    }

    /// Accepts an answer that is up to `seconds` old: for what changes slowly or is expensive to request.
    ///
    /// ```
    /// use pve_collector::Request;
    ///
    /// // The node runs smartctl on one disk after another, and wear does not change within five minutes.
    /// const DISKS: Request = Request::get("/nodes/{node}/disks/list").max_age(300);
    /// assert_eq!(DISKS.max_age_seconds, 300);
    /// ```
    #[must_use]
    pub const fn max_age(self, seconds: u32) -> Self {
        Self { max_age_seconds: seconds, ..self }
    }

    /// Calls `collect` even if this request failed; see [`Input::response`](crate::Input::response).
    ///
    /// ```
    /// use pve_collector::Request;
    ///
    /// // Nodes without Ceph answer with an error, but still have other metrics.
    /// const CEPH: Request = Request::get("/nodes/{node}/ceph/status").optional();
    /// assert!(CEPH.optional);
    /// ```
    #[must_use]
    pub const fn optional(self) -> Self {
        Self { optional: true, ..self }
    }
}

/// Metrics with the same labels, declared with [`tables!`](crate::tables!).
///
/// ```
/// use pve_collector::tables;
///
/// tables! {
///     /// A node.
///     Node(node) {
///         gauge up "pve_node_up" "1 if the node is online, from online.";
///     }
///     /// A guest.
///     Guest(node, id) {
///         gauge up "pve_guest_up" "1 if the guest runs, from status.";
///     }
/// }
///
/// assert_eq!(TABLES.iter().map(|table| table.labels).collect::<Vec<_>>(), [&["node"][..], &["node", "id"]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// The label names.
    pub labels: &'static [&'static str],
    /// The metrics; at least one.
    pub metrics: &'static [Metric],
}

/// One metric of a table.
///
/// ```
/// use pve_collector::{Kind, Metric, tables};
///
/// tables! {
///     /// A node.
///     Node(node) {
///         gauge uptime "pve_node_uptime_seconds" "Seconds since the node started, from uptime.";
///     }
/// }
///
/// let help = "Seconds since the node started, from uptime.";
/// assert_eq!(TABLES[0].metrics, [Metric { name: "pve_node_uptime_seconds", help, kind: Kind::Gauge }]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// The metric's name, `pve_…`.
    pub name: &'static str,
    /// The help text, one sentence.
    pub help: &'static str,
    /// Its type.
    pub kind: Kind,
}

/// A metric's type.
///
/// ```
/// use pve_collector::{Kind, states, tables};
///
/// states! {
///     /// Whether a guest runs.
///     pub Power { On = "running", Off = "stopped" }
/// }
///
/// tables! {
///     /// A guest.
///     Guest(id, name) {
///         gauge memory "pve_guest_memory_bytes" "Memory in use, from mem.";
///         counter read "pve_guest_disk_read_bytes_total" "Bytes read, from diskread.";
///         info "pve_guest_info" "What the guest is called.";
///         state power: Power("state") "pve_guest_state" "Whether it runs, from status.";
///     }
/// }
///
/// let kinds = TABLES[0].metrics.iter().map(|metric| metric.kind).collect::<Vec<_>>();
/// assert_eq!(kinds[..3], [Kind::Gauge, Kind::Counter, Kind::Info]);
/// assert_eq!(kinds[3], Kind::StateSet { label: "state", states: &["running", "stopped"] });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A value that goes up and down.
    Gauge,
    /// A value that only grows; the name ends in `_total`.
    Counter,
    /// Facts in labels, with the value 1; the name ends in `_info`.
    Info,
    /// One of several states, each a series of its own.
    StateSet {
        /// The label for the state.
        label: &'static str,
        /// State names, in the order of the exposition.
        states: &'static [&'static str],
    },
}

/// The manifest of `C`, as the host receives it.
///
/// ```
/// use pve_collector::describe;
/// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
/// use zfs::Zfs; // from the documentation of `testing`
///
/// let manifest = describe::<Zfs>();
/// let names = manifest.tables.iter().flat_map(|table| &table.metrics).map(|metric| &metric.name);
/// assert_eq!(
///     names.collect::<Vec<_>>(),
///     ["pve_zfs_pool_size_bytes", "pve_zfs_pool_free_bytes", "pve_zfs_pool_health"]
/// );
/// ```
pub fn describe<C: Collector>() -> contract::Manifest {
    let Package { name, version, description } = C::PACKAGE;
    contract::Manifest {
        name: name.to_owned(),
        version: version.to_owned(),
        description: description.to_owned(),
        requests: C::REQUESTS.iter().map(contract::Request::from).collect(),
        tables: C::TABLES.iter().map(contract::Table::from).collect(),
    }
}

impl From<&Request> for contract::Request {
    fn from(request: &Request) -> Self {
        let Request { path, max_age_seconds, optional } = *request;
        Self { path: path.to_owned(), max_age_seconds, optional }
    }
}

impl From<&Table> for contract::Table {
    fn from(table: &Table) -> Self {
        Self { label_names: owned(table.labels), metrics: table.metrics.iter().map(contract::Metric::from).collect() }
    }
}

impl From<&Metric> for contract::Metric {
    fn from(metric: &Metric) -> Self {
        let kind = match metric.kind {
            Kind::Gauge => contract::Kind::Gauge,
            Kind::Counter => contract::Kind::Counter,
            Kind::Info => contract::Kind::Info,
            Kind::StateSet { label, states } => {
                contract::Kind::StateSet(contract::StateSet { label: label.to_owned(), states: owned(states) })
            }
        };
        Self { name: metric.name.to_owned(), help: metric.help.to_owned(), kind }
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
