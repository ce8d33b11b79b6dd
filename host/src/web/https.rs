//! HTTPS: a listener that hands out connections whose handshake is done.
//!
//! Handshakes run beside each other and have their own time-out, so a client that connects and says nothing keeps nobody
//! waiting.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

const HANDSHAKE: Duration = Duration::from_secs(10);
/// Connections accepted but not yet taken up.
const BACKLOG: usize = 64;

/// Why there is no HTTPS.
#[derive(Debug, thiserror::Error)]
#[error("{flag}: {file}: {problem}")]
pub struct TlsError {
    flag: &'static str,
    file: String,
    problem: String,
}

/// Reads certificate chain and key, as `--server.certfile` and `--server.keyfile` name them.
pub fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    let (certificate_flag, key_flag) = ("--server.certfile", "--server.keyfile");
    let error = |flag, file: &Path, problem: String| TlsError { flag, file: file.display().to_string(), problem };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|problem| error(certificate_flag, certificate, problem.to_string()))?;
    if chain.is_empty() {
        let problem = "no PEM certificate in it (-----BEGIN CERTIFICATE-----)".to_owned();
        return Err(error(certificate_flag, certificate, problem));
    }
    let private = PrivateKeyDer::from_pem_file(key)
        .map_err(|problem| error(key_flag, key, format!("no private key: {problem}")))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private))
        .map_err(|problem| error(key_flag, key, format!("does not go with the certificate: {problem}")))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// A TCP listener behind TLS.
pub(super) struct TlsListener {
    address: std::io::Result<SocketAddr>,
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
}

impl TlsListener {
    pub(super) fn new(mut listener: TcpListener, acceptor: TlsAcceptor) -> Self {
        let (done, ready) = mpsc::channel(BACKLOG);
        let address = listener.local_addr();
        tokio::spawn(async move {
            loop {
                // axum's own accept, with its patience when descriptors run out.
                let (stream, peer) = Listener::accept(&mut listener).await;
                if done.is_closed() {
                    return;
                }
                let (done, acceptor) = (done.clone(), acceptor.clone());
                tokio::spawn(async move {
                    match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                        Ok(Ok(stream)) => drop(done.send((stream, peer)).await),
                        Ok(Err(error)) => tracing::debug!(%peer, %error, "no TLS handshake"),
                        Err(_) => tracing::debug!(%peer, "no TLS handshake in time"),
                    }
                });
            }
        });
        Self { address, ready }
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            // The accepting task ends only with the runtime.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        match &self.address {
            Ok(address) => Ok(*address),
            Err(error) => Err(std::io::Error::new(error.kind(), error.to_string())),
        }
    }
}
