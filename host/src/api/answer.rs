//! An answer of the API: the response body and the range of `data` in it.
//!
//! The body of `/cluster/resources` can be megabytes: it is kept once and passed on as a slice, without the envelope.

use std::ops::Range;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::FetchError;
use super::redactor::Redactor;
use crate::budget::Reservation;
use crate::contract::FetchErrorKind;
use crate::text::shorten;

/// Characters of an invalid body in the error.
const EXCERPT: usize = 60;
/// Bytes of it that are searched for secrets, which may reach beyond the end.
const SEARCHED: usize = 8 * 1024;

/// A successful response. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Answer {
    body: Arc<Body>,
    data: Range<usize>,
}

/// The text of a body, and the memory reserved for it.
#[derive(Debug)]
struct Body {
    text: String,
    _held: Reservation,
}

/// A body as it was received.
#[derive(Debug, Default)]
pub struct Received {
    pub(super) bytes: Vec<u8>,
    pub(super) held: Reservation,
}

impl From<Vec<u8>> for Received {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, held: Reservation::default() }
    }
}

/// The text of a body, which must not repeat secrets: it becomes labels and log lines.
fn text(body: Received, redactor: &Redactor) -> Result<Body, FetchError> {
    if redactor.is_repeated_in(&body.bytes) {
        let detail = "the response repeats the exporter's credentials, so it is not used: is there a debugging proxy in between?";
        return Err(malformed(detail.to_owned()));
    }
    match String::from_utf8(body.bytes) {
        Ok(text) => Ok(Body { text, _held: body.held }),
        Err(error) => Err(malformed(format!("the response is not UTF-8 at byte {}", error.utf8_error().valid_up_to()))),
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

impl Answer {
    /// Checks a body: UTF-8, valid JSON, an object with a `data` member that is not null.
    ///
    /// `content_type` only improves the error: an HTML page means that something else answers at the address.
    pub fn parse(body: impl Into<Received>, content_type: &str) -> Result<Self, FetchError> {
        Self::parse_redacted(body, content_type, &Redactor::default())
    }

    /// Like [`parse`](Self::parse), for a body that may repeat secrets.
    pub(super) fn parse_redacted(
        body: impl Into<Received>,
        content_type: &str,
        redactor: &Redactor,
    ) -> Result<Self, FetchError> {
        Self::check(text(body.into(), redactor)?, content_type, redactor)
    }

    fn check(received: Body, content_type: &str, redactor: &Redactor) -> Result<Self, FetchError> {
        let body = &received.text;
        let data = match serde_json::from_str::<Envelope<'_>>(body) {
            // serde also deserializes a list into a struct.
            Ok(_) if !body.trim_start().starts_with('{') => {
                return Err(malformed("the response is not a JSON object".to_owned()));
            }
            Ok(Envelope { data: Some(data) }) => {
                // `data` borrows from `body`, so the difference is its offset.
                let start = (data.get().as_ptr() as usize).saturating_sub(body.as_ptr() as usize);
                start..start + data.get().len()
            }
            Ok(Envelope { data: None }) => {
                return Err(malformed("the response has no data (missing or null)".to_owned()));
            }
            Err(error) => return Err(malformed(describe(body, content_type, &error, redactor))),
        };
        Ok(Self { body: Arc::new(received), data })
    }

    /// Like [`parse`](Self::parse), for a large answer that the caller deserializes anyway. If the body is exactly `{"data":…}`, as
    /// from Proxmox VE, deserializing it checks it, which saves a pass. `read` must read the JSON to its end and refuse null;
    /// if it fails, the answer is checked like any other and its result is `None`.
    pub(super) fn parse_reading<R>(
        body: Received,
        content_type: &str,
        redactor: &Redactor,
        read: impl FnOnce(&str) -> serde_json::Result<R>,
    ) -> Result<(Self, Option<R>), FetchError> {
        const BEFORE: &str = "{\"data\":";
        let received = text(body, redactor)?;
        let body = &received.text;
        let data = body.strip_prefix(BEFORE).and_then(|rest| rest.strip_suffix('}'));
        match data.map(read) {
            Some(Ok(value)) => {
                let data = BEFORE.len()..body.len() - 1;
                Ok((Self { body: Arc::new(received), data }, Some(value)))
            }
            _ => Self::check(received, content_type, redactor).map(|answer| (answer, None)),
        }
    }

    /// The JSON text of the `data` member: never `null`.
    pub fn data(&self) -> &str {
        self.body.text.get(self.data.clone()).unwrap_or_default()
    }

    /// Whether this is the same answer, not just an equal one.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.body, &other.body)
    }

    /// Size of the whole body in bytes, decompressed.
    pub fn len(&self) -> usize {
        self.body.text.len()
    }

    /// Never true: the shortest body is `{"data":0}`.
    pub fn is_empty(&self) -> bool {
        self.body.text.is_empty()
    }
}

fn malformed(detail: String) -> FetchError {
    FetchError::new(FetchErrorKind::Malformed, detail)
}

fn describe(body: &str, content_type: &str, error: &serde_json::Error, redactor: &Redactor) -> String {
    if body.trim().is_empty() {
        return "the response is empty: check target, port and path_prefix".to_owned();
    }
    let html = content_type.starts_with("text/html") || body.trim_start().starts_with('<');
    if html {
        return format!(
            "the response is an HTML page, not JSON: is there a proxy or a login page in front of the API? Check target, port and \
             path_prefix. It starts with {}",
            excerpt(body, redactor)
        );
    }
    match error.classify() {
        serde_json::error::Category::Eof => {
            format!("the JSON ends too early, after {} bytes: the response was cut off", body.len())
        }
        // serde quotes values of another type than it expects.
        serde_json::error::Category::Data => {
            let (line, column) = (error.line(), error.column());
            format!(
                "the response is not the API's JSON (unexpected value at line {line} column {column}; {content_type})"
            )
        }
        _ => {
            let excerpt = excerpt(body, redactor);
            format!("the response is not the API's JSON ({error}; {content_type}); it starts with {excerpt}")
        }
    }
}

fn excerpt(body: &str, redactor: &Redactor) -> String {
    let start = redactor.redact(shorten(body.trim_start(), SEARCHED));
    format!("{:?}", start.chars().take(EXCERPT).collect::<String>())
}
