//! Headers that keep browsers from running, framing or guessing at what the exporter serves, and those of the web configuration.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::web_config::{LiveWebConfig, ResponseHeaders};

const FIXED: [(HeaderName, HeaderValue); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];

#[derive(Debug, Clone)]
pub(super) struct SecurityHeaders {
    /// For pages that nobody frames.
    policy: HeaderValue,
    /// For `X-Frame-Options: sameorigin`, which a policy would override.
    policy_framed: HeaderValue,
    web: Arc<LiveWebConfig>,
}

impl SecurityHeaders {
    /// Nothing is loaded or run but `style`, the inline style sheet of the status page.
    pub(super) fn new(style: &str, web: Arc<LiveWebConfig>) -> Self {
        let digest = STANDARD.encode(Sha256::digest(style));
        let policy = |ancestors: &str| {
            let policy = format!(
                "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
            );
            // Base64 has no character that a header can't have.
            HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
        };
        Self { policy: policy("'none'"), policy_framed: policy("'self'"), web }
    }

    pub(super) async fn set(State(this): State<Self>, mut response: Response) -> Response {
        let config = this.web.current();
        let headers = response.headers_mut();
        headers.extend(FIXED.map(|(name, value)| (Some(name), value)));
        headers.insert(header::CONTENT_SECURITY_POLICY, this.policy(&config.headers).clone());
        for (name, value) in config.headers.iter() {
            match value {
                Some(value) => drop(headers.insert(name, value.clone())),
                None => drop(headers.remove(name)),
            }
        }
        response
    }

    fn policy(&self, configured: &ResponseHeaders) -> &HeaderValue {
        let mut frames = configured.iter().filter(|(name, _)| *name == header::X_FRAME_OPTIONS);
        let framed = frames.any(|(_, value)| value.is_some_and(|value| value == "sameorigin"));
        if framed { &self.policy_framed } else { &self.policy }
    }
}
