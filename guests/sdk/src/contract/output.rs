//! What a call returns and logs.

use std::fmt;

/// The result of one call.
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
/// output.warn("1 node without a name is left out");
/// assert_eq!(output.rows[0].labels, ["node01"]);
/// assert_eq!(output.warnings.len(), 1);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Output {
    /// The rows, in the order of the exposition.
    pub rows: Vec<Row>,
    /// What was odd but did not stop the collection. The host keeps a few.
    pub warnings: Vec<String>,
}

/// One set of labels, with a value for each metric of its table.
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
    /// Index into [`Manifest::tables`](super::Manifest::tables).
    pub table: u32,
    /// One per label name of the table, in order.
    pub labels: Vec<String>,
    /// One per metric of the table, in order.
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
    /// Unknown: no series.
    Absent,
    /// The value of a gauge, a counter or an info metric.
    Number(f64),
    /// The current state of a state-set, as an index into its states; `None` is a state that is not listed.
    State(Option<u32>),
}

/// Why a call returns nothing. The text goes to the log and the status page.
///
/// ```
/// use pve_collector::{Failure, Input};
/// # use pve_collector::{Place, testing::Case};
///
/// /// The setting `pools`: names, separated by commas.
/// fn pools(input: &Input) -> Result<Vec<&str>, Failure> {
///     let Some(pools) = input.setting("pools") else {
///         return Err(Failure::Settings("pools is missing: list the pools to collect".to_owned()));
///     };
///     Ok(pools.split(',').map(str::trim).collect())
/// }
/// # let input = |case: Case| Input::new(case.input::<pve_collector::Request>(&[], &Place::default()).unwrap(), &[]);
/// # assert_eq!(pools(&input(Case::new().setting("pools", "rpool, tank"))).unwrap(), ["rpool", "tank"]);
/// # let failure = pools(&input(Case::new())).unwrap_err();
/// # assert_eq!(failure.to_string(), "settings: pools is missing: list the pools to collect");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The collector can't make sense of an answer.
    Malformed(String),
    /// A setting is missing or invalid.
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

/// The level of a log line.
///
/// ```
/// use pve_collector::{contract::Level, testing::Case};
/// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
/// use zfs::Zfs;
///
/// let collected = Case::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/degraded")).collect::<Zfs>();
/// let mut lines = collected.collections.iter().flat_map(|collection| &collection.log);
/// assert!(lines.all(|(level, _)| *level <= Level::Info)); // no warnings in this case
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For the author of the collector.
    Debug,
    /// Normal, and worth a line.
    Info,
    /// Odd, but the call continues.
    Warn,
    /// The call fails.
    Error,
}

impl Level {
    /// In lower case, such as `warn`.
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
