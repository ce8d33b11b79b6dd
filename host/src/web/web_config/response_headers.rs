//! `http_server_config.headers`: the security headers an operator may set, over the exporter's own.

use axum::http::{HeaderName, HeaderValue, header};

use super::section::{Problems, Section};

/// Each name with its allowed values; empty: any.
const NAMES: [(&str, HeaderName, &[&str]); 5] = [
    ("Strict-Transport-Security", header::STRICT_TRANSPORT_SECURITY, &[]),
    ("X-Content-Type-Options", header::X_CONTENT_TYPE_OPTIONS, &["nosniff"]),
    ("X-Frame-Options", header::X_FRAME_OPTIONS, &["deny", "sameorigin"]),
    ("X-XSS-Protection", header::X_XSS_PROTECTION, &[]),
    ("Content-Security-Policy", header::CONTENT_SECURITY_POLICY, &[]),
];

/// `None` as a value: the header is left out.
#[derive(Debug, Default, Clone)]
pub(in super::super) struct ResponseHeaders(Vec<(HeaderName, Option<HeaderValue>)>);

impl ResponseHeaders {
    pub(super) fn read(section: Section, problems: &mut Problems) -> Self {
        let mut headers = Vec::new();
        for (key, (place, value)) in section.into_texts(problems) {
            let Some((_, name, allowed)) = NAMES.iter().find(|(name, ..)| *name == key) else {
                let names = NAMES.map(|(name, ..)| name).join(", ");
                problems.add(&place, format!("can't be configured; the headers that can are {names}"));
                continue;
            };
            if !allowed.is_empty() && !allowed.contains(&value.as_str()) {
                problems.add(&place, format!("write {}", allowed.join(" or ")));
                continue;
            }
            match HeaderValue::from_str(&value) {
                Ok(header) => headers.push((name.clone(), Some(header).filter(|header| !header.is_empty()))),
                Err(_) => problems.add(&place, "has characters that a header can't have"),
            }
        }
        Self(headers)
    }

    pub(in super::super) fn iter(&self) -> impl Iterator<Item = (&HeaderName, Option<&HeaderValue>)> {
        self.0.iter().map(|(name, value)| (name, value.as_ref()))
    }
}
