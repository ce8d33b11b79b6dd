//! `GET /sd`: the clusters that the configuration names, as Prometheus's HTTP service discovery wants them.
//!
//! One entry a module with a target: `__param_module` and `__param_target` are what `/pve` takes, so a scrape job needs no
//! list of its own, and several exporters share the work by `hashmod` on the target.

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
            // The first address stands for the cluster; `/pve` without failover is what a scrape job has.
            let target = module.targets.as_ref()?.iter().next()?.to_string();
            let labels = Labels { metrics_path: "/pve", module: module.name.clone(), target: target.clone() };
            Some(Group { targets: vec![target], labels })
        })
        .collect();
    app.metrics.answered("sd", 200);
    let body = serde_json::to_string(&groups).unwrap_or_else(|_| "[]".to_owned());
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}
