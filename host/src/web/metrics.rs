//! `/metrics` and `/pve`: who is asked, by when, and the answer in the format and encoding the scraper takes.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::time::Instant;

use super::server::refuse;
use crate::app::App;
use crate::config::{Module, Targets};
use crate::exposition::{Encoder, Format, accepts_gzip};
use crate::scrape::{NodeScope, Scope, Scrape};

/// The time for a scrape where the scraper does not say: Prometheus's own default.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// The least and the most time a scrape gets, whatever the header says.
const TIMEOUTS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(300));
/// Below this a body is not worth compressing: it fits a few packets.
const GZIP_FROM: usize = 2048;

/// The first value of each parameter, as prometheus-pve-exporter takes them; unknown ones are ignored.
type Parameters = HashMap<String, String>;

/// `/metrics`: own metrics, and the cluster of the module that names a target (`?module=` where several do).
pub(super) async fn metrics(
    State(app): State<Arc<App>>,
    Query(pairs): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    let parameters = first_values(pairs);
    let config = app.config.load_full();
    let module = match parameters.get("module") {
        Some(name) => match config.modules.get(name) {
            Some(module) if module.targets.is_none() => {
                let text = format!("Module '{name}' names no target; add `target:` to it, or use /pve?target=");
                return refuse(&app, "metrics", StatusCode::BAD_REQUEST, text);
            }
            Some(module) => Some(module),
            None => {
                return refuse(
                    &app,
                    "metrics",
                    StatusCode::BAD_REQUEST,
                    format!("Module '{name}' not found in config"),
                );
            }
        },
        None => config.scraped_module(),
    };
    let scrape = match module.and_then(|module| module.targets.clone().map(|targets| (module, targets))) {
        Some((module, targets)) => {
            let scope = Scope { cluster: true, nodes: Some(NodeScope::All) };
            match scrape(&app, module, targets, scope, &headers).await {
                Ok(scrape) => Some(scrape),
                Err(problem) => return refuse(&app, "metrics", StatusCode::SERVICE_UNAVAILABLE, problem),
            }
        }
        None => None,
    };
    app.metrics.answered("metrics", 200);
    encode(&headers, scrape.as_deref(), |encoder| {
        if let Some(scrape) = &scrape {
            scrape.encode(encoder);
        }
        app.metrics.encode(encoder);
    })
}

/// `/pve`: one cluster, for scrape configurations written for prometheus-pve-exporter.
pub(super) async fn pve(
    State(app): State<Arc<App>>,
    Query(pairs): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    let parameters = first_values(pairs);
    let name = parameters.get("module").map_or("default", String::as_str);
    let config = app.config.load_full();
    let Some(module) = config.modules.get(name) else {
        return refuse(&app, "pve", StatusCode::BAD_REQUEST, format!("Module '{name}' not found in config"));
    };
    let targets = match parameters.get("target") {
        Some(target) => match module.target(target) {
            Ok(targets) => targets,
            Err(error) => return refuse(&app, "pve", StatusCode::BAD_REQUEST, error.to_string()),
        },
        None => match module.targets.clone().map_or_else(|| module.target("localhost"), Ok) {
            Ok(targets) => targets,
            Err(error) => return refuse(&app, "pve", StatusCode::BAD_REQUEST, error.to_string()),
        },
    };
    let nodes =
        if parameters.get("nodes").is_some_and(|nodes| nodes == "all") { NodeScope::All } else { NodeScope::Local };
    let scope =
        Scope { cluster: truth(parameters.get("cluster")), nodes: truth(parameters.get("node")).then_some(nodes) };
    match scrape(&app, module, targets, scope, &headers).await {
        Ok(scrape) if app.policy.strict && scrape.report.failures().next().is_some() => {
            let failures = scrape.report.failures();
            let lines =
                failures.map(|(collector, failure)| format!("{collector}: {}: {}\n", failure.place, failure.cause));
            refuse(&app, "pve", StatusCode::INTERNAL_SERVER_ERROR, lines.collect())
        }
        Ok(scrape) => {
            app.metrics.answered("pve", 200);
            encode(&headers, Some(&scrape), |encoder| scrape.encode(encoder))
        }
        Err(problem) => refuse(&app, "pve", StatusCode::SERVICE_UNAVAILABLE, problem),
    }
}

async fn scrape(
    app: &App,
    module: &Module,
    targets: Targets,
    scope: Scope,
    headers: &HeaderMap,
) -> Result<Arc<Scrape>, String> {
    let deadline = Instant::now() + time_to_answer(headers, app.policy.timeout_offset);
    app.scrape(module, targets, scope, deadline).await.map_err(|error| error.to_string())
}

/// The scraper's time-out less what is needed to send the answer.
fn time_to_answer(headers: &HeaderMap, offset: Duration) -> Duration {
    let timeout = headers
        .get("x-prometheus-scrape-timeout-seconds")
        .and_then(|value| value.to_str().ok()?.trim().parse::<f64>().ok())
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .unwrap_or(DEFAULT_TIMEOUT);
    timeout.saturating_sub(offset).clamp(TIMEOUTS.0, TIMEOUTS.1)
}

fn first_values(pairs: Vec<(String, String)>) -> Parameters {
    let mut first = Parameters::new();
    for (name, value) in pairs {
        first.entry(name).or_insert(value);
    }
    first
}

/// As prometheus-pve-exporter reads it: false, 0 and nothing are false, everything else is true, `no` too.
fn truth(value: Option<&String>) -> bool {
    value.is_none_or(|value| !matches!(value.to_ascii_lowercase().as_str(), "false" | "0" | ""))
}

fn encode(headers: &HeaderMap, scrape: Option<&Scrape>, write: impl FnOnce(&mut Encoder)) -> Response {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let mut format = Format::negotiate(header(header::ACCEPT));
    if scrape.is_some_and(Scrape::clashes_in_open_metrics) {
        format = Format::Text;
    }
    let mut encoder = Encoder::new(format, 64 * 1024);
    write(&mut encoder);
    let body = encoder.finish();
    let content_type = (header::CONTENT_TYPE, format.content_type());
    if accepts_gzip(header(header::ACCEPT_ENCODING)) && body.len() >= GZIP_FROM {
        // Level 1: 6 times smaller at 2 GB/s of CPU time saved over level 6, which gets it 10 times smaller.
        let mut gzip = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
        if let Ok(compressed) = gzip.write_all(&body).and_then(|()| gzip.finish()) {
            return ([content_type, (header::CONTENT_ENCODING, "gzip")], compressed).into_response();
        }
    }
    ([content_type], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truth_values() {
        let value = |text: &str| truth(Some(&text.to_owned()));
        assert!(truth(None) && value("1") && value("no") && value("true"));
        assert!(!value("0") && !value("False") && !value(""));
    }

    #[test]
    fn the_time_to_answer() {
        let offset = Duration::from_millis(500);
        let with = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-prometheus-scrape-timeout-seconds", header::HeaderValue::from_static(text));
            time_to_answer(&headers, offset)
        };
        assert_eq!(with("10"), Duration::from_millis(9500));
        assert_eq!(with("10.000"), Duration::from_millis(9500));
        assert_eq!(with("0.2"), TIMEOUTS.0);
        assert_eq!(with("1e9"), TIMEOUTS.1);
        for odd in ["-1", "NaN", "soon", ""] {
            assert_eq!(with(odd), Duration::from_millis(9500));
        }
    }
}
