//! What a collector gave, place by place.

use std::fmt::Write as _;

use super::{exposition, rules};
use crate::{
    FetchError, Output, Place, Row,
    contract::{Level, Manifest},
};

/// What a collector gave for all places of a [`Case`](super::Case).
///
/// `Zfs` in the examples is the collector of the [module's documentation](super).
///
/// ```
/// use pve_collector::testing::Case;
/// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
/// use zfs::Zfs;
///
/// let collected = Case::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/degraded")).collect::<Zfs>();
/// assert_eq!(collected.manifest.name, "zfs");
/// assert_eq!(collected.violations(), Vec::<String>::new());
/// assert_eq!(collected.warnings(), Vec::<&str>::new());
/// let [first, second] = &collected.collections[..] else { panic!("not two nodes") };
/// assert_eq!((first.output.rows.len(), second.output.rows.len()), (2, 0));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Collected {
    /// The collector's manifest.
    pub manifest: Manifest,
    /// One entry a place, in the order of the places.
    pub collections: Vec<Collection>,
}

/// What a collector gave for one place.
///
/// ```
/// use pve_collector::testing::Case;
/// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
/// use zfs::Zfs;
///
/// let collected = Case::new()
///     .answer("/nodes/node01/disks/zfs", r#"[{"name":"rpool"},{"size":1}]"#)
///     .answer("/nodes/node02/disks/zfs", r#"{"name":"rpool"}"#)
///     .collect::<Zfs>();
/// let [first, second] = &collected.collections[..] else { panic!("not two nodes") };
/// assert_eq!(first.place.node.as_deref(), Some("node01"));
/// assert_eq!(first.output.warnings, ["a pool without a name is left out"]);
/// assert!(second.failure.as_deref().unwrap().starts_with("malformed: answer of /nodes/{node}/disks/zfs not"));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Collection {
    /// The place.
    pub place: Place,
    /// Rows and warnings; empty where it failed.
    pub output: Output,
    /// Why there is nothing: a [`Failure`](crate::Failure) as text, or a required answer that is missing.
    pub failure: Option<String>,
    /// What the collector wrote to the log.
    pub log: Vec<(Level, String)>,
}

impl Collection {
    pub(super) fn not_collected(place: Place, path: &str, error: FetchError) -> Self {
        let failure = Some(format!("not collected: {path} has no answer: {error}"));
        Self { place, output: Output::default(), failure, log: Vec::new() }
    }

    /// `node01`, `node01/qemu/112`, `node01/local-zfs` or `cluster`.
    ///
    /// ```
    /// use pve_collector::{
    ///     Collector, Failure, GuestType, Input, Output, Package, Request, Table, lenient::Flag, tables,
    ///     testing::Case,
    /// };
    /// use serde::Deserialize;
    ///
    /// const CONFIG: Request = Request::get("/nodes/{node}/{type}/{vmid}/config").max_age(300);
    ///
    /// tables! {
    ///     /// A guest.
    ///     Guest(id) {
    ///         gauge onboot "pve_guest_onboot" "1 if it starts with its node, from onboot.";
    ///     }
    /// }
    ///
    /// #[derive(Deserialize)]
    /// struct Config {
    ///     #[serde(default)]
    ///     onboot: Flag,
    /// }
    ///
    /// struct Guests;
    ///
    /// impl Collector for Guests {
    ///     const PACKAGE: Package = pve_collector::package!();
    ///     const REQUESTS: &'static [Request] = &[CONFIG];
    ///     const TABLES: &'static [Table] = TABLES;
    ///
    ///     fn collect(input: &Input, output: &mut Output) -> Result<(), Failure> {
    ///         let config: Config = input.object(CONFIG)?;
    ///         let kind = input.guest_type().map(GuestType::as_str).unwrap_or_default();
    ///         let id = format!("{kind}/{}", input.vmid().unwrap_or_default());
    ///         output.push(Guest { id, onboot: config.onboot.0.map(f64::from) });
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let collected = Case::new()
    ///     .answer("/nodes/node01/qemu/112/config", r#"{"onboot":1}"#)
    ///     .answer("/nodes/node02/lxc/210/config", "{}")
    ///     .collect::<Guests>();
    /// let names = collected.collections.iter().map(|collection| collection.place_name());
    /// assert_eq!(names.collect::<Vec<_>>(), ["node01/qemu/112", "node02/lxc/210"]);
    /// ```
    pub fn place_name(&self) -> String {
        let Place { node, guest_type, vmid, storage } = &self.place;
        let parts = [
            node.clone(),
            guest_type.map(|guest| guest.as_str().to_owned()),
            vmid.map(|vmid| vmid.to_string()),
            storage.clone(),
        ];
        let name = parts.into_iter().flatten().collect::<Vec<_>>().join("/");
        if name.is_empty() { "cluster".to_owned() } else { name }
    }
}

impl Collected {
    /// The text exposition, format 0.0.4: families in the order of the manifest, samples in the order of places, tables
    /// and rows, families without samples left out. The host's encoder gives the same bytes.
    ///
    /// ```
    /// use pve_collector::testing::Case;
    /// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
    /// use zfs::Zfs;
    ///
    /// let pools = r#"[{"name":"tank","size":"15994458210304","free":null,"health":null}]"#;
    /// let collected = Case::new().answer("/nodes/node01/disks/zfs", pools).collect::<Zfs>();
    /// assert_eq!(
    ///     collected.exposition(),
    ///     concat!(
    ///         "# HELP pve_zfs_pool_size_bytes Size of the pool, from size.\n",
    ///         "# TYPE pve_zfs_pool_size_bytes gauge\n",
    ///         "pve_zfs_pool_size_bytes{node=\"node01\",pool=\"tank\"} 15994458210304\n",
    ///     )
    /// );
    /// ```
    pub fn exposition(&self) -> String {
        exposition::render(&self.manifest, self.collections.iter().map(|collection| &*collection.output.rows))
    }

    /// All rows, in the order of places.
    ///
    /// ```
    /// use pve_collector::{Value, testing::Case};
    /// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
    /// use zfs::Zfs;
    ///
    /// let pools = r#"[{"name":"tank","size":15994458210304,"health":"SUSPENDED"}]"#;
    /// let collected = Case::new().answer("/nodes/node01/disks/zfs", pools).collect::<Zfs>();
    /// let row = collected.rows().next().unwrap();
    /// assert_eq!(row.labels, ["node01", "tank"]);
    /// assert_eq!(row.values, [Value::Number(15994458210304.0), Value::Absent, Value::State(None)]);
    /// ```
    pub fn rows(&self) -> impl Iterator<Item = &Row> + Clone {
        self.collections.iter().flat_map(|collection| &collection.output.rows)
    }

    /// All warnings, in the order of places.
    ///
    /// ```
    /// use pve_collector::testing::Case;
    /// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
    /// use zfs::Zfs;
    ///
    /// let collected =
    ///     Case::new().answer("/nodes/node01/disks/zfs", r#"[{"name":" "},{"name":"tank"}]"#).collect::<Zfs>();
    /// assert_eq!(collected.warnings(), ["a pool without a name is left out"]);
    /// ```
    pub fn warnings(&self) -> Vec<&str> {
        self.collections.iter().flat_map(|collection| &collection.output.warnings).map(String::as_str).collect()
    }

    /// All failures, in the order of places.
    ///
    /// ```
    /// use pve_collector::testing::Case;
    /// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
    /// use zfs::Zfs;
    ///
    /// let collected = Case::new().answer("/nodes/node01/disks/zfs", "[").collect::<Zfs>();
    /// assert_eq!(
    ///     collected.failures(),
    ///     ["malformed: answer of /nodes/{node}/disks/zfs not understood: EOF while parsing a list at line 1 column 1"]
    /// );
    /// ```
    pub fn failures(&self) -> Vec<&str> {
        self.collections.iter().filter_map(|collection| collection.failure.as_deref()).collect()
    }

    /// Warnings, failures and log lines, a line each: `node01: warning: …`. Empty where all went well.
    ///
    /// ```
    /// use pve_collector::testing::Case;
    /// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
    /// use zfs::Zfs;
    ///
    /// let collected = Case::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/degraded")).collect::<Zfs>();
    /// assert_eq!(
    ///     collected.log(),
    ///     "node01: info: backup is skipped\n\
    ///      node02: failed: not collected: /nodes/node02/disks/zfs has no answer: timed-out\n"
    /// );
    /// ```
    pub fn log(&self) -> String {
        let mut text = String::new();
        for collection in &self.collections {
            let place = collection.place_name();
            for (level, message) in &collection.log {
                let _ = writeln!(text, "{place}: {}: {message}", level.as_str());
            }
            for warning in &collection.output.warnings {
                let _ = writeln!(text, "{place}: warning: {warning}");
            }
            if let Some(failure) = &collection.failure {
                let _ = writeln!(text, "{place}: failed: {failure}");
            }
        }
        text
    }

    /// What the host would refuse of manifest and rows, a sentence each: bad names, series given twice, counters below
    /// 0.
    ///
    /// ```
    /// use pve_collector::testing::Case;
    /// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
    /// use zfs::Zfs;
    ///
    /// let collected =
    ///     Case::new().answer("/nodes/node01/disks/zfs", r#"[{"name":"tank"},{"name":"tank"}]"#).collect::<Zfs>();
    /// assert_eq!(collected.violations(), [r#"two rows of table 0 have the labels ["node01", "tank"]"#]);
    /// ```
    pub fn violations(&self) -> Vec<String> {
        let mut violations = rules::manifest(&self.manifest);
        violations.extend(rules::rows(&self.manifest, self.rows()));
        violations
    }
}
