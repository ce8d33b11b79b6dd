//! Why a request is refused, and the one place where that becomes a response: plain text with a remedy.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::budget::OverBudget;
use crate::config::TargetError;
use crate::scrape::ScrapeError;
use crate::text::{Foreign, Lines};

#[derive(Debug, thiserror::Error)]
pub(super) enum HttpRefusal {
    #[error("not found; see / for what there is\n")]
    NotFound,
    #[error("method not allowed\n")]
    MethodNotAllowed,
    /// prometheus-pve-exporter's words.
    #[error("Module '{0}' not found in config")]
    UnknownModule(Foreign),
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
    #[error("unauthorized\n")]
    Unauthorized,
    #[error("too many requests\n")]
    RateLimit,
    #[error("no request needs a body this large\n")]
    BodyTooLarge,
    /// Prometheus's words, with what to do.
    #[error(
        "Lifecycle API is not enabled: this address is open to others without authentication. Send SIGHUP instead, start with \
         --web.enable-lifecycle, or configure authentication with --web.config.file\n"
    )]
    LifecycleDisabled,
    #[error("not from a browser: a page could make it reload; use curl -X POST\n")]
    FromBrowser,
    /// Other clients have yet to read their responses.
    #[error("{0} (--memory.budget)\n")]
    OverBudget(#[from] OverBudget),
    #[error("the response could not be encoded\n")]
    Encoding,
    #[error("pve-exporter is shutting down\n")]
    ShuttingDown,
}

impl HttpRefusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::UnknownModule(_) | Self::ModuleWithoutTarget(_) | Self::Target(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::LifecycleDisabled | Self::FromBrowser => StatusCode::FORBIDDEN,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::RateLimit => StatusCode::TOO_MANY_REQUESTS,
            Self::Incomplete(_) | Self::NotReloaded(_) | Self::Encoding => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Scrape(_) | Self::OverBudget(_) | Self::ShuttingDown => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl IntoResponse for HttpRefusal {
    fn into_response(self) -> Response {
        let mut response = (self.status(), Lines(&self).to_string()).into_response();
        if matches!(self, Self::Unauthorized) {
            let challenge = HeaderValue::from_static("Basic realm=\"pve-exporter\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
