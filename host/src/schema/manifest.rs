//! A manifest, checked: request templates, tables, and the metric families that the tables make up.

use crate::exposition::Type;
use crate::request::{Placeholders, Template};

/// A checked manifest.
#[derive(Debug)]
pub struct Schema {
    /// The collector's name: `[a-z][a-z0-9-]{0,62}`.
    pub name: String,
    pub version: String,
    pub description: String,
    /// In the order of the answers.
    pub requests: Vec<Request>,
    /// In the manifest's order.
    pub(super) tables: Vec<Table>,
    /// In order of first appearance.
    pub families: Vec<Family>,
    /// The placeholders of all requests together, which define its places.
    pub placeholders: Placeholders,
}

/// A request of the manifest.
#[derive(Debug, Clone)]
pub struct Request {
    pub template: Template,
    /// How old an answer may be, in seconds; 0: requested by each scrape.
    pub max_age_seconds: u32,
    /// Whether the collector runs without the answer.
    pub optional: bool,
}

#[derive(Debug)]
pub(super) struct Table {
    pub(super) label_names: Vec<String>,
    pub(super) columns: Vec<Column>,
}

/// A metric in a table: its kind, and for state-sets the states of this table.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) kind: Kind,
    pub(super) states: Vec<String>,
    /// Bytes of its lines in the exposition per row, without the row's labels.
    pub(super) line_bytes: usize,
}

/// A metric family: one name in the exposition, from one or several tables.
#[derive(Debug)]
pub struct Family {
    /// Full name of its samples.
    pub name: String,
    pub help: String,
    /// The same in all tables.
    pub kind: Kind,
    /// Label names of its samples, the state's included.
    pub label_names: Vec<String>,
    /// Table and column of each member.
    pub(super) members: Vec<(usize, usize)>,
}

/// The contract's kinds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    Gauge,
    Counter,
    Info,
    /// One of several states, in the label `label`.
    StateSet {
        label: String,
    },
}

impl Family {
    /// Its type in the exposition.
    #[must_use]
    pub fn type_line(&self) -> Type {
        match &self.kind {
            Kind::Gauge => Type::Gauge,
            Kind::Counter => Type::Counter,
            Kind::Info => Type::Info,
            Kind::StateSet { label } => Type::StateSet { label_is_name: *label == self.name },
        }
    }
}
