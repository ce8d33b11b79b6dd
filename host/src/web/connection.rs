//! One connection: TLS handshake, HTTP/1.1 or HTTP/2, and its end.

use std::convert::Infallible;
use std::io::Cursor;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, Chain, Join, ReadHalf, WriteHalf};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower::ServiceExt as _;

use super::admission::Admitted;
use super::client::ClientKey;
use super::exchange::Exchange;
use super::timeouts::Closed;
use super::watched_stream::{WatchedBody, WatchedStream};
use super::web_config::HTTP_2;

/// The largest header of a request, its path and query included.
const MAX_HEADER: usize = 64 << 10;
/// The same for HTTP/2.
const MAX_HEADER_LIST: u32 = 64 << 10;
/// Requests at once in an HTTP/2 connection. Each can be a scrape, so it is a limit like that of connections.
const MAX_STREAMS: u32 = 16;

/// How TLS begins.
const HANDSHAKE: [u8; 1] = [22];
/// What a TLS port says to plain HTTP.
const NOT_TLS: &[u8] = b"HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain\r\n\r\nThis is an HTTPS port.\n";

/// What serves a connection.
#[derive(Clone)]
pub(super) struct Service {
    pub(super) router: Router,
    pub(super) stop: Stop,
}

/// Tells when the exporter shuts down.
#[derive(Debug, Clone)]
pub(super) struct Stop(watch::Receiver<bool>);

impl Stop {
    pub(super) fn new() -> (watch::Sender<bool>, Self) {
        let (sender, receiver) = watch::channel(false);
        (sender, Self(receiver))
    }

    pub(super) async fn requested(&mut self) {
        // The sender lives until the end of the process.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}

/// The other end, as an extension of each request; without an address for sockets that have none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) Option<ClientKey>);

/// Serves a connection until it ends; `Some` if it was the exporter that ended it.
pub(super) async fn serve<S>(
    stream: S,
    tls: Option<Arc<ServerConfig>>,
    admitted: Admitted,
    mut service: Service,
) -> Option<Closed>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let exchange = Arc::clone(&admitted.exchange);
    let mut stop = service.stop.clone();
    let stopped = async {
        stop.requested().await;
        // Others end after their request.
        if !exchange.is_unused() {
            std::future::pending::<()>().await;
        }
    };
    let served = async {
        match tls {
            None => http1(stream, &admitted, &mut service).await,
            Some(config) => match handshake(stream, config).await {
                None => return Some(Closed::Handshake),
                Some(stream) if stream.get_ref().1.alpn_protocol() == Some(HTTP_2) => {
                    http2(stream, &admitted, &mut service).await;
                }
                Some(stream) => http1(stream, &admitted, &mut service).await,
            },
        }
        None
    };
    tokio::select! {
        closed = served => closed,
        closed = exchange.expired() => Some(closed),
        () = stopped => None,
    }
}

/// The stream with its first byte put back.
type Peeked<S> = Join<Chain<Cursor<[u8; 1]>, ReadHalf<S>>, WriteHalf<S>>;

/// `None` if the client does not speak TLS, or none that is configured.
async fn handshake<S>(stream: S, config: Arc<ServerConfig>) -> Option<TlsStream<Peeked<S>>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut first = [0];
    reader.read_exact(&mut first).await.ok()?;
    if first != HANDSHAKE {
        let _ = writer.write_all(NOT_TLS).await;
        let _ = writer.shutdown().await;
        return None;
    }
    let stream = tokio::io::join(Cursor::new(first).chain(reader), writer);
    let accepted = TlsAcceptor::from(config).accept(stream).await;
    accepted.inspect_err(|error| tracing::debug!(%error, "TLS handshake")).ok()
}

async fn http1<S>(stream: S, admitted: &Admitted, service: &mut Service)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let exchange = &admitted.exchange;
    let stream = WatchedStream::http1(stream, Arc::clone(exchange));
    let handler = handler(admitted, service);
    let connection = http1::Builder::new().max_buf_size(MAX_HEADER).serve_connection(TokioIo::new(stream), handler);
    tokio::pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = service.stop.requested() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    log(result);
}

async fn http2<S>(stream: S, admitted: &Admitted, service: &mut Service)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stream = WatchedStream::http2(stream, Arc::clone(&admitted.exchange));
    let handler = handler(admitted, service);
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.max_concurrent_streams(MAX_STREAMS).max_header_list_size(MAX_HEADER_LIST).max_send_buf_size(MAX_HEADER);
    let connection = builder.serve_connection(TokioIo::new(stream), handler);
    tokio::pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = service.stop.requested() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    log(result);
}

fn log(result: hyper::Result<()>) {
    if let Err(error) = result {
        tracing::debug!(%error, "connection");
    }
}

fn handler(
    admitted: &Admitted,
    service: &Service,
) -> impl hyper::service::Service<
    hyper::Request<Incoming>,
    Response = hyper::Response<WatchedBody>,
    Error = Infallible,
    Future: Send + 'static,
> + use<> {
    let (router, exchange, peer) = (service.router.clone(), Arc::clone(&admitted.exchange), Peer(admitted.client));
    service_fn(move |request| respond(router.clone(), Arc::clone(&exchange), peer, request))
}

async fn respond(
    router: Router,
    exchange: Arc<Exchange>,
    peer: Peer,
    request: hyper::Request<Incoming>,
) -> Result<hyper::Response<WatchedBody>, Infallible> {
    let _handling = exchange.handle();
    let mut request: Request = request.map(axum::body::Body::new);
    request.extensions_mut().insert(peer);
    let response = router.oneshot(request).await?;
    Ok(response.map(|body| WatchedBody::new(body, &exchange)))
}
