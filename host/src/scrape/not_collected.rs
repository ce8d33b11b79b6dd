//! Why a place was not collected.

use std::time::Duration;

use crate::api::FetchError;
use crate::collector::CollectionError;
use crate::reason::Reason;
use crate::request::BindError;

/// Why a place was not collected.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NotCollected {
    /// Discovery failed, so no place is known.
    #[error(transparent)]
    Undiscovered(FetchError),
    /// A required request has no answer.
    #[error("{path}: {error}")]
    Unanswered { path: String, error: FetchError },
    #[error(transparent)]
    Unbound(#[from] BindError),
    #[error("it broke down repeatedly, the next try is in {} s", .left.as_secs() + 1)]
    Quarantined { left: Duration },
    #[error("/cluster/status does not say which node answers; it needs Sys.Audit on / (PVEAuditor)")]
    LocalNodeUnknown,
    #[error("its calls used {} ms of CPU time in this scrape, {} ms are allowed (limits: scrape-cpu)", used.as_millis(), limit.as_millis())]
    ScrapeCpu { used: Duration, limit: Duration },
    #[error("the scrape's deadline passed before the collector was done")]
    Deadline,
    #[error(transparent)]
    Collection(#[from] CollectionError),
    /// A bug of the exporter; the log has the panic's message.
    #[error("the exporter panicked: {0}")]
    Panicked(String),
}

impl NotCollected {
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::Undiscovered(error) | Self::Unanswered { error, .. } => error.kind.into(),
            Self::Unbound(_) => Reason::Place,
            Self::Quarantined { .. } => Reason::Quarantined,
            Self::LocalNodeUnknown => Reason::LocalNode,
            Self::ScrapeCpu { .. } => Reason::ScrapeCpuLimit,
            Self::Deadline => Reason::Deadline,
            Self::Collection(error) => error.reason(),
            Self::Panicked(_) => Reason::HostPanic,
        }
    }
}
