//! Whether connections to an address are being opened: a request without a response may have had no connection either.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use parking_lot::Mutex;
use tokio::time::Instant;
use tower_layer::Layer;
use tower_service::Service;

/// A layer around reqwest's connector that counts its connections.
#[derive(Debug, Clone, Default)]
pub(super) struct Dials(Arc<Mutex<Count>>);

#[derive(Debug, Default)]
struct Count {
    opening: usize,
    /// When the last one was open.
    opened: Option<Instant>,
}

/// One connection being opened, until this is dropped.
struct Opening(Dials);

impl Dials {
    /// Whether no connection was open since `start` and one is still being opened.
    pub(super) fn are_waiting(&self, start: Instant) -> bool {
        let count = self.0.lock();
        count.opening > 0 && count.opened.is_none_or(|opened| opened < start)
    }

    fn open(&self) -> Opening {
        self.0.lock().opening += 1;
        Opening(self.clone())
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        self.0.0.lock().opening -= 1;
    }
}

impl<S> Layer<S> for Dials {
    type Service = Counted<S>;

    fn layer(&self, connector: S) -> Counted<S> {
        Counted { connector, dials: self.clone() }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Counted<S> {
    connector: S,
    dials: Dials,
}

impl<S, Destination> Service<Destination> for Counted<S>
where
    S: Service<Destination>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, destination: Destination) -> Self::Future {
        let (connecting, opening) = (self.connector.call(destination), self.dials.open());
        Box::pin(async move {
            let connection = connecting.await?;
            opening.0.0.lock().opened = Some(Instant::now());
            Ok(connection)
        })
    }
}
