//! Requests to a cluster: which of its addresses get one, and when it is sent again.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use reqwest::RequestBuilder;
use tokio::time::{Instant, sleep};

use super::addresses::{AddressInUse, Addresses, Candidates};
use super::cause::ExchangeError;
use super::endpoint::{Connecting, Endpoint, system_lookup};
use super::error::FetchError;
use super::exchange::{Exchange, Reply};
use super::tls;
use crate::config::{Module, Targets};
use crate::contract::FetchErrorKind;
use crate::text::Foreign;

/// Without a connection for this long, the next address is tried along with the others.
const STAGGER: Duration = Duration::from_millis(300);
/// Without a response for this long, the request is sent to the next address too, if it may be.
const PATIENCE: Duration = Duration::from_secs(2);
/// The same for logins: a refusal takes 3 s.
const LOGIN_PATIENCE: Duration = Duration::from_millis(3500);

/// Which requests may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// Over a new connection, if a kept one was closed before a response.
    IfClosed,
    /// Also to another address, if one does not respond as the API does.
    Anywhere,
    /// Also to another address, if one does not respond.
    Login,
    /// Never: it has a code that is valid once.
    Never,
}

impl Repeat {
    fn accepts(self, reply: &Reply) -> bool {
        self != Self::Anywhere || reply.is_answer()
    }

    /// How long to wait for a response before the request is sent to the next of `addresses` more.
    fn patience(self, left: Duration, addresses: usize) -> Option<Duration> {
        match self {
            Self::Anywhere => Some(PATIENCE.min(left / u32::try_from(addresses + 2).unwrap_or(u32::MAX))),
            Self::Login => Some(LOGIN_PATIENCE),
            Self::IfClosed | Self::Never => None,
        }
    }

    /// Whether the next address is tried after a failure.
    fn tries_next(self, failure: &ExchangeError) -> bool {
        failure.unconnected || matches!(self, Self::Anywhere | Self::Login)
    }
}

pub(super) struct Link {
    addresses: Addresses,
    pub(super) exchange: Exchange,
}

/// A request that was sent to an address.
struct Attempt {
    endpoint: Arc<Endpoint>,
    start: Instant,
}

/// The addresses that one request was sent to.
#[derive(Default)]
struct Race {
    /// Without a response so far, in the order in which it was sent.
    attempts: Vec<Attempt>,
    /// Those that failed.
    beaten: Vec<Arc<Endpoint>>,
    failed: Vec<ExchangeError>,
}

impl Link {
    pub(super) fn new(
        module: &Module,
        targets: &Targets,
        connections: usize,
        exchange: Exchange,
    ) -> Result<Self, String> {
        let tls = tls::client_config(module)?;
        let connecting = Connecting { tls, connections, timeout: module.timeout, lookup: system_lookup };
        Ok(Self { addresses: Addresses::new(targets, &module.path_prefix, connecting)?, exchange })
    }

    pub(super) fn preferred_target(&self) -> String {
        self.addresses.preferred()
    }

    pub(super) fn address_in_use(&self) -> Option<AddressInUse> {
        self.addresses.in_use()
    }

    /// Sends one request; finishes by `end`. Starts with the address in use, and tries the next ones if it has no connection in time
    /// or, if the request allows that, no response.
    ///
    /// `template` is the path for the observer; `make` gets `https://host:port/api2/json`.
    pub(super) async fn ask(
        &self,
        template: &str,
        end: Instant,
        repeat: Repeat,
        make: impl Fn(&reqwest::Client, &str) -> RequestBuilder,
    ) -> Result<Reply, ExchangeError> {
        let Candidates { endpoints, failed } = self.addresses.candidates(end).await;
        let only = endpoints.len() == 1 && failed.is_empty();
        if endpoints.is_empty() {
            failed.iter().for_each(|_| self.exchange.observer.request(template, "connect", Duration::ZERO));
        }
        let mut race = Race { failed: failed.into_iter().map(ExchangeError::unresolved).collect(), ..Race::default() };
        let (mut waiting, mut running) = (endpoints.into_iter(), FuturesUnordered::new());
        let mut start_next = true;
        loop {
            if start_next && let Some(endpoint) = waiting.next() {
                race.attempts.push(Attempt { endpoint: Arc::clone(&endpoint), start: Instant::now() });
                running.push(self.attempt(template, end, repeat, endpoint, &make));
            }
            tokio::select! {
                finished = running.next() => {
                    let Some((endpoint, result)) = finished else { break };
                    let failure = match result {
                        Ok(reply) if only || repeat.accepts(&reply) => {
                            self.finish(race, template, &endpoint, reply.is_answer());
                            return Ok(reply);
                        }
                        Ok(reply) => reply.failure(&endpoint.name),
                        Err(failure) => failure,
                    };
                    start_next = repeat.tries_next(&failure) && Instant::now() < end;
                    race.fail(endpoint, failure, start_next);
                }
                () = sleep(STAGGER), if waiting.len() > 0 => {
                    start_next = race.attempts.last().is_some_and(|last| last.is_overdue(repeat, end, waiting.len()));
                }
            }
        }
        if race.failed.iter().all(|failure| failure.unconnected) {
            self.addresses.all_failed();
        }
        Err(merge(race.failed))
    }

    /// Sends a request to one address, and again if a kept connection was closed: the server closes idle connections and recycles its
    /// workers, and other kept ones may be closed as well.
    async fn attempt(
        &self,
        template: &str,
        end: Instant,
        repeat: Repeat,
        endpoint: Arc<Endpoint>,
        make: &impl Fn(&reqwest::Client, &str) -> RequestBuilder,
    ) -> (Arc<Endpoint>, Result<Reply, ExchangeError>) {
        let mut result = self.exchange.send(template, end, &endpoint, make(&endpoint.kept, &endpoint.root)).await;
        if repeat != Repeat::Never && result.as_ref().is_err_and(|failure| failure.closed) {
            tracing::debug!(address = endpoint.name, path = template, "connection was closed, retrying");
            result = self.exchange.send(template, end, &endpoint, make(&endpoint.fresh, &endpoint.root)).await;
        }
        (endpoint, result)
    }

    /// Ends a race that an address has won, if it responded as the API does.
    fn finish(&self, race: Race, template: &str, winner: &Arc<Endpoint>, is_answer: bool) {
        let Race { mut attempts, mut beaten, failed } = race;
        let position = attempts.iter().position(|attempt| Arc::ptr_eq(&attempt.endpoint, winner)).unwrap_or_default();
        let after = attempts.split_off(position);
        for attempt in attempts.iter().chain(after.iter().skip(1)) {
            self.exchange.observer.request(template, "timed_out", attempt.start.elapsed());
        }
        if !is_answer {
            return;
        }
        let mut words: Vec<String> = failed.iter().map(|failure| failure.error.detail.to_string()).collect();
        words.extend(attempts.iter().map(Attempt::describe));
        beaten.extend(attempts.into_iter().map(|attempt| attempt.endpoint));
        // Again: other requests may have had a response there since.
        beaten.iter().for_each(|endpoint| endpoint.note_failure());
        self.addresses.responded(winner, &words.join("; "));
    }
}

impl Race {
    fn fail(&mut self, endpoint: Arc<Endpoint>, failure: ExchangeError, is_beaten: bool) {
        self.attempts.retain(|attempt| !Arc::ptr_eq(&attempt.endpoint, &endpoint));
        self.failed.push(failure);
        if is_beaten {
            endpoint.note_failure();
            self.beaten.push(endpoint);
        }
    }
}

impl Attempt {
    fn describe(&self) -> String {
        let what = if self.endpoint.dials.are_waiting(self.start) { "connection" } else { "response" };
        format!("{}: no {what} within {:.1} s", self.endpoint.name, self.start.elapsed().as_secs_f64())
    }

    /// Whether the next address should not wait for this one any longer.
    fn is_overdue(&self, repeat: Repeat, end: Instant, addresses: usize) -> bool {
        if repeat != Repeat::Never && self.endpoint.dials.are_waiting(self.start) {
            return true;
        }
        let left = end.saturating_duration_since(self.start);
        repeat.patience(left, addresses).is_some_and(|patience| self.start.elapsed() >= patience)
    }
}

/// The last error, with the details of all addresses.
fn merge(mut failed: Vec<ExchangeError>) -> ExchangeError {
    let Some(mut last) = failed.pop() else {
        return ExchangeError::new("connect", FetchErrorKind::Unavailable, "there is no address");
    };
    for earlier in failed.iter().rev() {
        let detail = Foreign::new(&format!("{}; {}", earlier.error.detail, last.error.detail));
        last.error = FetchError { detail, ..last.error };
    }
    last.unconnected &= failed.iter().all(|earlier| earlier.unconnected);
    last
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::net::{Ipv4Addr, SocketAddr};
    use std::path::Path;
    use std::pin::Pin;

    use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;
    use crate::api::NoObserver;
    use crate::api::redactor::Redactor;
    use crate::budget::ByteBudget;
    use crate::config::{Config, Environment};

    const FIRST: Ipv4Addr = Ipv4Addr::LOCALHOST;
    const SECOND: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

    /// Both addresses, for any name.
    fn lookup(_: String, port: u16) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>> {
        let addresses = [FIRST, SECOND].map(|ip| SocketAddr::new(ip.into(), port));
        Box::pin(std::future::ready(Ok(addresses.to_vec())))
    }

    fn link(port: u16) -> Link {
        let target = format!("pve.test:{port}");
        let variables = [
            ("PVE_USER", "p@pve"),
            ("PVE_PASSWORD", "sesame"),
            ("PVE_VERIFY_SSL", "false"),
            ("PVE_TARGET", target.as_str()),
        ];
        let environment: Environment = variables.into_iter().collect();
        let module = Config::load(Path::new("/nonexistent"), &environment).unwrap().modules.remove("default").unwrap();
        let tls = tls::client_config(&module).unwrap();
        let connecting = Connecting { tls, connections: 4, timeout: Duration::from_secs(5), lookup };
        let exchange = Exchange {
            max_body: 1 << 20,
            budget: ByteBudget::unlimited(),
            redactor: Arc::new(Redactor::default()),
            observer: Arc::new(NoObserver),
        };
        Link { addresses: Addresses::new(module.targets.as_ref().unwrap(), "", connecting).unwrap(), exchange }
    }

    async fn ask(link: &Link, repeat: Repeat, seconds: u64) -> Result<Reply, ExchangeError> {
        let end = Instant::now() + Duration::from_secs(seconds);
        link.ask("/version", end, repeat, |http, root| http.get(format!("{root}/version"))).await
    }

    /// Answers every request on the second address.
    async fn serve() -> u16 {
        let identity = rcgen::generate_simple_self_signed(["x".to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(identity.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![identity.cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind((SECOND, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let mut stream = acceptor.accept(stream).await?;
                    while stream.read(&mut [0; 4096]).await? > 0 {
                        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"data\":1}").await?;
                    }
                    io::Result::Ok(())
                });
            }
        });
        port
    }

    #[tokio::test]
    async fn every_address_of_a_name_is_tried() {
        let port = serve().await;
        let link = link(port);
        assert_eq!(
            ask(&link, Repeat::IfClosed, 20).await.unwrap_or_else(|failure| panic!("{}", failure.error)).status,
            200
        );
        let in_use = AddressInUse { target: format!("pve.test:{port}"), ip: SECOND.into() };
        assert_eq!(link.address_in_use(), Some(in_use));
    }

    #[tokio::test]
    async fn an_address_that_swallows_packets_is_remembered() {
        let port = serve().await;
        // Listens without accepting: the TLS handshake has no answer.
        let _silent = TcpListener::bind((FIRST, port)).await.unwrap();
        let link = link(port);
        for repeat in [Repeat::IfClosed, Repeat::Anywhere] {
            assert!(ask(&link, repeat, 20).await.is_ok());
        }
        let Candidates { endpoints, .. } = link.addresses.candidates(Instant::now()).await;
        assert_eq!(endpoints.iter().map(|endpoint| endpoint.address.ip()).collect::<Vec<_>>(), [SECOND, FIRST]);
        assert!(endpoints[1].has_failed() && !endpoints[0].has_failed());
    }

    #[tokio::test]
    async fn no_connection_is_not_no_response() {
        let silent = TcpListener::bind((FIRST, 0)).await.unwrap();
        let port = silent.local_addr().unwrap().port();
        let failure = ask(&link(port), Repeat::Never, 1).await.err().unwrap();
        assert!(failure.unconnected && !failure.had_no_response());
        let words = failure.error.detail.to_string();
        assert!(words.starts_with(&format!("pve.test:{port} (127.0.0.1): no connection within ")), "{words}");
    }
}
