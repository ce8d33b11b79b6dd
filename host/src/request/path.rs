//! Paths that are ready to be requested.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::costly::Costly;

/// How many requests there are with a template: they are made in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breadth {
    /// One for the cluster, or for each node.
    Node,
    Storage,
    Guest,
}

/// A path below the API root, percent-encoded. Two paths are equal if they are the same GET, whatever their templates.
#[derive(Debug, Clone)]
pub struct Path {
    pub(super) text: Arc<str>,
    pub(super) template: Arc<str>,
    pub(super) node: Option<Arc<str>>,
}

impl Path {
    /// With the query string: `/nodes/node01/qemu?full=1`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The node whose workers serve it; `None` for paths that the entry node serves itself.
    pub fn node(&self) -> Option<&str> {
        self.node.as_deref()
    }

    /// The template it was bound from. Templates are few, so this is fit for metric labels.
    pub fn template(&self) -> &str {
        &self.template
    }

    /// What its request costs the cluster, if it is more than an answer.
    pub fn costly(&self) -> Option<&'static Costly> {
        Costly::of(&self.template)
    }

    /// How many requests there are like this one.
    pub fn breadth(&self) -> Breadth {
        if self.template.contains("{vmid}") {
            Breadth::Guest
        } else if self.template.contains("{storage}") {
            Breadth::Storage
        } else {
            Breadth::Node
        }
    }

    pub fn node_name(&self) -> Option<&Arc<str>> {
        self.node.as_ref()
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Path {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Path {}

impl Hash for Path {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl Ord for Path {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}

impl PartialOrd for Path {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
