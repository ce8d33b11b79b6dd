//! Single requests over a connection, from the first byte to the last.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::{RequestBuilder, Response, header};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::{Instant, timeout, timeout_at};

use super::answer::Received;
use super::cause::ExchangeError;
use super::endpoint::Endpoint;
use super::error::FetchError;
use super::observer::Observer;
use super::redactor::Redactor;
use crate::budget::{ByteBudget, OverBudget};
use crate::contract::FetchErrorKind;
use crate::text::Foreign;

/// Bytes of an error's body that are read.
const MESSAGE: usize = 16 << 10;
/// How long an error's body may take.
const MESSAGE_TIME: Duration = Duration::from_millis(500);

/// A response; the body is read only if it is a success.
pub(super) struct Reply {
    pub(super) status: u16,
    /// The reason phrase, in which Proxmox VE reports errors, or what the body says if a proxy replaced the phrase.
    pub(super) reason: String,
    /// Whether the reason is the API's, as far as one can tell.
    pub(super) from_api: bool,
    pub(super) content_type: String,
    pub(super) body: Received,
}

impl Reply {
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Why it is not a success.
    pub(super) fn error(&self) -> FetchError {
        FetchError::of_status(self.status, &self.reason, self.from_api)
    }

    /// For a response of something other than the API, at one of several addresses.
    pub(super) fn failure(&self, address: &str) -> ExchangeError {
        let error = if self.is_success() {
            FetchError::new(FetchErrorKind::Malformed, "the response is not the API's JSON")
        } else {
            self.error()
        };
        let detail = Foreign::new(&format!("{address}: {}", error.detail));
        let error = FetchError { detail, status: Some(self.status), ..error };
        ExchangeError { stage: "body", unconnected: false, closed: false, error }
    }

    /// Whether the API responded, be it with a refusal.
    pub(super) fn is_answer(&self) -> bool {
        let is_object = || self.body.bytes.trim_ascii_start().starts_with(b"{");
        if self.is_success() { is_object() } else { matches!(self.status, 401 | 403) }
    }
}

/// How requests are sent.
pub(super) struct Exchange {
    pub(super) max_body: usize,
    pub(super) budget: Arc<ByteBudget>,
    pub(super) redactor: Arc<Redactor>,
    pub(super) observer: Arc<dyn Observer>,
}

impl Exchange {
    /// Sends a request once; finishes by `end`. `template` is the path for the observer.
    pub(super) async fn send(
        &self,
        template: &str,
        end: Instant,
        endpoint: &Endpoint,
        request: RequestBuilder,
    ) -> Result<Reply, ExchangeError> {
        let start = Instant::now();
        let answering = AtomicBool::new(false);
        let attempt = async {
            let response = request.send().await;
            let response = response.map_err(|error| ExchangeError::of_send(&endpoint.name, start.elapsed(), &error))?;
            answering.store(true, Ordering::Relaxed);
            self.read(endpoint, response).await
        };
        let mut attempt = pin!(attempt);
        // By reference: a connection that is being opened ends with the attempt.
        let result = match timeout_at(end, &mut attempt).await {
            Ok(result) => result,
            Err(_) if !answering.load(Ordering::Relaxed) && endpoint.dials.are_waiting(start) => {
                Err(ExchangeError::unconnected(&endpoint.name, start.elapsed()))
            }
            Err(_) => {
                let what =
                    if answering.load(Ordering::Relaxed) { "only a part of the response" } else { "no response" };
                let waited = start.elapsed().as_secs_f64();
                let detail = format!("{}: {what} within {waited:.1} s", endpoint.name);
                Err(ExchangeError::new("timed_out", FetchErrorKind::TimedOut, detail))
            }
        };
        match &result {
            Ok(reply) => self.observer.request(template, &reply.status.to_string(), start.elapsed()),
            Err(failure) => self.observer.request(template, failure.stage, start.elapsed()),
        }
        result
    }

    async fn read(&self, endpoint: &Endpoint, response: Response) -> Result<Reply, ExchangeError> {
        let phrase = response.extensions().get::<hyper::ext::ReasonPhrase>();
        let phrase = phrase.map(|phrase| String::from_utf8_lossy(phrase.as_bytes()).into_owned()).unwrap_or_default();
        let usual = response.status().canonical_reason().unwrap_or_default();
        let content_type = match response.headers().get(header::CONTENT_TYPE).map(header::HeaderValue::to_str) {
            Some(Ok(text)) => text.to_owned(),
            _ => "no content type".to_owned(),
        };
        // Go's HTTP server, as in Caddy, writes `595 status code 595`.
        let says_nothing = phrase.is_empty() || phrase == format!("status code {}", response.status().as_u16());
        let is_usual = says_nothing || letters(&phrase).eq(letters(usual));
        let reason = if says_nothing { usual.to_owned() } else { phrase };
        let mut reply = Reply {
            status: response.status().as_u16(),
            from_api: !is_usual || content_type.contains("json"),
            reason,
            content_type,
            body: Received::default(),
        };
        if reply.is_success() {
            reply.body = self.body(endpoint, response).await?;
        } else if is_usual
            && reply.status >= 400
            && let Ok(Some(message)) = timeout(MESSAGE_TIME, message(response)).await
        {
            reply.reason = message;
            reply.from_api = true;
        }
        // What the server says may repeat what it was sent.
        reply.reason = self.redactor.redact(&reply.reason);
        reply.content_type = self.redactor.redact(&reply.content_type);
        Ok(reply)
    }

    async fn body(&self, endpoint: &Endpoint, mut response: Response) -> Result<Received, ExchangeError> {
        let announced = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
        if announced > self.max_body {
            return Err(self.too_large(endpoint));
        }
        let over = |over: &OverBudget| over_budget(endpoint, over);
        let mut body =
            Received { held: self.budget.reserve(announced).map_err(|error| over(&error))?, ..Received::default() };
        body.bytes.reserve_exact(announced);
        loop {
            let Received { bytes, held } = &mut body;
            match response.chunk().await {
                Ok(Some(chunk)) if bytes.len() + chunk.len() > self.max_body => {
                    return Err(self.too_large(endpoint));
                }
                Ok(Some(chunk)) => {
                    let needed = bytes.len() + chunk.len();
                    if needed > held.bytes() {
                        let wanted = needed.max(2 * held.bytes()).min(self.max_body);
                        held.grow(wanted - held.bytes()).map_err(|error| over(&error))?;
                        bytes.reserve_exact(wanted - bytes.len());
                    }
                    bytes.extend_from_slice(&chunk);
                }
                Ok(None) => {
                    bytes.shrink_to_fit();
                    held.shrink_to(bytes.capacity());
                    return Ok(body);
                }
                Err(error) => return Err(ExchangeError::of_body(&endpoint.name, bytes.len(), &error)),
            }
        }
    }

    fn too_large(&self, endpoint: &Endpoint) -> ExchangeError {
        let detail = format!("{}: the response is longer than {} bytes (--api.max-body)", endpoint.name, self.max_body);
        ExchangeError::new("body", FetchErrorKind::TooLarge, detail)
    }
}

fn over_budget(endpoint: &Endpoint, over: &OverBudget) -> ExchangeError {
    let detail = format!("{}: no room for the answer: {over} (--memory.budget)", endpoint.name);
    ExchangeError::new("body", FetchErrorKind::TooLarge, detail)
}

/// nginx says `Gateway Time-out`, others `Gateway Timeout`.
fn letters(phrase: &str) -> impl Iterator<Item = char> + '_ {
    phrase.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase())
}

/// What the body of an error says. Proxmox VE sends the reason phrase there too, which proxies and HTTP/2 drop from the status line.
async fn message(mut response: Response) -> Option<String> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > MESSAGE {
            return None;
        }
    }
    message_of(&body)
}

fn message_of(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct ErrorBody {
        message: Option<String>,
        #[serde(default)]
        errors: Value,
    }
    let ErrorBody { message, errors } = serde_json::from_slice(body).ok()?;
    let mut words = message.unwrap_or_default().trim().to_owned();
    // By parameter: {"errors":{"vmid":"type check ('integer') failed"}}.
    for (name, error) in errors.as_object().into_iter().flatten() {
        if let Some(error) = error.as_str() {
            words.push_str(if words.is_empty() { "" } else { "; " });
            words.push_str(&format!("{name}: {}", error.trim()));
        }
    }
    (!words.is_empty()).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_in_bodies() {
        for (body, words) in [
            (r#"{"data":null,"message":"no quorum!\n"}"#, Some("no quorum!")),
            (
                r#"{"message":"Parameter verification failed.\n","errors":{"vmid":"not an integer"},"data":null}"#,
                Some("Parameter verification failed.; vmid: not an integer"),
            ),
            (r#"{"data":null}"#, None),
            (r#"{"message":7}"#, None),
            ("<html>", None),
            ("", None),
        ] {
            assert_eq!(message_of(body.as_bytes()).as_deref(), words, "{body}");
        }
    }
}
