//! The server: accepts connections, and at the end lets requests in flight finish.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::admission::{Admission, ConnectionLimits, OpenSocket};
use super::client::ClientKey;
use super::connection::{self, Service, Stop};
use super::descriptors;
use super::listening::{Accepted, Listener};
use super::occasionally::Occasionally;
use super::routes::router;
use super::site::Site;
use super::timeouts::{Closed, Timeouts};
use super::web_config::LiveWebConfig;
use crate::config::WebFlags;
use crate::telemetry::Metrics;

/// How long requests in flight may take to finish at the end.
const SHUTDOWN: Duration = Duration::from_secs(10);
/// The pause after an error that will not go away by itself, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What accept loops share.
struct Door {
    admission: Arc<Admission>,
    web: Arc<LiveWebConfig>,
    metrics: Arc<Metrics>,
    service: Service,
    refusals: Occasionally,
}

/// Serves until `shutdown` is done, and the requests in flight with it.
pub async fn serve(site: Site, listeners: Vec<Listener>, flags: &WebFlags, shutdown: impl Future<Output = ()>) {
    let app = Arc::clone(&site.app);
    let (stop, stopped) = Stop::new();
    tokio::spawn(Arc::clone(&site.web).watch(Arc::clone(&app.metrics)));
    let timeouts = Timeouts { read: flags.read_timeout, idle: flags.idle_timeout, write: flags.write_timeout };
    let limits = ConnectionLimits {
        all: descriptors::connections(flags.max_connections),
        per_client: flags.max_connections_per_client,
    };
    let door = Arc::new(Door {
        admission: Admission::new(limits, timeouts, Arc::clone(&app.metrics)),
        web: Arc::clone(&site.web),
        metrics: Arc::clone(&app.metrics),
        service: Service { router: router(site), stop: stopped },
        refusals: Occasionally::default(),
    });
    let mut servers = JoinSet::new();
    for listener in listeners {
        tracing::info!(address = %listener.address(), "listening");
        servers.spawn(accept(listener, Arc::clone(&door)));
    }
    shutdown.await;
    app.stop();
    tracing::info!("shutting down, scrapes in flight have {} s", SHUTDOWN.as_secs());
    let _ = stop.send(true);
    if tokio::time::timeout(SHUTDOWN, async { while servers.join_next().await.is_some() {} }).await.is_err() {
        tracing::warn!("a connection did not end in time");
    }
}

/// Accepts until the exporter shuts down, then waits for the connections.
async fn accept(listener: Listener, door: Arc<Door>) {
    let mut stop = door.service.stop.clone();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.requested() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok(accepted) => {
                    let socket = door.admission.socket().await;
                    door.open(accepted, socket, &mut connections);
                }
                Err(error) => door.failed(&error).await,
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

impl Door {
    fn open(self: &Arc<Self>, accepted: Accepted, socket: Option<OpenSocket>, connections: &mut JoinSet<()>) {
        let client = match &accepted {
            Accepted::Tcp(_, peer) => Some(ClientKey::from(peer.ip())),
            Accepted::Unix(_) => None,
        };
        let admitted = match self.admission.admit(client) {
            Ok(admitted) => admitted,
            Err(closed) => return self.refused(closed, client),
        };
        let tls = self.web.current().tls.as_ref().map(|tls| Arc::clone(&tls.server));
        let (service, metrics) = (self.service.clone(), Arc::clone(&self.metrics));
        connections.spawn(async move {
            let closed = match accepted {
                Accepted::Tcp(stream, _) => {
                    let _ = stream.set_nodelay(true);
                    connection::serve(stream, tls, admitted, service).await
                }
                Accepted::Unix(stream) => connection::serve(stream, tls, admitted, service).await,
            };
            drop(socket);
            if let Some(closed) = closed {
                tracing::debug!(client = shown(client), reason = closed.as_str(), "connection closed");
                metrics.connection_closed(closed.as_str());
            }
        });
    }

    fn refused(&self, closed: Closed, client: Option<ClientKey>) {
        self.metrics.connection_closed(closed.as_str());
        if self.refusals.now() {
            let flag = match closed {
                Closed::ClientLimit => "--web.max-connections-per-client",
                _ => "--web.max-connections",
            };
            tracing::warn!(
                client = shown(client),
                "a connection was refused: all that {flag} allows have requests in them"
            );
        }
    }

    async fn failed(&self, error: &io::Error) {
        use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
        if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
            return;
        }
        if self.refusals.now() {
            tracing::error!(%error, "a connection could not be accepted");
        }
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}

fn shown(client: Option<ClientKey>) -> String {
    client.map_or_else(|| "unix".to_owned(), |client| client.to_string())
}
