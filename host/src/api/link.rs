//! Connections to a cluster: its addresses, kept connections, and single requests over them from the first byte to the last.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::{RequestBuilder, Response, Url, header};
use tokio::time::{Instant, timeout_at};

use super::answer::Received;
use super::cause::ExchangeError;
use super::error::FetchError;
use super::observer::Observer;
use super::redactor::Redactor;
use super::tls;
use crate::budget::{ByteBudget, OverBudget};
use crate::config::{Module, Targets};
use crate::contract::FetchErrorKind;
use crate::text::Foreign;

/// `pveproxy` closes connections that were idle for 5 s; ours are dropped before that.
const IDLE: Duration = Duration::from_secs(4);
/// Connect timeout of one of several addresses, so that the next one is tried before a usual deadline.
const CONNECT: Duration = Duration::from_secs(3);

/// A response; the body is read only if it is a success.
pub(super) struct Reply {
    pub(super) status: u16,
    /// The reason phrase, in which Proxmox VE reports errors.
    pub(super) reason: String,
    pub(super) content_type: String,
    pub(super) body: Received,
}

impl Reply {
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Whether a request may be sent again if the connection was closed before a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    IfClosed,
    /// It has a code that is valid once.
    Never,
}

pub(super) struct Link {
    http: reqwest::Client,
    addresses: Vec<Address>,
    /// The index of the address that responded last.
    current: AtomicUsize,
    max_body: usize,
    budget: Arc<ByteBudget>,
    redactor: Arc<Redactor>,
    observer: Arc<dyn Observer>,
}

struct Address {
    /// `host:port`, for messages.
    name: String,
    /// `https://host:port/prefix/api2/json`, a valid URL.
    root: String,
}

impl Link {
    pub(super) fn new(
        module: &Module,
        targets: &Targets,
        max_body: usize,
        connections: usize,
        budget: Arc<ByteBudget>,
        redactor: Arc<Redactor>,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, String> {
        let address = |target: &crate::config::Target| {
            let root = format!("https://{target}{}/api2/json", module.path_prefix);
            match Url::parse(&root) {
                Ok(_) => Ok(Address { name: target.to_string(), root }),
                Err(error) => Err(format!("target {target}: {error}")),
            }
        };
        let addresses = targets.iter().map(address).collect::<Result<Vec<_>, _>>()?;
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::client_config(module)?)
            .https_only(true)
            .http1_only()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .gzip(true)
            .user_agent(concat!("pve-exporter/", env!("CARGO_PKG_VERSION")))
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(connections);
        if let Ok(several) = u32::try_from(addresses.len())
            && several > 1
        {
            // Packets to a host that is off are lost; each address gets its share of the timeout.
            builder = builder.connect_timeout(CONNECT.min(module.timeout / several));
        }
        let http = builder.build().map_err(|error| format!("no HTTP client: {error}"))?;
        Ok(Self { http, addresses, current: AtomicUsize::new(0), max_body, budget, redactor, observer })
    }

    /// Sends one request; finishes by `end`. Starts with the address that responded last and tries the next one if it can't
    /// connect. Retries once if the connection was closed before the first byte of a response: the server closes idle
    /// connections and recycles its workers.
    ///
    /// `template` is the path for the observer; `make` gets `https://host:port/api2/json`.
    pub(super) async fn ask(
        &self,
        template: &str,
        end: Instant,
        repeat: Repeat,
        make: impl Fn(&reqwest::Client, &str) -> RequestBuilder,
    ) -> Result<Reply, FetchError> {
        let first = self.current.load(Ordering::Relaxed);
        let mut failed: Vec<FetchError> = Vec::new();
        for step in 0..self.addresses.len() {
            let index = (first + step) % self.addresses.len();
            let Some(address) = self.addresses.get(index) else { continue };
            let mut result = self.exchange(template, end, address, make(&self.http, &address.root)).await;
            if repeat == Repeat::IfClosed && result.as_ref().is_err_and(|failure| failure.closed) {
                tracing::debug!(address = %address.name, path = template, "connection was closed, retrying");
                result = self.exchange(template, end, address, make(&self.http, &address.root)).await;
            }
            match result {
                Ok(reply) => {
                    if step > 0 {
                        tracing::info!(address = %address.name, "cluster responds at another address");
                        // Another request may have switched already; its choice is as good.
                        let _ = self.current.compare_exchange(first, index, Ordering::Relaxed, Ordering::Relaxed);
                    }
                    return Ok(reply);
                }
                Err(failure) if failure.unconnected && Instant::now() < end => failed.push(failure.error),
                Err(failure) => {
                    failed.push(failure.error);
                    break;
                }
            }
        }
        Err(merge(failed))
    }

    async fn exchange(
        &self,
        template: &str,
        end: Instant,
        address: &Address,
        request: RequestBuilder,
    ) -> Result<Reply, ExchangeError> {
        let start = Instant::now();
        let mut answering = false;
        let attempt = async {
            let response = request.send().await.map_err(|error| ExchangeError::of_send(&address.name, &error))?;
            answering = true;
            self.read(address, response).await
        };
        let result = match timeout_at(end, attempt).await {
            Ok(result) => result,
            Err(_) => {
                let what = if answering { "only a part of the response" } else { "no response" };
                let waited = start.elapsed().as_secs_f64();
                let detail = format!("{}: {what} within {waited:.1} s", address.name);
                Err(ExchangeError::new("timed_out", FetchErrorKind::TimedOut, detail))
            }
        };
        match &result {
            Ok(reply) => self.observer.request(template, &reply.status.to_string(), start.elapsed()),
            Err(failure) => self.observer.request(template, failure.stage, start.elapsed()),
        }
        result
    }

    async fn read(&self, address: &Address, mut response: Response) -> Result<Reply, ExchangeError> {
        let reason = match response.extensions().get::<hyper::ext::ReasonPhrase>() {
            Some(phrase) if !phrase.as_bytes().is_empty() => String::from_utf8_lossy(phrase.as_bytes()).into_owned(),
            _ => response.status().canonical_reason().unwrap_or_default().to_owned(),
        };
        let content_type = match response.headers().get(header::CONTENT_TYPE).map(header::HeaderValue::to_str) {
            Some(Ok(text)) => text.to_owned(),
            _ => "no content type".to_owned(),
        };
        // What the server says may repeat what it was sent.
        let (reason, content_type) = (self.redactor.redact(&reason), self.redactor.redact(&content_type));
        let mut reply = Reply { status: response.status().as_u16(), reason, content_type, body: Received::default() };
        if !reply.is_success() {
            // The server closes the connection, and the reason phrase says the same as the body.
            return Ok(reply);
        }
        let announced = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
        if announced > self.max_body {
            return Err(self.too_large(address));
        }
        let over = |over: &OverBudget| self.over_budget(address, over);
        reply.body.held = self.budget.reserve(announced).map_err(|error| over(&error))?;
        reply.body.bytes.reserve_exact(announced);
        loop {
            let Received { bytes, held } = &mut reply.body;
            match response.chunk().await {
                Ok(Some(chunk)) if bytes.len() + chunk.len() > self.max_body => {
                    return Err(self.too_large(address));
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
                    return Ok(reply);
                }
                Err(error) => return Err(ExchangeError::of_body(&address.name, bytes.len(), &error)),
            }
        }
    }

    fn over_budget(&self, address: &Address, over: &OverBudget) -> ExchangeError {
        let detail = format!("{}: no room for the answer: {over} (--memory.budget)", address.name);
        ExchangeError::new("body", FetchErrorKind::TooLarge, detail)
    }

    fn too_large(&self, address: &Address) -> ExchangeError {
        let detail = format!("{}: the response is longer than {} bytes (--api.max-body)", address.name, self.max_body);
        ExchangeError::new("body", FetchErrorKind::TooLarge, detail)
    }
}

/// The last error, with the details of all addresses.
fn merge(mut failed: Vec<FetchError>) -> FetchError {
    let Some(mut last) = failed.pop() else {
        return FetchError::new(FetchErrorKind::Unavailable, "there is no address");
    };
    for earlier in failed.iter().rev() {
        last.detail = Foreign::new(&format!("{}; {}", earlier.detail, last.detail));
    }
    last
}
