//! What comes out of a call, and what it writes to the log.

use std::fmt;

/// What one call gives.
///
/// ```
/// use pve_collector::{Output, tables};
///
/// tables! {
///     /// A node.
///     Node(node) {
///         gauge up "pve_node_up" "1 if the node is online, from online.";
///     }
/// }
///
/// let mut output = Output::default();
/// output.push(Node { node: "node01".to_owned(), up: Some(1.0) });
/// output.warn("nodes left out because they have no name: 1");
/// assert_eq!(output.rows[0].labels, ["node01"]);
/// assert_eq!(output.warnings.len(), 1);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Output {
    /// The rows, in the order of the exposition.
    pub rows: Vec<Row>,
    /// What was odd but did not stop the collection; a few at most.
    pub warnings: Vec<String>,
}

/// One label set with a value for each metric of its table.
///
/// ```
/// use pve_collector::{Row, Value, testing::Case};
/// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
/// use zfs::Zfs;
///
/// let pools = r#"[{"name":"rpool","size":3999587221504,"health":"DEGRADED"}]"#;
/// let collected = Case::new().answer("/nodes/node01/disks/zfs", pools).collect::<Zfs>();
/// let row = Row {
///     table: 0,
///     labels: vec!["node01".to_owned(), "rpool".to_owned()],
///     values: vec![Value::Number(3999587221504.0), Value::Absent, Value::State(Some(1))],
/// };
/// assert!(collected.rows().eq([&row]));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Position in [`Manifest::tables`](super::Manifest::tables).
    pub table: u32,
    /// One a label name, in their order.
    pub labels: Vec<String>,
    /// One a metric, in their order.
    pub values: Vec<Value>,
}

/// One metric's value in a row.
///
/// ```
/// use pve_collector::{Value, testing::Case};
/// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
/// use zfs::Zfs;
///
/// let collected = Case::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/degraded")).collect::<Zfs>();
/// let sizes = collected.rows().filter_map(|row| match row.values[0] {
///     Value::Number(size) => Some(size),
///     Value::Absent | Value::State(_) => None,
/// });
/// assert_eq!(sizes.sum::<f64>(), 19994045431808.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// No series.
    Absent,
    /// For gauge, counter and info.
    Number(f64),
    /// For state-set: position of the state that holds; `None` is a state that is not listed.
    State(Option<u32>),
}

/// Why a call gives nothing. The text goes to the log and the status page.
///
/// ```
/// use pve_collector::{Failure, Input};
/// # use pve_collector::{Place, testing::Case};
///
/// /// The setting `pools`: names with commas between them.
/// fn pools(input: &Input) -> Result<Vec<&str>, Failure> {
///     let Some(pools) = input.setting("pools") else {
///         return Err(Failure::Settings("pools is missing: which ones are watched?".to_owned()));
///     };
///     Ok(pools.split(',').map(str::trim).collect())
/// }
/// # let input = |case: Case| Input::new(case.input::<pve_collector::Request>(&[], &Place::default()).unwrap(), &[]);
/// # assert_eq!(pools(&input(Case::new().setting("pools", "rpool, tank"))).unwrap(), ["rpool", "tank"]);
/// # let failure = pools(&input(Case::new())).unwrap_err();
/// # assert_eq!(failure.to_string(), "settings: pools is missing: which ones are watched?");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// An answer is not what the collector understands.
    Malformed(String),
    /// A setting is missing or can't be used.
    Settings(String),
    /// Anything else.
    Other(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(text) => write!(f, "malformed: {text}"),
            Self::Settings(text) => write!(f, "settings: {text}"),
            Self::Other(text) => write!(f, "other: {text}"),
        }
    }
}

impl std::error::Error for Failure {}

/// How much a log line matters.
///
/// ```
/// use pve_collector::{contract::Level, testing::Case};
/// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
/// use zfs::Zfs;
///
/// let collected = Case::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/degraded")).collect::<Zfs>();
/// let mut lines = collected.collections.iter().flat_map(|collection| &collection.log);
/// assert!(lines.all(|(level, _)| *level <= Level::Info)); // nothing odd in this case
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For the author of the collector.
    Debug,
    /// Normal, worth a line.
    Info,
    /// Odd, but gone on.
    Warn,
    /// The call fails.
    Error,
}

impl Level {
    /// Lower case: `warn`.
    ///
    /// ```
    /// use pve_collector::testing::Case;
    /// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
    /// use zfs::Zfs;
    ///
    /// let collected = Case::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/degraded")).collect::<Zfs>();
    /// let lines =
    ///     collected.collections[0].log.iter().map(|(level, message)| format!("{}: {message}", level.as_str()));
    /// assert_eq!(lines.collect::<Vec<_>>(), ["info: backup is skipped"]);
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}
