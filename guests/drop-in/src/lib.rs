//! What the collectors that reproduce prometheus-pve-exporter's series ("the original") share.

use pve_collector::{Request, lenient::Text};
use serde::Deserialize;

pub const STATUS: Request = Request::get("/cluster/status");

/// An entry of `/cluster/status`: a node or the cluster.
#[derive(Deserialize)]
pub struct Member<'a> {
    #[serde(borrow, default, rename = "type")]
    pub kind: Text<'a>,
    #[serde(borrow, default)]
    pub name: Text<'a>,
}

impl Member<'_> {
    /// The cluster's entry. A standalone node has none.
    #[must_use]
    pub fn cluster<'a>(members: &'a [Member<'a>]) -> Option<&'a Member<'a>> {
        members.iter().find(|member| member.kind.or_empty() == "cluster")
    }
}

/// A label as the original writes it: null is `None`. Give the field `#[serde(default = "Text::empty")]`, since a missing member
/// is an empty label.
#[must_use]
pub fn label(text: &Text) -> String {
    text.as_str().unwrap_or("None").to_owned()
}
