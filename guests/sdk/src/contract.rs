//! The records of `collector.wit` that go in and out of a call, as Rust types.
//!
//! One definition for both worlds: on wasm32 the bindings lift and lower these very types, so nothing is converted or
//! copied between the host's memory layout and a collector; natively they are what tests build and look at. Field and
//! case names are those of the WIT file, which says what they mean in full.

use std::fmt;

/// What the host lists of a collector: the owned form of [`Collector`](crate::Collector)'s constants.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// Lower-case letters, digits and hyphens, 63 characters at most.
    pub name: String,
    /// The collector's own version, for people.
    pub version: String,
    /// One sentence for the status page.
    pub description: String,
    /// The answers `collect` gets, in this order.
    pub requests: Vec<Request>,
    /// The tables rows can belong to; [`Row::table`] is a position in this list.
    pub tables: Vec<Table>,
}

/// One GET request below `/api2/json`.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Path with placeholders, as `/nodes/{node}/status`.
    pub path: String,
    /// Seconds an answer may be old; 0 is fresh for each scrape.
    pub max_age_seconds: u32,
    /// Whether `collect` runs although this request failed.
    pub optional: bool,
}

/// The metrics that share one set of labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Label names in the order of [`Row::labels`].
    pub label_names: Vec<String>,
    /// Metrics in the order of [`Row::values`].
    pub metrics: Vec<Metric>,
}

/// One metric of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// The metric's name, `pve_…`.
    pub name: String,
    /// One sentence.
    pub help: String,
    /// Its type.
    pub kind: Kind,
}

/// A metric's type.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Goes up and down.
    Gauge,
    /// Only grows; name in `_total`.
    Counter,
    /// Always 1; name in `_info`.
    Info,
    /// One of several states.
    StateSet(StateSet),
}

/// The states of a state-set and the label that carries them.
#[derive(Clone, Debug, PartialEq)]
pub struct StateSet {
    /// The label added to the table's labels.
    pub label: String,
    /// State names, in the order of the exposition.
    pub states: Vec<String>,
}

/// What one call works on. Collectors see it through [`crate::Input`].
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Time of the scrape, seconds since 1970-01-01 UTC.
    pub now_unix_seconds: u64,
    /// What the placeholders are bound to.
    pub place: Place,
    /// The operator's settings, in the order of the file.
    pub settings: Vec<(String, String)>,
    /// One entry a request: the JSON text of the answer's `data` member, or why there is none.
    pub responses: Vec<Result<String, FetchError>>,
}

/// The bound placeholders; `None` where the collector's requests have none of the kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// `{node}`: the bare node name, as `node01`.
    pub node: Option<String>,
    /// `{type}`.
    pub guest_type: Option<GuestType>,
    /// `{vmid}`.
    pub vmid: Option<u32>,
    /// `{storage}`.
    pub storage: Option<String>,
}

/// What `{type}` is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GuestType {
    /// A virtual machine.
    Qemu,
    /// A container.
    Lxc,
}

impl GuestType {
    /// As it stands in paths and ids: `qemu` or `lxc`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Qemu => "qemu",
            Self::Lxc => "lxc",
        }
    }

    /// The case with this number in the WIT file; the bindings call it with numbers the component model has checked.
    #[cfg(target_arch = "wasm32")]
    pub(crate) const fn _lift(case: u8) -> Self {
        match case {
            0 => Self::Qemu,
            _ => Self::Lxc,
        }
    }
}

/// Why a request has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchError {
    /// 401 or 403: the exporter's token lacks a privilege.
    Forbidden,
    /// 404 or 501: this version of Proxmox VE does not have it, or the object is gone.
    NotFound,
    /// No answer in time.
    TimedOut,
    /// The API or the node behind it could not be reached, or a server error.
    Unavailable,
    /// The answer was longer than the host accepts.
    TooLarge,
    /// No JSON, no `data` member, or `data` null.
    Malformed,
}

impl FetchError {
    /// Every case, in the order of the WIT file.
    pub const ALL: [Self; 6] =
        [Self::Forbidden, Self::NotFound, Self::TimedOut, Self::Unavailable, Self::TooLarge, Self::Malformed];

    /// As in the WIT file: `timed-out`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::NotFound => "not-found",
            Self::TimedOut => "timed-out",
            Self::Unavailable => "unavailable",
            Self::TooLarge => "too-large",
            Self::Malformed => "malformed",
        }
    }

    /// The case with this number in the WIT file; see [`GuestType::_lift`].
    #[cfg(target_arch = "wasm32")]
    pub(crate) const fn _lift(case: u8) -> Self {
        match case {
            0 => Self::Forbidden,
            1 => Self::NotFound,
            2 => Self::TimedOut,
            3 => Self::Unavailable,
            4 => Self::TooLarge,
            _ => Self::Malformed,
        }
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What one call gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Output {
    /// The rows, in the order of the exposition.
    pub rows: Vec<Row>,
    /// What was odd but did not stop the collection; a few at most.
    pub warnings: Vec<String>,
}

/// One label set with a value for each metric of its table.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Position in [`Manifest::tables`].
    pub table: u32,
    /// One a label name, in their order.
    pub labels: Vec<String>,
    /// One a metric, in their order.
    pub values: Vec<Value>,
}

/// One metric's value in a row.
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
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}
