//! What a collector returns: rows of its tables, and warnings.

use std::fmt::Display;

use crate::contract::{Output, Row, Value};

impl Output {
    /// Adds a row of one of the collector's tables.
    ///
    /// ```
    /// use pve_collector::{Output, tables};
    ///
    /// tables! {
    ///     /// A backup job.
    ///     Job(id) {
    ///         gauge enabled "pve_backup_job_enabled" "1 if the job runs, from enabled.";
    ///         gauge next_run "pve_backup_job_next_run_timestamp_seconds" "Next run in Unix time, from next-run.";
    ///     }
    /// }
    ///
    /// let mut output = Output::default();
    /// // An unknown value is `None`, never 0: it has no series.
    /// output.push(Job { id: "backup-7c2a".to_owned(), enabled: Some(0.0), next_run: None });
    /// assert_eq!(output.rows.len(), 1);
    /// ```
    pub fn push(&mut self, row: impl TableRow) {
        self.rows.push(row.into_row());
    }

    /// Reports something odd that did not stop the collection. The host logs and counts a few warnings per call, so sum
    /// up: one warning with a number is better than a hundred.
    ///
    /// ```
    /// use pve_collector::{Output, lenient::Text};
    ///
    /// /// The disks with a path, which tells them apart.
    /// fn with_path<'a>(disks: &[Text<'a>], output: &mut Output) -> Vec<Text<'a>> {
    ///     let known: Vec<_> = disks.iter().filter(|devpath| !devpath.label().is_empty()).cloned().collect();
    ///     if known.len() < disks.len() {
    ///         output.warn(format!("disks left out because they have no devpath: {}", disks.len() - known.len()));
    ///     }
    ///     known
    /// }
    ///
    /// let mut output = Output::default();
    /// let disks = serde_json::from_str::<Vec<Text>>(r#"["/dev/sda",null,"/dev/sdb",""]"#)?;
    /// assert_eq!(with_path(&disks, &mut output).len(), 2);
    /// assert_eq!(output.warnings, ["disks left out because they have no devpath: 2"]);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn warn(&mut self, warning: impl Into<String>) {
        self.warnings.push(warning.into());
    }

    /// Adds the warning `what: count` unless `count` is 0. Use it after a loop, for the elements it left out.
    ///
    /// ```
    /// use pve_collector::Output;
    ///
    /// let mut output = Output::default();
    /// let (mut nameless, repeated) = (0, 0);
    /// for devpath in ["/dev/sda", "", "/dev/sdb", ""] {
    ///     if devpath.is_empty() {
    ///         nameless += 1;
    ///     }
    /// }
    /// output.warn_count("disks left out because they have no devpath", nameless);
    /// output.warn_count("disks left out because their devpath came before", repeated);
    /// assert_eq!(output.warnings, ["disks left out because they have no devpath: 2"]);
    /// ```
    pub fn warn_count(&mut self, what: impl Display, count: usize) {
        if count > 0 {
            self.warn(format!("{what}: {count}"));
        }
    }
}

/// A row of a table. [`tables!`](crate::tables!) implements it; nothing else should.
///
/// ```
/// use pve_collector::{Output, TableRow, Value, tables};
///
/// tables! {
///     /// The size of the cluster.
///     Cluster(id) {
///         gauge nodes "pve_cluster_nodes" "Nodes of the cluster.";
///     }
/// }
///
/// /// Adds the rows that are not zero.
/// fn push_nonzero(output: &mut Output, rows: impl IntoIterator<Item = impl TableRow>) {
///     let rows = rows.into_iter().map(TableRow::into_row);
///     output.rows.extend(rows.filter(|row| row.values.iter().any(|value| *value != Value::Number(0.0))));
/// }
///
/// let mut output = Output::default();
/// push_nonzero(
///     &mut output,
///     [0.0, 5.0].map(|nodes| Cluster { id: "cluster/prod".to_owned(), nodes: Some(nodes) }),
/// );
/// assert_eq!(output.rows.len(), 1);
/// ```
pub trait TableRow {
    /// Labels and values in the order of the table.
    fn into_row(self) -> Row;
}

/// The states of a state-set. [`states!`](crate::states) implements it.
///
/// ```
/// use pve_collector::{State, States, states};
///
/// states! {
///     /// The health of Ceph.
///     pub Ceph { Ok = "health_ok", Warn = "health_warn", Err = "health_err" }
/// }
///
/// /// The API has these words in upper case.
/// fn from_api<S: States>(word: &str) -> State<S> {
///     S::named(&word.to_lowercase()).map_or(State::Other, State::Is)
/// }
///
/// assert_eq!(from_api("HEALTH_WARN"), State::Is(Ceph::Warn));
/// assert_eq!(Ceph::NAMES[Ceph::Warn.position() as usize], "health_warn");
/// ```
pub trait States: Copy + 'static {
    /// State names, in the order of the exposition.
    const NAMES: &'static [&'static str];

    /// The state with this name.
    fn named(name: &str) -> Option<Self>;

    /// Index into [`NAMES`](Self::NAMES).
    fn position(self) -> u32;
}

/// The value of a state-set in a row.
///
/// ```
/// use pve_collector::{State, lenient::Text, states};
///
/// states! {
///     /// Whether a guest runs.
///     pub Power { On = "running", Off = "stopped" }
/// }
///
/// /// A missing status is unknown; one that a later Proxmox VE adds is another state.
/// fn power(status: &Text) -> State<Power> {
///     status.as_str().map_or(State::Absent, State::named)
/// }
///
/// assert_eq!(power(&Text(Some("stopped".into()))), State::Is(Power::Off));
/// assert_eq!(power(&Text(Some("hibernated".into()))), State::Other);
/// assert_eq!(power(&Text(None)), State::Absent);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State<S> {
    /// Unknown: no series.
    #[default]
    Absent,
    /// A state that is not listed: every series is 0.
    Other,
    /// This state: its series is 1, the others are 0.
    Is(S),
}

impl<S: States> State<S> {
    /// The state with this name, or [`Other`](Self::Other).
    ///
    /// ```
    /// use pve_collector::{State, states};
    ///
    /// states! {
    ///     /// Whether a guest runs.
    ///     pub Power { On = "running", Off = "stopped" }
    /// }
    ///
    /// assert_eq!(State::named("running"), State::Is(Power::On));
    /// assert_eq!(State::<Power>::named("paused"), State::Other);
    /// ```
    pub fn named(name: &str) -> Self {
        S::named(name).map_or(Self::Other, Self::Is)
    }
}

/// Fields that are values of a row: `Option<f64>` and [`State`]. Public for the expansion of [`tables!`](crate::tables!).
#[doc(hidden)]
pub trait IntoValue {
    /// The contract's form.
    fn into_value(self) -> Value;
}

impl IntoValue for Option<f64> {
    fn into_value(self) -> Value {
        self.map_or(Value::Absent, Value::Number)
    }
}

impl<S: States> IntoValue for State<S> {
    fn into_value(self) -> Value {
        match self {
            Self::Absent => Value::Absent,
            Self::Other => Value::State(None),
            Self::Is(state) => Value::State(Some(state.position())),
        }
    }
}
