//! The way to one cluster: its addresses, the connections kept to them, and one request over it from the first byte
//! to the last, observed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::{RequestBuilder, Response, Url, header};
use tokio::time::{Instant, timeout_at};

use super::cause::ExchangeError;
use super::client::Observer;
use super::error::FetchError;
use super::tls;
use crate::config::{Module, Targets};
use crate::contract::FetchErrorKind;

/// `pveproxy` closes a connection that was idle for 5 s; ours are gone before that.
const IDLE: Duration = Duration::from_secs(4);
/// How long one of several addresses may take to connect: the next one must have its turn before a usual deadline.
const CONNECT: Duration = Duration::from_secs(3);

/// What came back: the body only with a success.
pub(super) struct Reply {
    pub(super) status: u16,
    /// From the status line, where Proxmox VE says what is wrong.
    pub(super) reason: String,
    pub(super) content_type: String,
    pub(super) body: Vec<u8>,
}

impl Reply {
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

pub(super) struct Link {
    http: reqwest::Client,
    addresses: Vec<Address>,
    /// The address that answered last.
    current: AtomicUsize,
    max_body: usize,
    observer: Arc<dyn Observer>,
}

struct Address {
    /// `host:port`, for messages.
    name: String,
    /// `https://host:port/prefix/api2/json`, checked.
    root: String,
}

impl Link {
    pub(super) fn new(
        module: &Module,
        targets: &Targets,
        max_body: usize,
        connections: usize,
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
            // A host that is off swallows packets; each address gets its share of the time-out.
            builder = builder.connect_timeout(CONNECT.min(module.timeout / several));
        }
        let http = builder.build().map_err(|error| format!("no HTTP client: {error}"))?;
        Ok(Self { http, addresses, current: AtomicUsize::new(0), max_body, observer })
    }

    /// One request, over by `end`. Begins at the address that answered last; goes on to the next one where there is no
    /// connection to be had, and asks once more where a connection ended before the first byte of an answer: the
    /// server closes idle ones and recycles its workers.
    ///
    /// `template` is the observer's name for it; `make` is given `https://host:port/api2/json`.
    pub(super) async fn ask(
        &self,
        template: &str,
        end: Instant,
        make: impl Fn(&reqwest::Client, &str) -> RequestBuilder,
    ) -> Result<Reply, FetchError> {
        let first = self.current.load(Ordering::Relaxed);
        let mut failed: Vec<FetchError> = Vec::new();
        for step in 0..self.addresses.len() {
            let index = (first + step) % self.addresses.len();
            let Some(address) = self.addresses.get(index) else { continue };
            let mut result = self.exchange(template, end, address, make(&self.http, &address.root)).await;
            if result.as_ref().is_err_and(|failure| failure.closed) {
                tracing::debug!(address = %address.name, path = template, "connection was closed, asking again");
                result = self.exchange(template, end, address, make(&self.http, &address.root)).await;
            }
            match result {
                Ok(reply) => {
                    if step > 0 {
                        tracing::info!(address = %address.name, "cluster answers at another address");
                        // Another request may have gone on already; its choice is as good.
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
                let what = if answering { "only a part of the answer" } else { "no answer" };
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
        let mut reply = Reply { status: response.status().as_u16(), reason, content_type, body: Vec::new() };
        if !reply.is_success() {
            // The connection ends with it anyway, and the reason says what the body would.
            return Ok(reply);
        }
        let announced = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
        if announced > self.max_body {
            return Err(self.too_large(address));
        }
        reply.body.reserve_exact(announced);
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if reply.body.len() + chunk.len() > self.max_body => {
                    return Err(self.too_large(address));
                }
                Ok(Some(chunk)) => reply.body.extend_from_slice(&chunk),
                Ok(None) => return Ok(reply),
                Err(error) => return Err(ExchangeError::of_body(&address.name, reply.body.len(), &error)),
            }
        }
    }

    fn too_large(&self, address: &Address) -> ExchangeError {
        let detail = format!("{}: the answer is longer than {} bytes (--api.max-body)", address.name, self.max_body);
        ExchangeError::new("body", FetchErrorKind::TooLarge, detail)
    }
}

/// The last failure's kind with what was wrong at every address.
fn merge(mut failed: Vec<FetchError>) -> FetchError {
    let Some(mut last) = failed.pop() else {
        return FetchError::new(FetchErrorKind::Unavailable, "there is no address to ask");
    };
    for earlier in failed.iter().rev() {
        last.detail = format!("{}; {}", earlier.detail, last.detail);
    }
    last
}
