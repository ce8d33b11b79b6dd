//! The exporter's own metrics: `pve_exporter_*` and `process_*`, known at compile time, in a registry of the `prometheus` crate.
//!
//! Label values come from short lists: path templates, status codes, collector names, handlers. Nothing from a request becomes
//! one.

use std::time::{Duration, SystemTime};

use prometheus::core::Collector as _;
use prometheus::{Gauge, IntCounterVec, Registry};

use super::components::ComponentMetrics;
use super::definitions::Definitions;
use super::encoding::{encode_budgets, encode_family, encode_log};
use super::requests::RequestMetrics;
use super::time::unix_seconds;
use crate::api::Observer;
use crate::budget::Budgets;
use crate::catalog::Catalog;
use crate::contract;
use crate::exposition::Encoder;
use crate::scrape::Report;

#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    budgets: Budgets,
    requests: RequestMetrics,
    components: ComponentMetrics,
    http_requests: IntCounterVec,
    scrapes: IntCounterVec,
    collector_failures: IntCounterVec,
    config_success: Gauge,
    config_reloaded: Gauge,
}

impl Metrics {
    /// All of them, at zero.
    pub fn new(budgets: Budgets) -> prometheus::Result<Self> {
        let registry = Registry::new();
        let define = Definitions(&registry);
        let build_info = define.int_gauges(
            "pve_exporter_build_info",
            "The version that is running.",
            &["version", "revision", "contract"],
        )?;
        let build = [env!("CARGO_PKG_VERSION"), env!("PVE_EXPORTER_REVISION"), contract::VERSION];
        build_info.with_label_values(&build).set(1);
        let metrics = Self {
            requests: RequestMetrics::new(&define)?,
            components: ComponentMetrics::new(&define)?,
            http_requests: define.counters(
                "pve_exporter_http_requests_total",
                "Requests to the exporter, by handler and status.",
                &["handler", "code"],
            )?,
            scrapes: define.counters("pve_exporter_scrapes_total", "Scrapes of clusters, by module.", &["module"])?,
            collector_failures: define.counters(
                "pve_exporter_collector_failures_total",
                "Places that could not be collected, over all scrapes, by collector and reason.",
                &["collector", "reason"],
            )?,
            config_success: define.gauge(
                "pve_exporter_config_last_reload_successful",
                "Whether the last reload of the configuration succeeded.",
            )?,
            config_reloaded: define.gauge(
                "pve_exporter_config_last_reload_success_timestamp_seconds",
                "When the configuration was last loaded.",
            )?,
            budgets,
            registry,
        };
        metrics.config_reloaded(true);
        let process = prometheus::process_collector::ProcessCollector::for_self();
        if !process.desc().is_empty() {
            metrics.registry.register(Box::new(process))?;
        }
        Ok(metrics)
    }

    /// Updates which components serve and which files are refused.
    pub fn set_catalog(&self, catalog: &Catalog) {
        self.components.set(catalog);
    }

    /// Records the outcome of a reload of the configuration.
    pub fn config_reloaded(&self, success: bool) {
        self.config_success.set(f64::from(u8::from(success)));
        if success {
            self.config_reloaded.set(unix_seconds(SystemTime::now()));
        }
    }

    /// Counts a scrape and what it could not collect.
    pub fn scraped(&self, module: &str, report: &Report) {
        self.scrapes.with_label_values(&[module]).inc();
        for (collector, failure) in report.failures() {
            self.collector_failures.with_label_values(&[collector, failure.cause.reason().as_str()]).inc();
        }
    }

    /// Counts a request to the exporter.
    pub fn answered(&self, handler: &str, code: u16) {
        self.http_requests.with_label_values(&[handler, &code.to_string()]).inc();
    }

    pub fn encode(&self, encoder: &mut Encoder) {
        for family in self.registry.gather() {
            encode_family(&family, encoder);
        }
        encode_budgets(&self.budgets, encoder);
        encode_log(encoder);
    }
}

impl Observer for Metrics {
    fn request(&self, path: &str, status: &str, duration: Duration) {
        tracing::debug!(path, status, duration_ms = duration.as_secs_f64() * 1000.0, "API request");
        self.requests.observe(path, status, duration);
    }
}
