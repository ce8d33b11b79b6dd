//! One address of a cluster, and the connections to it.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use parking_lot::Mutex;
use rustls::ClientConfig;
use tokio::time::Instant;

use super::dials::Dials;

/// `pveproxy` closes connections that were idle for 5 s; ours are dropped before that.
const IDLE: Duration = Duration::from_secs(4);
/// How long an address that failed is tried after the others.
const FAILED: Duration = Duration::from_secs(300);

/// A resolved address of a target.
pub(super) struct Endpoint {
    /// For messages: `host:port`, with the address if the name has several.
    pub(super) name: String,
    /// `host:port`, as configured.
    pub(super) target: String,
    pub(super) address: SocketAddr,
    /// `https://host:port/prefix/api2/json`, a valid URL.
    pub(super) root: String,
    /// Keeps connections.
    pub(super) kept: reqwest::Client,
    /// Opens one for each request.
    pub(super) fresh: reqwest::Client,
    pub(super) dials: Dials,
    failed: Mutex<Option<Instant>>,
}

/// What all endpoints of a cluster have in common.
pub(super) struct Connecting {
    pub(super) tls: ClientConfig,
    /// Connections that are kept.
    pub(super) connections: usize,
    pub(super) timeout: Duration,
    pub(super) lookup: Lookup,
}

/// Looks up the addresses of a host.
pub(super) type Lookup = fn(String, u16) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// The system's resolver.
pub(super) fn system_lookup(
    host: String,
    port: u16,
) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>> {
    Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
}

/// Where an endpoint is.
pub(super) struct Location<'a> {
    pub(super) host: &'a str,
    pub(super) target: &'a str,
    pub(super) root: &'a str,
    pub(super) address: SocketAddr,
    /// Whether the name has other addresses.
    pub(super) several: bool,
}

impl Endpoint {
    pub(super) fn new(location: &Location<'_>, connecting: &Connecting) -> Result<Self, String> {
        let Location { host, target, root, address, several } = *location;
        let dials = Dials::default();
        let client = |kept: usize| {
            reqwest::Client::builder()
                .tls_backend_preconfigured(connecting.tls.clone())
                .https_only(true)
                .http1_only()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .gzip(true)
                .user_agent(concat!("pve-exporter/", env!("CARGO_PKG_VERSION")))
                .pool_idle_timeout(IDLE)
                .pool_max_idle_per_host(kept)
                .resolve(host, address)
                // Before the request's own timeout, so that the error says that there was no connection.
                .connect_timeout(connecting.timeout.mul_f64(0.8))
                .connector_layer(dials.clone())
                .build()
                .map_err(|error| format!("no HTTP client: {error}"))
        };
        let name = if several { format!("{target} ({})", address.ip()) } else { target.to_owned() };
        Ok(Self {
            name,
            target: target.to_owned(),
            address,
            root: root.to_owned(),
            kept: client(connecting.connections)?,
            fresh: client(0)?,
            dials,
            failed: Mutex::default(),
        })
    }

    pub(super) fn note_failure(&self) {
        *self.failed.lock() = Some(Instant::now());
    }

    pub(super) fn note_answer(&self) {
        *self.failed.lock() = None;
    }

    /// Whether it failed not long ago.
    pub(super) fn has_failed(&self) -> bool {
        self.failed.lock().is_some_and(|at| at.elapsed() < FAILED)
    }
}
