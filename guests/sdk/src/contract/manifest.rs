//! What a collector declares.

/// A collector's declaration: the owned form of [`Collector`](crate::Collector)'s constants.
///
/// ```
/// use pve_collector::describe;
/// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
/// use zfs::Zfs;
///
/// let manifest = describe::<Zfs>();
/// assert_eq!((manifest.name.as_str(), manifest.version.as_str()), ("zfs", "1.0.0"));
/// // An operator grants this path and no other.
/// assert_eq!(
///     manifest.requests.iter().map(|request| &request.path).collect::<Vec<_>>(),
///     ["/nodes/{node}/disks/zfs"]
/// );
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// Lower-case letters, digits and hyphens, at most 63 characters.
    pub name: String,
    /// The collector's own version, for people.
    pub version: String,
    /// One sentence for the status page.
    pub description: String,
    /// The requests whose answers `collect` receives, in this order.
    pub requests: Vec<Request>,
    /// The tables that rows belong to; [`Row::table`](crate::Row::table) is an index into this list.
    pub tables: Vec<Table>,
}

/// One GET request below `/api2/json`.
///
/// ```
/// use pve_collector::describe;
/// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
/// use zfs::Zfs;
///
/// // The node runs zpool for each answer: too expensive for every scrape.
/// assert!(describe::<Zfs>().requests.iter().all(|request| request.max_age_seconds >= 60));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The path with its placeholders, such as `/nodes/{node}/status`.
    pub path: String,
    /// How old an answer may be, in seconds; 0 requests a fresh one in each scrape.
    pub max_age_seconds: u32,
    /// Whether `collect` is called even if this request failed.
    pub optional: bool,
}

/// Metrics with the same labels.
///
/// ```
/// use pve_collector::describe;
/// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
/// use zfs::Zfs;
///
/// // Every table has the label that joins its series with those of other collectors.
/// assert!(describe::<Zfs>().tables.iter().all(|table| table.label_names.contains(&"node".to_owned())));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Label names in the order of [`Row::labels`](crate::Row::labels).
    pub label_names: Vec<String>,
    /// Metrics in the order of [`Row::values`](crate::Row::values).
    pub metrics: Vec<Metric>,
}

/// One metric of a table.
///
/// ```
/// use pve_collector::describe;
/// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
/// use zfs::Zfs;
///
/// for metric in describe::<Zfs>().tables.iter().flat_map(|table| &table.metrics) {
///     assert!(metric.name.starts_with("pve_zfs_"), "{}", metric.name);
///     assert!(metric.help.ends_with('.'), "{}: {}", metric.name, metric.help);
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// The metric's name, `pve_…`.
    pub name: String,
    /// The help text, one sentence.
    pub help: String,
    /// Its type.
    pub kind: Kind,
}

/// A metric's type.
///
/// ```
/// use pve_collector::{contract::Kind, describe};
/// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
/// use zfs::Zfs;
///
/// // As in the exposition's TYPE lines.
/// let word = |kind: &Kind| match kind {
///     Kind::Counter => "counter",
///     Kind::Gauge | Kind::Info | Kind::StateSet(_) => "gauge",
/// };
/// let types = describe::<Zfs>().tables[0].metrics.iter().map(|metric| word(&metric.kind)).collect::<Vec<_>>();
/// assert_eq!(types, ["gauge", "gauge", "gauge"]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A value that goes up and down.
    Gauge,
    /// A value that only grows; the name ends in `_total`.
    Counter,
    /// Facts in labels, with the value 1; the name ends in `_info`.
    Info,
    /// One of several states, each a series of its own.
    StateSet(StateSet),
}

/// The states of a state-set, and the label for them.
///
/// ```
/// use pve_collector::{
///     contract::{Kind, StateSet},
///     describe,
/// };
/// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
/// use zfs::Zfs;
///
/// // Alerts use these names: they must not change by accident.
/// let health = &describe::<Zfs>().tables[0].metrics[2].kind;
/// let states = ["ONLINE", "DEGRADED", "FAULTED"].map(str::to_owned).to_vec();
/// assert_eq!(*health, Kind::StateSet(StateSet { label: "health".to_owned(), states }));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct StateSet {
    /// The label for the state, in addition to the table's labels.
    pub label: String,
    /// State names, in the order of the exposition.
    pub states: Vec<String>,
}
