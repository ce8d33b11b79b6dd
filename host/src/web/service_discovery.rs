//! `GET /sd`: the configured clusters in the format of Prometheus's HTTP service discovery.
//!
//! One group per module with a target. `__param_module` and `__param_target` are the parameters of `/pve`, so a scrape job needs
//! no list of clusters, and several exporters can share the clusters by `hashmod` on the target.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use crate::app::App;

#[derive(Serialize)]
struct Group {
    targets: Vec<String>,
    labels: Labels,
}

#[derive(Serialize)]
struct Labels {
    #[serde(rename = "__metrics_path__")]
    metrics_path: &'static str,
    #[serde(rename = "__param_module")]
    module: String,
    #[serde(rename = "__param_target")]
    target: String,
}

pub(super) async fn targets(State(app): State<Arc<App>>) -> Response {
    let config = app.config.load_full();
    let groups: Vec<Group> = config
        .modules
        .values()
        .filter_map(|module| {
            // `/pve` takes one address.
            let target = module.targets.as_ref()?.iter().next()?.to_string();
            let labels = Labels { metrics_path: "/pve", module: module.name.clone(), target: target.clone() };
            Some(Group { targets: vec![target], labels })
        })
        .collect();
    let body = serde_json::to_string(&groups).unwrap_or_else(|_| "[]".to_owned());
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}
