//! `/metrics` and `/pve`: which cluster to scrape with which credentials, and by when to respond.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use tokio::time::Instant;

use super::refusal::HttpRefusal;
use super::rendering::{Content, Renderer};
use crate::app::App;
use crate::config::{Config, Module, Targets};
use crate::scrape::{NodeScope, Scope, Scrape};
use crate::text::Foreign;

/// Failures that `--strict` lists; a cluster with thousands of guests can have as many.
const FAILURES_SHOWN: usize = 200;

/// The time for a scrape if the scraper does not say: Prometheus's default.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// The least and the most time for a scrape, whatever the header says.
const TIMEOUTS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(300));

/// The first value of each query parameter; prometheus-pve-exporter ignores further ones too.
struct Parameters(HashMap<String, String>);

/// `/metrics`: the exporter's own metrics, and the cluster of the module with a target (`?module=` if there are several).
pub(super) async fn metrics(
    State(app): State<Arc<App>>,
    State(renderer): State<Arc<Renderer>>,
    Query(pairs): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Result<Response, HttpRefusal> {
    let config = app.config.load_full();
    let scrape = match target_of_metrics(&config, &Parameters::new(pairs))? {
        Some((module, targets)) => {
            let scope = Scope { cluster: true, nodes: Some(NodeScope::All) };
            Some(scrape(&app, module, targets, scope, &headers).await?)
        }
        None => None,
    };
    renderer.render(&headers, Content { scrape, own: true }).await
}

/// `/pve`: one cluster, for scrape configurations written for prometheus-pve-exporter.
pub(super) async fn pve(
    State(app): State<Arc<App>>,
    State(renderer): State<Arc<Renderer>>,
    Query(pairs): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Result<Response, HttpRefusal> {
    let parameters = Parameters::new(pairs);
    let config = app.config.load_full();
    let module = module(&config, parameters.get("module").unwrap_or("default"))?;
    let targets = match parameters.get("target") {
        Some(target) => module.target(target)?,
        None => module.targets.clone().map_or_else(|| module.target("localhost"), Ok)?,
    };
    let nodes = if parameters.get("nodes") == Some("all") { NodeScope::All } else { NodeScope::Local };
    let scope = Scope { cluster: parameters.truth("cluster"), nodes: parameters.truth("node").then_some(nodes) };
    let scrape = scrape(&app, module, targets, scope, &headers).await?;
    if app.policy.strict && scrape.report.failures().next().is_some() {
        return Err(incomplete(&scrape));
    }
    renderer.render(&headers, Content { scrape: Some(scrape), own: false }).await
}

fn target_of_metrics<'a>(
    config: &'a Config,
    parameters: &Parameters,
) -> Result<Option<(&'a Module, Targets)>, HttpRefusal> {
    let Some(name) = parameters.get("module") else {
        return Ok(config.scraped_module().and_then(|module| Some((module, module.targets.clone()?))));
    };
    let module = module(config, name)?;
    let targets = module.targets.clone().ok_or_else(|| HttpRefusal::ModuleWithoutTarget(name.to_owned()))?;
    Ok(Some((module, targets)))
}

fn module<'a>(config: &'a Config, name: &str) -> Result<&'a Module, HttpRefusal> {
    config.modules.get(name).ok_or_else(|| HttpRefusal::UnknownModule(Foreign::new(name)))
}

async fn scrape(
    app: &App,
    module: &Module,
    targets: Targets,
    scope: Scope,
    headers: &HeaderMap,
) -> Result<Arc<Scrape>, HttpRefusal> {
    let deadline = Instant::now() + time_to_respond(headers, app.policy.timeout_offset);
    Ok(app.scrape(module, targets, scope, deadline).await?)
}

fn incomplete(scrape: &Scrape) -> HttpRefusal {
    let mut failures = scrape.report.failures();
    let shown = failures.by_ref().take(FAILURES_SHOWN);
    let lines = shown.map(|(collector, failure)| format!("{collector}: {}: {}\n", failure.place, failure.cause));
    let mut lines: String = lines.collect();
    let more = failures.count();
    if more > 0 {
        lines.push_str(&format!("and {more} more\n"));
    }
    HttpRefusal::Incomplete(lines)
}

/// The scraper's timeout less the time to send the response.
fn time_to_respond(headers: &HeaderMap, offset: Duration) -> Duration {
    let timeout = headers
        .get("x-prometheus-scrape-timeout-seconds")
        .and_then(|value| value.to_str().ok()?.trim().parse::<f64>().ok())
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .unwrap_or(DEFAULT_TIMEOUT);
    timeout.saturating_sub(offset).clamp(TIMEOUTS.0, TIMEOUTS.1)
}

impl Parameters {
    fn new(pairs: Vec<(String, String)>) -> Self {
        let mut first = HashMap::new();
        for (name, value) in pairs {
            first.entry(name).or_insert(value);
        }
        Self(first)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// As prometheus-pve-exporter reads it: false, 0 and the empty value are false, anything else is true, even `no`.
    fn truth(&self, name: &str) -> bool {
        self.get(name).is_none_or(|value| !matches!(value.to_ascii_lowercase().as_str(), "false" | "0" | ""))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn truth_values() {
        let value = |text: &str| Parameters::new(vec![("x".to_owned(), text.to_owned())]).truth("x");
        assert!(Parameters::new(Vec::new()).truth("x") && value("1") && value("no") && value("true"));
        assert!(!value("0") && !value("False") && !value(""));
    }

    #[test]
    fn the_time_to_respond() {
        let offset = Duration::from_millis(500);
        let with = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-prometheus-scrape-timeout-seconds", HeaderValue::from_static(text));
            time_to_respond(&headers, offset)
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
