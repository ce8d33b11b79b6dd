//! Bounds of an API client.

use std::time::Duration;

/// Set by flags; a module may override the first two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientOptions {
    /// Requests in flight to the cluster.
    pub max_concurrent: usize,
    /// Requests in flight to one node. A node has three workers whose handlers block.
    pub max_concurrent_per_node: usize,
    /// Bytes of a response body, decompressed.
    pub max_body: usize,
    /// Age at which a ticket is renewed. Proxmox VE's are valid for two hours.
    pub ticket_age: Duration,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            max_concurrent: 16,
            max_concurrent_per_node: 3,
            max_body: 32 << 20,
            ticket_age: Duration::from_secs(105 * 60),
        }
    }
}
