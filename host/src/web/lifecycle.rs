//! `/-/healthy`, `/-/ready` and `/-/reload`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, header};

use super::refusal::HttpRefusal;
use super::site::Site;
use crate::app::App;
use crate::text::Lines;

/// Only browsers send these, and they send one with every POST: no page of the exporter has reason to, so whatever page made the
/// request is somebody else's, even if it resolved its own name to this address.
const OF_BROWSERS: [HeaderName; 2] = [header::ORIGIN, HeaderName::from_static("sec-fetch-site")];

pub(super) async fn healthy() -> &'static str {
    "pve-exporter is healthy\n"
}

pub(super) async fn ready(State(app): State<Arc<App>>) -> Result<&'static str, HttpRefusal> {
    if app.is_stopping() { Err(HttpRefusal::ShuttingDown) } else { Ok("pve-exporter is ready\n") }
}

/// Reloads configuration, collectors and web configuration.
pub(super) async fn reload(State(site): State<Site>, headers: HeaderMap) -> Result<String, HttpRefusal> {
    if !site.lifecycle_enabled() {
        return Err(HttpRefusal::LifecycleDisabled);
    }
    if OF_BROWSERS.iter().any(|name| headers.contains_key(name)) {
        return Err(HttpRefusal::FromBrowser);
    }
    let outcome = site.reload.reload().await.ok_or(HttpRefusal::ShuttingDown)?;
    let (web, metrics) = (Arc::clone(&site.web), Arc::clone(&site.app.metrics));
    let reloaded = tokio::task::spawn_blocking(move || web.reload(&metrics)).await;
    match reloaded.unwrap_or_else(|panic| Err(panic.to_string())) {
        Ok(()) if outcome.success() => Ok(Lines(outcome).to_string()),
        Ok(()) => Err(HttpRefusal::NotReloaded(outcome.to_string())),
        Err(error) => Err(HttpRefusal::NotReloaded(format!(
            "{outcome}web configuration not reloaded, the previous one stays in use: {error}\n"
        ))),
    }
}
