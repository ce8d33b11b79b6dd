//! Headers that keep browsers from running, framing or guessing at what the exporter serves.

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

#[derive(Debug, Clone)]
pub(super) struct SecurityHeaders([(HeaderName, HeaderValue); 4]);

impl SecurityHeaders {
    /// Nothing is loaded or run but `style`, the inline style sheet of the status page.
    pub(super) fn new(style: &str) -> Self {
        let digest = STANDARD.encode(Sha256::digest(style));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        // Base64 has no character that a header can't have.
        let policy = HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
        Self([
            (header::CONTENT_SECURITY_POLICY, policy),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
            (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        ])
    }

    pub(super) async fn set(State(Self(headers)): State<Self>, mut response: Response) -> Response {
        response.headers_mut().extend(headers.into_iter().map(|(name, value)| (Some(name), value)));
        response
    }
}
