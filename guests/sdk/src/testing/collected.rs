//! What a collector returned, place by place.

use std::fmt::Write as _;

use super::{MissingAnswer, exposition, rules};
use crate::{
    Output, Place, Row,
    contract::{Level, Manifest},
};

/// What a collector returned for all places of a [`Case`](super::Case).
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
    /// One entry for each place, in order.
    pub collections: Vec<Collection>,
}

/// What a collector returned for one place.
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
    /// Rows and warnings; empty if it failed.
    pub output: Output,
    /// Why there are none: a [`Failure`](crate::Failure) as text, or a [missing answer](super::MissingAnswer).
    pub failure: Option<String>,
    /// What the collector logged.
    pub log: Vec<(Level, String)>,
}

impl Collection {
    pub(super) fn not_collected(place: Place, missing: &MissingAnswer) -> Self {
        Self { place, output: Output::default(), failure: Some(missing.to_string()), log: Vec::new() }
    }
}

/// What a call at `place` adds to `expected.log`: its log lines, its warnings and why it failed, each on a line.
///
/// ```
/// use pve_collector::{Place, contract::Level, testing::log_text};
///
/// let place = Place { node: Some("node01".to_owned()), ..Place::default() };
/// let lines = [(Level::Info, "backup is skipped".to_owned())];
/// let text = log_text(&place, &lines, &["1 disk is missing".to_owned()], Some("other: no pools"));
/// assert_eq!(
///     text,
///     "node01: info: backup is skipped\n\
///      node01: warning: 1 disk is missing\n\
///      node01: failed: other: no pools\n"
/// );
/// ```
pub fn log_text(place: &Place, lines: &[(Level, String)], warnings: &[String], failure: Option<&str>) -> String {
    let mut text = String::new();
    for (level, line) in lines {
        let _ = writeln!(text, "{place}: {}: {line}", level.as_str());
    }
    for warning in warnings {
        let _ = writeln!(text, "{place}: warning: {warning}");
    }
    if let Some(failure) = failure {
        let _ = writeln!(text, "{place}: failed: {failure}");
    }
    text
}

impl Collected {
    /// The text exposition, format 0.0.4: families in the order of the manifest, samples in the order of places, tables
    /// and rows. Families without samples are omitted. The host's encoder produces the same bytes.
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

    /// Log lines, warnings and failures, as in `expected.log`: `node01: warning: …`. Empty if there are none.
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
        let log_of = |Collection { place, output, failure, log }: &Collection| {
            log_text(place, log, &output.warnings, failure.as_deref())
        };
        self.collections.iter().map(log_of).collect()
    }

    /// What the host would reject of manifest and rows, one sentence each: bad names, duplicate series, negative
    /// counters.
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
