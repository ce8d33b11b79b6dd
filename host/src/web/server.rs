//! The server: listeners, and a shutdown that lets scrapes in flight finish.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::https::TlsListener;
use super::routes::router;
use super::site::Site;
use crate::config::ListenAddress;

/// How long scrapes in flight may take to finish at the end.
const SHUTDOWN: Duration = Duration::from_secs(10);

/// Why the server does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// An address can't be listened on.
    #[error("can't listen on {address}: {source}{remedy}", remedy = remedy(.source))]
    Listen {
        /// The address.
        address: String,
        /// The system's error.
        source: std::io::Error,
    },
    /// The server ended by itself.
    #[error("the server failed: {0}")]
    Serve(std::io::Error),
}

fn remedy(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => "; stop whoever has it or choose another with --web.listen-address",
        std::io::ErrorKind::PermissionDenied => "; ports below 1024 need a privilege, choose one above",
        std::io::ErrorKind::AddrNotAvailable => "; it is no address of this machine (--web.listen-address)",
        _ => " (--web.listen-address)",
    }
}

/// Binds every address, before anything else is done, so that one in use is told at once.
pub async fn listen(addresses: &[ListenAddress]) -> Result<Vec<TcpListener>, ServeError> {
    let mut listeners = Vec::with_capacity(addresses.len());
    for address in addresses {
        let text = address.to_string();
        let listener = TcpListener::bind(&text).await;
        listeners.push(listener.map_err(|source| ServeError::Listen { address: text, source })?);
    }
    Ok(listeners)
}

/// Serves until `shutdown` is done and the scrapes in flight with it; over HTTPS where there is a certificate.
pub async fn serve(
    site: Site,
    listeners: Vec<TcpListener>,
    tls: Option<TlsAcceptor>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let app = Arc::clone(&site.app);
    let router = router(site);
    let (stop, stopped) = watch::channel(());
    let mut servers = tokio::task::JoinSet::new();
    for listener in listeners {
        if let Ok(address) = listener.local_addr() {
            tracing::info!(%address, "listening");
        }
        let mut stopped = stopped.clone();
        let stop = async move {
            let _ = stopped.changed().await;
        };
        let router = router.clone();
        match &tls {
            Some(acceptor) => {
                let listener = TlsListener::new(listener, acceptor.clone());
                servers.spawn(axum::serve(listener, router).with_graceful_shutdown(stop).into_future());
            }
            None => drop(servers.spawn(axum::serve(listener, router).with_graceful_shutdown(stop).into_future())),
        }
    }
    drop(stopped);
    tokio::select! {
        () = shutdown => {}
        Some(Ok(Err(error))) = servers.join_next() => return Err(ServeError::Serve(error)),
    }
    app.stop();
    tracing::info!("shutting down, scrapes in flight have {} s", SHUTDOWN.as_secs());
    let _ = stop.send(());
    let ended = tokio::time::timeout(SHUTDOWN, async { while servers.join_next().await.is_some() {} }).await;
    if ended.is_err() {
        tracing::warn!("a connection did not end in time");
    }
    Ok(())
}
