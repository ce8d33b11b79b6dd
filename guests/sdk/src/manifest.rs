//! What a collector says of itself, as constants: requests, tables, metrics.
//!
//! These are the `&'static` twins of the records in [`contract`]: constants can't hold `String`s. They are made
//! owned once, when the host calls `describe`.

use crate::{Collector, contract};

/// Name, version and sentence of a collector. [`package!`](crate::package) takes them from Cargo.toml.
///
/// ```
/// use pve_collector::Package;
///
/// // Where one crate holds several collectors, Cargo.toml's name can't be theirs.
/// const ZFS: Package = Package {
///     name: "zfs",
///     version: env!("CARGO_PKG_VERSION"),
///     description: "Space and health of ZFS pools.",
/// };
/// assert_eq!(ZFS.version, pve_collector::package!().version);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Package {
    /// Lower-case letters, digits and hyphens, beginning with a letter, 63 characters at most.
    pub name: &'static str,
    /// For people; usually `1.4.0`.
    pub version: &'static str,
    /// One sentence for the status page.
    pub description: &'static str,
}

/// Name, version and description as they stand in the crate's Cargo.toml.
///
/// ```
/// use pve_collector::Package;
///
/// const PACKAGE: Package = pve_collector::package!();
/// assert_eq!(PACKAGE.name, "pve-collector"); // this very crate's
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

/// A GET request below `/api2/json`, and the key by which [`Input`](crate::Input) hands out its answer.
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
    /// Path with placeholders `{node}`, `{type}`, `{vmid}`, `{storage}`; they say how often it is made.
    pub path: &'static str,
    /// Seconds an answer may be old; 0 is fresh for each scrape.
    pub max_age_seconds: u32,
    /// Whether `collect` runs although this request failed.
    pub optional: bool,
}

impl Request {
    /// Fetched for each scrape; where it fails, the place is not collected.
    ///
    /// ```
    /// use pve_collector::Request;
    ///
    /// const CONFIG: Request = Request::get("/nodes/{node}/{type}/{vmid}/config"); // each guest
    /// const STATUS: Request = Request::get("/nodes/{node}/status"); // each node
    /// const GUESTS: Request = Request::get("/cluster/resources?type=vm"); // once
    /// assert_eq!([CONFIG, STATUS, GUESTS].map(|request| request.max_age_seconds), [0; 3]);
    /// ```
    pub const fn get(path: &'static str) -> Self {
        Self { path, max_age_seconds: 0, optional: false }
    }

    /// The host may answer with what it fetched up to `seconds` ago: for what changes slowly or is expensive to ask.
    ///
    /// ```
    /// use pve_collector::Request;
    ///
    /// // The node runs smartctl on one disk after the other, and wear does not change within five minutes.
    /// const DISKS: Request = Request::get("/nodes/{node}/disks/list").max_age(300);
    /// assert_eq!(DISKS.max_age_seconds, 300);
    /// ```
    #[must_use]
    pub const fn max_age(self, seconds: u32) -> Self {
        Self { max_age_seconds: seconds, ..self }
    }

    /// `collect` runs even where this request failed; see [`Input::response`](crate::Input::response).
    ///
    /// ```
    /// use pve_collector::Request;
    ///
    /// // Nodes without Ceph answer with an error, and there is still the rest to tell of them.
    /// const CEPH: Request = Request::get("/nodes/{node}/ceph/status").optional();
    /// assert!(CEPH.optional);
    /// ```
    #[must_use]
    pub const fn optional(self) -> Self {
        Self { optional: true, ..self }
    }
}

/// The metrics that share one set of labels. Made by [`tables!`](crate::tables).
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
    /// Label names.
    pub labels: &'static [&'static str],
    /// At least one.
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
    /// `pve_…`.
    pub name: &'static str,
    /// One sentence, not empty.
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
    /// Goes up and down.
    Gauge,
    /// Only grows; name in `_total`.
    Counter,
    /// Always 1; name in `_info`.
    Info,
    /// One of several states.
    StateSet {
        /// The label that carries the state's name.
        label: &'static str,
        /// State names, in the order of the exposition.
        states: &'static [&'static str],
    },
}

/// The manifest the host gets for `C`.
///
/// ```
/// use pve_collector::describe;
/// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
/// use zfs::Zfs; // of the documentation of `testing`
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
