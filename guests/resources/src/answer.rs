//! An entry of `/cluster/resources`, and its rows.
//!
//! A large cluster has 10,000 entries, 4 MB: texts are borrowed from the answer, and members not listed here are skipped.

use drop_in::label;
use pve_collector::{
    State, States,
    lenient::{Number, Text},
};
use serde::Deserialize;

use crate::rows::{GuestInfo, GuestLock, NodeHa, Numbers, StorageInfo};

#[derive(Deserialize)]
pub(crate) struct Resource<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Text<'a>,
    #[serde(borrow, default, rename = "type")]
    pub(crate) kind: Text<'a>,
    #[serde(borrow, default = "Text::empty")]
    node: Text<'a>,
    #[serde(borrow, default = "Text::empty")]
    name: Text<'a>,
    #[serde(borrow, default = "Text::empty")]
    template: Text<'a>,
    #[serde(borrow, default = "Text::empty")]
    tags: Text<'a>,
    #[serde(borrow, default = "Text::empty")]
    storage: Text<'a>,
    #[serde(borrow, default = "Text::empty")]
    plugintype: Text<'a>,
    #[serde(borrow, default = "Text::empty")]
    content: Text<'a>,
    #[serde(borrow, default)]
    hastate: Text<'a>,
    #[serde(borrow, default)]
    lock: Text<'a>,
    #[serde(default)]
    maxdisk: Number,
    #[serde(default)]
    disk: Number,
    #[serde(default)]
    maxmem: Number,
    #[serde(default)]
    mem: Number,
    #[serde(default)]
    netout: Number,
    #[serde(default)]
    netin: Number,
    #[serde(default)]
    diskwrite: Number,
    #[serde(default)]
    diskread: Number,
    #[serde(default)]
    cpu: Number,
    #[serde(default)]
    maxcpu: Number,
    #[serde(default)]
    uptime: Number,
    #[serde(default)]
    shared: Number,
}

impl Resource<'_> {
    pub(crate) fn numbers(&self, deprecated: bool, compact: bool) -> Numbers {
        let replaced = |number: Number| number.0.filter(|_| deprecated);
        // The host rejects counters below 0.
        let counter = |number: Number| number.0.filter(|number| *number >= 0.0);
        let is_guest = matches!(self.kind.or_empty(), "qemu" | "lxc");
        Numbers {
            id: self.id.or_empty().to_owned(),
            maxdisk: self.maxdisk.0,
            disk: self.disk.0,
            maxmem: self.maxmem.0,
            mem: self.mem.0,
            deprecated_netout: replaced(self.netout),
            deprecated_netin: replaced(self.netin),
            deprecated_diskwrite: replaced(self.diskwrite),
            deprecated_diskread: replaced(self.diskread),
            cpu: self.cpu.0,
            maxcpu: self.maxcpu.0,
            uptime: self.uptime.0,
            shared: self.shared.0,
            netout: counter(self.netout),
            netin: counter(self.netin),
            diskwrite: counter(self.diskwrite),
            diskread: counter(self.diskread),
            ha: if is_guest { state(&self.hastate, compact) } else { State::Absent },
            lock: if is_guest { state(&self.lock, compact) } else { State::Absent },
        }
    }

    pub(crate) fn node_ha(&self, compact: bool) -> NodeHa {
        NodeHa { id: self.id.or_empty().to_owned(), ha: state(&self.hastate, compact) }
    }

    pub(crate) fn guest_lock(&self) -> Option<GuestLock> {
        let lock = self.lock.or_empty();
        (!lock.is_empty()).then(|| GuestLock { id: self.id.or_empty().to_owned(), lock: lock.to_owned() })
    }

    pub(crate) fn guest_info(&self) -> GuestInfo {
        GuestInfo {
            id: self.id.or_empty().to_owned(),
            name: label(&self.name),
            node: label(&self.node),
            tags: label(&self.tags),
            template: label(&self.template),
            kind: self.kind.or_empty().to_owned(),
        }
    }

    /// The API lists the content types in an order that changes between answers; sorted, they are always the same label.
    pub(crate) fn storage_info(&self) -> StorageInfo {
        let mut content: Vec<&str> = self.content.as_str().unwrap_or("None").split(',').collect();
        content.sort_unstable();
        StorageInfo {
            content: content.join(","),
            id: self.id.or_empty().to_owned(),
            node: label(&self.node),
            plugintype: label(&self.plugintype),
            storage: label(&self.storage),
        }
    }
}

/// The state with this name. Without a name, all states are 0, as for a name that is not listed; with `compact-states` there is
/// no series.
fn state<S: States>(name: &Text, compact: bool) -> State<S> {
    match name.or_empty() {
        "" if compact => State::Absent,
        name => State::named(name),
    }
}
