//! The collector contract as plain Rust types: what a component declares, receives and returns.
//!
//! Independent of generated bindings and of the contract's version: the sandbox converts. What a component returns is typed
//! here but unchecked; `schema` checks it.

use std::fmt;
use std::sync::Arc;

use crate::request::Place;

/// The version of the contract this exporter implements, as a component's imports spell it.
pub const VERSION: &str = "0.1.0";

/// What `describe` returns.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    pub name: String,
    pub version: String,
    pub description: String,
    pub requests: Vec<RequestDecl>,
    pub tables: Vec<TableDecl>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct RequestDecl {
    pub path: String,
    pub max_age_seconds: u32,
    pub optional: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct TableDecl {
    pub label_names: Vec<String>,
    pub metrics: Vec<MetricDecl>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct MetricDecl {
    pub name: String,
    pub help: String,
    pub kind: KindDecl,
}

#[derive(Debug, Clone, PartialEq)]
pub enum KindDecl {
    Gauge,
    Counter,
    Info,
    StateSet { label: String, states: Vec<String> },
}

/// What `collect` receives for one place.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    pub now_unix_seconds: u64,
    pub place: &'a Place,
    pub settings: &'a [(String, String)],
    /// One for each request of the manifest, in its order: the JSON text of `data`.
    pub answers: &'a [Result<&'a str, FetchErrorKind>],
}

/// The answers of one place, in the manifest's order.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaceAnswers {
    pub place: Place,
    pub answers: Vec<Result<Arc<str>, FetchErrorKind>>,
}

/// What `collect` returns.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    pub rows: Vec<Row>,
    pub warnings: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub table: u32,
    pub labels: Vec<String>,
    pub values: Vec<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    Absent,
    Number(f64),
    State(Option<u32>),
}

/// Why `collect` returned a failure of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// An answer the collector does not understand.
    Malformed,
    /// A setting is missing or unusable.
    Settings,
    Other,
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "malformed answer",
            Self::Settings => "settings",
            Self::Other => "failed",
        })
    }
}

/// Why a request has no answer: the contract's `fetch-error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FetchErrorKind {
    /// The credentials are wrong or lack a privilege.
    Forbidden,
    /// This version of Proxmox VE does not have the endpoint, or the object is gone.
    NotFound,
    /// No answer in time.
    TimedOut,
    /// The API or the node behind it is unreachable or in trouble.
    Unavailable,
    /// The answer is larger than the exporter accepts.
    TooLarge,
    /// The answer is not what the API sends.
    Malformed,
}

impl FetchErrorKind {
    pub const ALL: [Self; 6] =
        [Self::Forbidden, Self::NotFound, Self::TimedOut, Self::Unavailable, Self::TooLarge, Self::Malformed];

    /// As a label value.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::TimedOut => "timed_out",
            Self::Unavailable => "unavailable",
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
        }
    }
}

impl fmt::Display for FetchErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The level of a line that a component logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    Debug,
    Info,
    Warn,
    Error,
}

impl LogLevel {
    /// As the contract spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}
