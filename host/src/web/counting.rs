//! Counts every request by its route and status.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::telemetry::Metrics;

/// The label `handler` of requests that match no route: paths come from outside and must not become label values.
const NO_ROUTE: &str = "other";

#[derive(Debug, Clone)]
pub(super) struct Counting {
    metrics: Arc<Metrics>,
    handlers: HashMap<&'static str, &'static str>,
}

impl Counting {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics, handlers: HashMap::new() }
    }

    /// Counts requests for the route `path` under `handler`.
    pub(super) fn name(&mut self, path: &'static str, handler: &'static str) {
        self.handlers.insert(path, handler);
    }

    fn handler(&self, route: Option<&MatchedPath>) -> &'static str {
        route.and_then(|route| self.handlers.get(route.as_str())).copied().unwrap_or(NO_ROUTE)
    }
}

pub(super) async fn count(
    State(counting): State<Counting>,
    route: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let response = next.run(request).await;
    counting.metrics.answered(counting.handler(route.as_ref()), response.status().as_u16());
    response
}
