//! Places: where a collector runs, as the values of its placeholders.
//!
//! Discovery creates places, a [`Template`](super::Template) is bound to one, the sandbox passes it to the component. Cheap to
//! clone: a scrape of 10,000 guests has 10,000 places, which share their strings.

use std::fmt;
use std::sync::Arc;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GuestType {
    Qemu,
    Lxc,
}

impl GuestType {
    /// As the API spells it in paths and in `type` members: `qemu` or `lxc`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Qemu => "qemu",
            Self::Lxc => "lxc",
        }
    }

    /// `None` for anything else, such as `storage` or `node`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "qemu" => Some(Self::Qemu),
            "lxc" => Some(Self::Lxc),
            _ => None,
        }
    }
}

impl fmt::Display for GuestType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The values of the placeholders. All `None` is the cluster as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Place {
    /// The node's name without a domain, as in the API: `node01`.
    pub node: Option<Arc<str>>,
    pub guest_type: Option<GuestType>,
    /// The guest's ID, unique in a cluster.
    pub vmid: Option<u32>,
    pub storage: Option<Arc<str>>,
}

impl Place {
    /// The cluster as a whole.
    pub fn cluster() -> Self {
        Self::default()
    }

    pub fn node(node: impl Into<Arc<str>>) -> Self {
        Self { node: Some(node.into()), ..Self::default() }
    }

    pub fn guest(node: impl Into<Arc<str>>, guest_type: GuestType, vmid: u32) -> Self {
        Self { node: Some(node.into()), guest_type: Some(guest_type), vmid: Some(vmid), storage: None }
    }

    /// A storage on one of its nodes.
    pub fn storage(node: impl Into<Arc<str>>, storage: impl Into<Arc<str>>) -> Self {
        Self { node: Some(node.into()), storage: Some(storage.into()), ..Self::default() }
    }
}

/// For logs and labels: `cluster`, `node01`, `node01/qemu/100`, `node01/storage/local`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        if let Some(node) = &self.node {
            f.write_str(node)?;
            separator = "/";
        }
        if let Some(guest_type) = self.guest_type {
            write!(f, "{separator}{guest_type}")?;
            separator = "/";
        }
        if let Some(vmid) = self.vmid {
            write!(f, "{separator}{vmid}")?;
            separator = "/";
        }
        if let Some(storage) = &self.storage {
            write!(f, "{separator}storage/{storage}")?;
            separator = "/";
        }
        if separator.is_empty() { f.write_str("cluster") } else { Ok(()) }
    }
}
