//! How often a request is made in a scrape.

use serde::{Serialize, Serializer};

use crate::request::{GuestType, Template};

/// A request is made once for each of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frequency {
    Cluster,
    Node,
    Storage,
    Guest,
    VirtualMachine,
    Container,
}

/// The size of the cluster that an estimate is for.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClusterSize {
    pub(super) nodes: u64,
    pub(super) guests: u64,
    /// On each node.
    pub(super) storages: u64,
}

impl Frequency {
    pub(super) fn of(template: &Template) -> Self {
        let placeholders = template.placeholders();
        match (placeholders.vmid, template.fixed_guest_type()) {
            (true, Some(GuestType::Qemu)) => Self::VirtualMachine,
            (true, Some(GuestType::Lxc)) => Self::Container,
            (true, None) => Self::Guest,
            _ if placeholders.storage => Self::Storage,
            _ if placeholders.node => Self::Node,
            _ => Self::Cluster,
        }
    }

    /// The number of requests or places in a cluster of this size.
    pub(super) fn count(self, size: ClusterSize) -> u64 {
        match self {
            Self::Cluster => 1,
            Self::Node => size.nodes,
            Self::Storage => size.nodes.saturating_mul(size.storages),
            Self::Guest | Self::VirtualMachine | Self::Container => size.guests,
        }
    }

    /// What follows `once per`.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Node => "node",
            Self::Storage => "storage of a node",
            Self::Guest => "guest",
            Self::VirtualMachine => "virtual machine",
            Self::Container => "container",
        }
    }
}

impl Serialize for Frequency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_decide() {
        let size = ClusterSize { nodes: 3, guests: 50, storages: 4 };
        for (path, frequency, count) in [
            ("/cluster/ha/status/manager_status", Frequency::Cluster, 1),
            ("/nodes/{node}/qemu?full=1", Frequency::Node, 3),
            ("/nodes/{node}/storage/{storage}/status", Frequency::Storage, 12),
            ("/nodes/{node}/{type}/{vmid}/config", Frequency::Guest, 50),
            ("/nodes/{node}/qemu/{vmid}/config", Frequency::VirtualMachine, 50),
            ("/nodes/{node}/lxc/{vmid}/config", Frequency::Container, 50),
        ] {
            let template = Template::parse(path).unwrap();
            assert_eq!(Frequency::of(&template), frequency, "{path}");
            assert_eq!(frequency.count(size), count, "{path}");
        }
    }
}
