//! `/-/healthy`, `/-/ready` and `/-/reload`.

use std::sync::Arc;

use axum::extract::State;

use super::refusal::HttpRefusal;
use crate::app::App;
use crate::reload::ReloadHandle;

pub(super) async fn healthy() -> &'static str {
    "pve-exporter is healthy\n"
}

pub(super) async fn ready(State(app): State<Arc<App>>) -> Result<&'static str, HttpRefusal> {
    if app.is_stopping() { Err(HttpRefusal::ShuttingDown) } else { Ok("pve-exporter is ready\n") }
}

/// Reloads configuration and collectors.
pub(super) async fn reload(State(reload): State<ReloadHandle>) -> Result<String, HttpRefusal> {
    match reload.reload().await {
        Some(outcome) if outcome.success() => Ok(outcome.to_string()),
        Some(outcome) => Err(HttpRefusal::NotReloaded(outcome.to_string())),
        None => Err(HttpRefusal::ShuttingDown),
    }
}
