//! Where a collector is run: the values its placeholders are bound to.
//!
//! Discovery makes places, a [`Template`](super::Template) is bound to one, the sandbox hands it to the guest. Cheap to
//! clone: a cluster of 10,000 guests has 10,000 of them in a scrape, and they share their strings.

use std::fmt;
use std::sync::Arc;

/// The two kinds of guest Proxmox VE runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GuestType {
    /// A virtual machine.
    Qemu,
    /// A container.
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

    /// The other way round; `None` for anything else, such as `storage` or `node`.
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

/// What the placeholders are bound to. All `None`: the cluster as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Place {
    /// The bare node name, `node01`: never a domain name, the API does not know those.
    pub node: Option<Arc<str>>,
    /// Of the guest.
    pub guest_type: Option<GuestType>,
    /// The guest's number, unique in a cluster.
    pub vmid: Option<u32>,
    /// The storage's name on the node.
    pub storage: Option<Arc<str>>,
}

impl Place {
    /// The cluster as a whole: nothing is bound.
    pub fn cluster() -> Self {
        Self::default()
    }

    /// One node.
    pub fn node(node: impl Into<Arc<str>>) -> Self {
        Self { node: Some(node.into()), ..Self::default() }
    }

    /// One guest on a node.
    pub fn guest(node: impl Into<Arc<str>>, guest_type: GuestType, vmid: u32) -> Self {
        Self { node: Some(node.into()), guest_type: Some(guest_type), vmid: Some(vmid), storage: None }
    }

    /// One storage as a node sees it.
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
