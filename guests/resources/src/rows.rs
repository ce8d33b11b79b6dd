//! The tables. Names, help texts and states are word for word those of the original.

use pve_collector::{states, tables};

states! {
    pub GuestHa {
        Stopped = "stopped",
        RequestStop = "request_stop",
        RequestStart = "request_start",
        RequestStartBalance = "request_start_balance",
        Started = "started",
        Fence = "fence",
        Recovery = "recovery",
        Migrate = "migrate",
        Relocate = "relocate",
        Freeze = "freeze",
        Error = "error",
    }
}

states! {
    pub NodeHaState {
        Online = "online",
        Maintenance = "maintenance",
        Unknown = "unknown",
        Fence = "fence",
        Gone = "gone",
    }
}

states! {
    /// Operations that lock a guest's configuration.
    pub Lock {
        Backup = "backup",
        Clone = "clone",
        Create = "create",
        Migrate = "migrate",
        Rollback = "rollback",
        Snapshot = "snapshot",
        SnapshotDelete = "snapshot-delete",
        Suspended = "suspended",
        Suspending = "suspending",
    }
}

tables! {
    /// For every resource; only guests have states.
    Numbers(id) {
        gauge maxdisk "pve_disk_size_bytes"
            "Storage size in bytes (for type 'storage'), root image size for VMs (for types 'qemu' and 'lxc').";
        gauge disk "pve_disk_usage_bytes"
            "Used disk space in bytes (for type 'storage'), used root image space for VMs (for types 'qemu' and \
             'lxc').";
        gauge maxmem "pve_memory_size_bytes"
            "Number of available memory in bytes (for types 'node', 'qemu' and 'lxc').";
        gauge mem "pve_memory_usage_bytes" "Used memory in bytes (for types 'node', 'qemu' and 'lxc').";
        gauge deprecated_netout "pve_network_transmit_bytes"
            "The amount of traffic in bytes that was sent from the guest over the network since it was started. (for \
             types 'qemu' and 'lxc') DEPRECATED: Use pve_network_transmit_bytes_total instead.";
        gauge deprecated_netin "pve_network_receive_bytes"
            "The amount of traffic in bytes that was sent to the guest over the network since it was started. (for \
             types 'qemu' and 'lxc') DEPRECATED: Use pve_network_receive_bytes_total instead.";
        gauge deprecated_diskwrite "pve_disk_write_bytes"
            "The amount of bytes the guest wrote to its block devices since the guest was started. This info is not \
             available for all storage types. (for types 'qemu' and 'lxc') DEPRECATED: Use \
             pve_disk_written_bytes_total instead.";
        gauge deprecated_diskread "pve_disk_read_bytes"
            "The amount of bytes the guest read from its block devices since the guest was started. This info is not \
             available for all storage types. (for types 'qemu' and 'lxc') DEPRECATED: Use pve_disk_read_bytes_total \
             instead.";
        gauge cpu "pve_cpu_usage_ratio" "CPU utilization (for types 'node', 'qemu' and 'lxc').";
        gauge maxcpu "pve_cpu_usage_limit" "Number of available CPUs (for types 'node', 'qemu' and 'lxc').";
        gauge uptime "pve_uptime_seconds"
            "Uptime of node or virtual guest in seconds (for types 'node', 'qemu' and 'lxc').";
        gauge shared "pve_storage_shared" "Whether or not the storage is shared among cluster nodes";
        counter netout "pve_network_transmit_bytes_total"
            "The amount of traffic in bytes that was sent from the guest over the network since it was started. (for \
             types 'qemu' and 'lxc')";
        counter netin "pve_network_receive_bytes_total"
            "The amount of traffic in bytes that was sent to the guest over the network since it was started. (for \
             types 'qemu' and 'lxc')";
        counter diskwrite "pve_disk_written_bytes_total"
            "The amount of bytes the guest wrote to its block devices since the guest was started. This info is not \
             available for all storage types. (for types 'qemu' and 'lxc')";
        counter diskread "pve_disk_read_bytes_total"
            "The amount of bytes the guest read from its block devices since the guest was started. This info is not \
             available for all storage types. (for types 'qemu' and 'lxc')";
        state ha: GuestHa("state") "pve_ha_state" "HA service status (for HA managed VMs).";
        state lock: Lock("state") "pve_lock_state" "The guest's current config lock (for types 'qemu' and 'lxc')";
    }

    /// The same family as a guest's HA state, with other states.
    NodeHa(id) {
        state ha: NodeHaState("state") "pve_ha_state" "HA service status (for HA managed VMs).";
    }

    GuestInfo(id, name, node, tags, template, kind as "type") {
        info "pve_guest_info" "VM/CT info";
    }

    StorageInfo(content, id, node, plugintype, storage) {
        info "pve_storage_info" "Storage info";
    }

    /// Guests that are locked. Not in prometheus-pve-exporter, whose states lack some locks of containers.
    GuestLock(id, lock) {
        info "pve_guest_lock_info" "The lock of the guest's configuration, whatever its name; no series without one";
    }
}
