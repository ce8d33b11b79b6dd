//! An answer of the API: the body as it came, and where in it `data` is.
//!
//! The body of `/cluster/resources` is megabytes; it is kept once and handed on as a slice, without the envelope.

use std::ops::Range;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::FetchError;
use crate::contract::FetchErrorKind;

/// How much of a body that is no JSON the log shows, in characters.
const EXCERPT: usize = 60;

/// A successful answer. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Answer {
    body: Arc<String>,
    data: Range<usize>,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

impl Answer {
    /// Check a body: UTF-8, JSON from end to end, an object with a `data` member that is not null.
    ///
    /// `content_type` only makes the message better: an HTML page means that something else answers at the address.
    pub fn parse(body: Vec<u8>, content_type: &str) -> Result<Self, FetchError> {
        Self::check(text(body)?, content_type)
    }

    fn check(body: String, content_type: &str) -> Result<Self, FetchError> {
        let data = match serde_json::from_str::<Envelope<'_>>(&body) {
            // serde would take a list for a struct.
            Ok(_) if !body.trim_start().starts_with('{') => {
                return Err(malformed("the answer is not a JSON object".to_owned()));
            }
            Ok(Envelope { data: Some(data) }) => {
                // Borrowed from `body`, so the difference is its place in there.
                let start = (data.get().as_ptr() as usize).saturating_sub(body.as_ptr() as usize);
                start..start + data.get().len()
            }
            Ok(Envelope { data: None }) => {
                return Err(malformed("the answer has no data (missing or null)".to_owned()));
            }
            Err(error) => return Err(malformed(describe(&body, content_type, &error))),
        };
        Ok(Self { body: Arc::new(body), data })
    }

    /// Like [`parse`](Self::parse), for a large answer of which the caller makes something anyway: where the body is `{"data":…}` and
    /// nothing else, as it is from Proxmox VE, reading it is checking it, and saves a pass over it. `read` takes the JSON to its
    /// end and refuses null; what it can't read is checked as any other answer is, and its result is `None`.
    pub fn parse_reading<R>(
        body: Vec<u8>,
        content_type: &str,
        read: impl FnOnce(&str) -> serde_json::Result<R>,
    ) -> Result<(Self, Option<R>), FetchError> {
        const BEFORE: &str = "{\"data\":";
        let body = text(body)?;
        let data = body.strip_prefix(BEFORE).and_then(|rest| rest.strip_suffix('}'));
        match data.map(read) {
            Some(Ok(value)) => {
                let data = BEFORE.len()..body.len() - 1;
                Ok((Self { body: Arc::new(body), data }, Some(value)))
            }
            _ => Self::check(body, content_type).map(|answer| (answer, None)),
        }
    }

    /// The JSON text of the `data` member: never `null`.
    pub fn data(&self) -> &str {
        self.body.get(self.data.clone()).unwrap_or_default()
    }

    /// Whether this is the same answer, not one that says the same.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.body, &other.body)
    }

    /// Size of the whole body in bytes, decompressed.
    pub fn len(&self) -> usize {
        self.body.len()
    }

    /// Never true: the shortest answer is `{"data":0}`.
    pub fn is_empty(&self) -> bool {
        self.body.is_empty()
    }
}

fn malformed(detail: String) -> FetchError {
    FetchError::new(FetchErrorKind::Malformed, detail)
}

fn text(body: Vec<u8>) -> Result<String, FetchError> {
    String::from_utf8(body)
        .map_err(|error| malformed(format!("the answer is not UTF-8 at byte {}", error.utf8_error().valid_up_to())))
}

fn describe(body: &str, content_type: &str, error: &serde_json::Error) -> String {
    if body.trim().is_empty() {
        return "the answer is empty".to_owned();
    }
    let html = content_type.starts_with("text/html") || body.trim_start().starts_with('<');
    if html {
        return format!(
            "the answer is an HTML page, not JSON: does a proxy or a login page stand before the API? It begins with {}",
            excerpt(body)
        );
    }
    match error.classify() {
        serde_json::error::Category::Eof => {
            format!("the JSON ends too early, after {} bytes: the answer was cut off", body.len())
        }
        _ => format!("the answer is not the API's JSON ({error}; {content_type}); it begins with {}", excerpt(body)),
    }
}

fn excerpt(body: &str) -> String {
    format!("{:?}", body.trim_start().chars().take(EXCERPT).collect::<String>())
}
