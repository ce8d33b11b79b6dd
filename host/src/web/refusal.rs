//! Why a request is refused, and the one place where that becomes a response: plain text with a remedy.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::config::TargetError;
use crate::scrape::ScrapeError;

#[derive(Debug, thiserror::Error)]
pub(super) enum HttpRefusal {
    #[error("not found; see / for what there is\n")]
    NotFound,
    #[error("method not allowed\n")]
    MethodNotAllowed,
    /// prometheus-pve-exporter's words.
    #[error("Module '{0}' not found in config")]
    UnknownModule(String),
    #[error("Module '{0}' names no target; add `target:` to it, or use /pve?target=")]
    ModuleWithoutTarget(String),
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error(transparent)]
    Scrape(#[from] ScrapeError),
    /// With `--strict`: what could not be collected, a line each.
    #[error("{0}")]
    Incomplete(String),
    /// What a failed reload reports.
    #[error("{0}")]
    NotReloaded(String),
    #[error("pve-exporter is shutting down\n")]
    ShuttingDown,
}

impl HttpRefusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::UnknownModule(_) | Self::ModuleWithoutTarget(_) | Self::Target(_) => StatusCode::BAD_REQUEST,
            Self::Incomplete(_) | Self::NotReloaded(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Scrape(_) | Self::ShuttingDown => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl IntoResponse for HttpRefusal {
    fn into_response(self) -> Response {
        (self.status(), self.to_string()).into_response()
    }
}
