//! The server: listeners, routes, and an end that lets scrapes in flight finish.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{FromRef, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::tls::TlsListener;
use super::{metrics, sd, status};
use crate::app::App;
use crate::config::ListenAddress;
use crate::reload::ReloadHandle;

/// How long scrapes in flight may take to finish at the end.
const SHUTDOWN: Duration = Duration::from_secs(10);

/// What handlers share.
#[derive(Debug, Clone)]
struct Shared {
    app: Arc<App>,
    reload: ReloadHandle,
}

impl FromRef<Shared> for Arc<App> {
    fn from_ref(shared: &Shared) -> Self {
        Self::clone(&shared.app)
    }
}

impl FromRef<Shared> for ReloadHandle {
    fn from_ref(shared: &Shared) -> Self {
        shared.reload.clone()
    }
}

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

/// An error as a plain-text response.
pub(super) fn refuse(app: &App, handler: &str, code: StatusCode, text: String) -> Response {
    app.metrics.answered(handler, code.as_u16());
    (code, text).into_response()
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
    app: Arc<App>,
    reload: ReloadHandle,
    listeners: Vec<TcpListener>,
    tls: Option<TlsAcceptor>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let router = Router::new()
        .route("/metrics", get(metrics::metrics))
        .route("/pve", get(metrics::pve))
        .route("/sd", get(sd::targets))
        .route("/", get(status::page))
        .route("/-/healthy", get(|| async { "pve-exporter is healthy\n" }))
        .route("/-/ready", get(ready))
        .route("/-/reload", post(reload_now).put(reload_now))
        .with_state(Shared { app: Arc::clone(&app), reload });
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

/// Reloads configuration and collectors; answers with what changed and what was refused.
async fn reload_now(State(app): State<Arc<App>>, State(reload): State<ReloadHandle>) -> Response {
    let (code, text) = match reload.reload().await {
        Some(outcome) if outcome.success() => (StatusCode::OK, outcome.to_string()),
        Some(outcome) => (StatusCode::INTERNAL_SERVER_ERROR, outcome.to_string()),
        None => (StatusCode::SERVICE_UNAVAILABLE, "pve-exporter is shutting down\n".to_owned()),
    };
    app.metrics.answered("reload", code.as_u16());
    (code, text).into_response()
}

async fn ready(State(app): State<Arc<App>>) -> Response {
    if app.is_stopping() {
        (StatusCode::SERVICE_UNAVAILABLE, "pve-exporter is shutting down\n").into_response()
    } else {
        "pve-exporter is ready\n".into_response()
    }
}
