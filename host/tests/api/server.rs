//! A TLS server that answers each request with scripted bytes, and a client for it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use pve_exporter::api::{Answer, Client, FetchError, Observer};
use pve_exporter::config::ClientOptions;
use pve_exporter::config::{Config, Environment, Module};
use pve_exporter::request::{Place, Template};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};

use super::identity::Identity;

/// A request as received.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// `GET /api2/json/version HTTP/1.1` and the headers, in lower case.
    pub(crate) head: String,
    pub(crate) body: String,
    /// Its number on its connection, from 0.
    pub(crate) number: usize,
}

impl Seen {
    /// The path below the API root.
    pub(crate) fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap().strip_prefix("/api2/json").unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    fn node(&self) -> Option<&str> {
        self.head.split_once("/nodes/")?.1.split('/').next()
    }
}

/// A response.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reply {
    /// Sent after this many requests have been in flight at once and, after that, the delay.
    pub(crate) crowd: usize,
    pub(crate) delay: Duration,
    pub(crate) bytes: Vec<u8>,
    pub(crate) close: bool,
}

impl Reply {
    pub(crate) fn closed() -> Self {
        Self { close: true, ..Self::default() }
    }

    pub(crate) fn json(body: &str) -> Self {
        Self::status("200 OK", "application/json;charset=UTF-8", body.as_bytes())
    }

    pub(crate) fn status(line: &str, content_type: &str, body: &[u8]) -> Self {
        let head = format!("HTTP/1.1 {line}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n", body.len());
        Self { bytes: [head.as_bytes(), body].concat(), ..Self::default() }
    }

    pub(crate) fn raw(bytes: &[u8]) -> Self {
        Self { bytes: bytes.to_vec(), close: true, ..Self::default() }
    }

    pub(crate) fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }
}

#[derive(Default)]
struct Counts {
    seen: Mutex<Vec<Seen>>,
    connections: AtomicUsize,
    in_flight: Mutex<(usize, HashMap<String, usize>)>,
    /// The highest values of `in_flight`: in total, and of one node.
    peak: Mutex<(usize, usize)>,
}

impl Counts {
    /// Waits until this many requests have been in flight at once.
    async fn reached(&self, in_flight: usize) {
        while self.peak.lock().0 < in_flight {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    fn enter(&self, seen: &Seen) {
        let mut now = self.in_flight.lock();
        let mut peak = self.peak.lock();
        now.0 += 1;
        peak.0 = peak.0.max(now.0);
        if let Some(node) = seen.node() {
            let node = now.1.entry(node.to_owned()).or_default();
            *node += 1;
            peak.1 = peak.1.max(*node);
        }
    }

    fn leave(&self, seen: &Seen) {
        let mut now = self.in_flight.lock();
        now.0 -= 1;
        if let Some(node) = seen.node().and_then(|node| now.1.get_mut(node)) {
            *node -= 1;
        }
    }
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    counts: Arc<Counts>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(crate) async fn start(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_as(Identity::signed(&["127.0.0.1"]), script).await
    }

    pub(crate) async fn start_as(identity: Identity, script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let provider = tokio_rustls::rustls::crypto::ring::default_provider();
        let key = provider.key_provider.load_private_key(identity.key).unwrap();
        // Not checked: key and certificate may be of different servers, or of a version that rustls does not read.
        let resolver = SingleCertAndKey::from(CertifiedKey::new(identity.chain, key));
        let config = ServerConfig::builder_with_provider(provider.into())
            .with_protocol_versions(identity.versions)
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(resolver));
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let counts = Arc::new(Counts::default());
        let script: Arc<dyn Fn(&Seen) -> Reply + Send + Sync> = Arc::new(script);
        let task = tokio::spawn({
            let counts = counts.clone();
            async move {
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    counts.connections.fetch_add(1, Ordering::SeqCst);
                    let (acceptor, counts, script) = (acceptor.clone(), counts.clone(), script.clone());
                    tokio::spawn(async move {
                        let Ok(mut stream) = acceptor.accept(stream).await else { return };
                        for number in 0.. {
                            let Some((head, body)) = read_request(&mut stream).await else { return };
                            let seen = Seen { head, body, number };
                            counts.seen.lock().push(seen.clone());
                            counts.enter(&seen);
                            let reply = script(&seen);
                            counts.reached(reply.crowd).await;
                            tokio::time::sleep(reply.delay).await;
                            counts.leave(&seen);
                            let _ = stream.write_all(&reply.bytes).await;
                            let _ = stream.flush().await;
                            if reply.close {
                                let _ = stream.shutdown().await;
                                return;
                            }
                        }
                    });
                }
            }
        });
        Self { address, counts, task }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.counts.seen.lock().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.counts.connections.load(Ordering::SeqCst)
    }

    /// The highest number of requests in flight: in total, and to one node.
    pub(crate) fn peak(&self) -> (usize, usize) {
        *self.counts.peak.lock()
    }

    /// Waits until this many requests have been in flight at once.
    pub(crate) async fn reached(&self, in_flight: usize) {
        self.counts.reached(in_flight).await;
    }
}

async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<(String, String)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    // Header names in lower case, values unchanged.
    let head: Vec<String> = head
        .lines()
        .map(|line| match line.split_once(": ") {
            Some((name, value)) => format!("{}: {value}", name.to_lowercase()),
            None => line.to_owned(),
        })
        .collect();
    let length = head.iter().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some((head.join("\n"), String::from_utf8(body).unwrap()))
}

/// Records each request as `path status`.
#[derive(Default)]
pub(crate) struct Log(Mutex<Vec<String>>);

impl Observer for Log {
    fn request(&self, path: &str, status: &str, _duration: Duration) {
        self.0.lock().push(format!("{path} {status}"));
    }
}

impl Log {
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().clone()
    }
}

/// A module from keys of `pve.yml`, with a token.
pub(crate) fn module(keys: &str) -> Module {
    module_of(&format!("token: p@pve!x=sesame, {keys}"))
}

pub(crate) fn module_of(keys: &str) -> Module {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pve.yml");
    std::fs::write(&file, format!("default: {{{keys}}}")).unwrap();
    Config::load(&file, &Environment::default()).unwrap().modules.remove("default").unwrap()
}

pub(crate) struct Asker {
    pub(crate) client: Arc<Client>,
    pub(crate) log: Arc<Log>,
}

impl Asker {
    pub(crate) fn new(module: &Module, limits: ClientOptions) -> Self {
        let log = Arc::new(Log::default());
        let client = Client::new(module, module.targets.as_ref().unwrap(), limits, log.clone());
        Self { client: Arc::new(client.map_err(|error| error.to_string()).unwrap()), log }
    }

    /// Without verification of certificates.
    pub(crate) fn of(server: &Server, keys: &str) -> Self {
        Self::new(
            &module(&format!("verify_ssl: false, target: '{}', {keys}", server.address)),
            ClientOptions::default(),
        )
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Answer, FetchError> {
        self.get_within(path, Duration::from_secs(20)).await
    }

    pub(crate) async fn get_within(&self, path: &str, time: Duration) -> Result<Answer, FetchError> {
        let path = Template::parse(path).unwrap().bind(&Place::cluster()).unwrap();
        self.client.get(&path, Instant::now() + time).await
    }

    /// From any address.
    pub(crate) async fn discover(&self, path: &str) -> Result<Answer, FetchError> {
        let path = Template::parse(path).unwrap().bind(&Place::cluster()).unwrap();
        self.client.discover(&path, Instant::now() + Duration::from_secs(20)).await
    }

    pub(crate) async fn error(&self, path: &str) -> FetchError {
        let error = self.get(path).await.map(|answer| answer.data().to_owned()).unwrap_err();
        assert!(!error.detail.contains("sesame") && !error.detail.contains('\n'), "{}", error.detail);
        error
    }
}
