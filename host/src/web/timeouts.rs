//! How long clients may take, and why connections are closed.

use std::time::Duration;

/// How long a client may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timeouts {
    /// For the TLS handshake and the header of a request.
    pub(super) read: Duration,
    /// From one request to the next.
    pub(super) idle: Duration,
    /// To read a response.
    pub(super) write: Duration,
}

/// Why the exporter closed a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closed {
    ReadTimeout,
    IdleTimeout,
    WriteTimeout,
    /// Another client needed the room.
    Evicted,
    /// There is no room.
    Limit,
    ClientLimit,
    Handshake,
}

impl Closed {
    /// The label `reason`.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::ReadTimeout => "read_timeout",
            Self::IdleTimeout => "idle_timeout",
            Self::WriteTimeout => "write_timeout",
            Self::Evicted => "evicted",
            Self::Limit => "limit",
            Self::ClientLimit => "client_limit",
            Self::Handshake => "handshake",
        }
    }
}
