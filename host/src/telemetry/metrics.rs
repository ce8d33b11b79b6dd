//! The exporter's own metrics: `pve_exporter_*` and `process_*`, known at compile time, in a registry of the `prometheus`
//! crate, and written by the same encoder as everything else.
//!
//! Labels take values out of short lists only: path templates, status codes, collectors' names, handlers. What came in a
//! request never becomes one.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus::core::Collector as _;
use prometheus::proto::{MetricFamily, MetricType};
use prometheus::{Gauge, GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};

use crate::api::Observer;
use crate::budget::{Budgets, ByteBudget};
use crate::catalog::Catalog;
use crate::collector::Origin;
use crate::contract;
use crate::exposition::{Encoder, Type, push_label};
use crate::scrape::Report;

/// From an answer out of the entry node's memory (5 ms) to a time-out of pveproxy (30 s).
const API_BUCKETS: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// The exporter's own metrics.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    budgets: Budgets,
    api_requests: IntCounterVec,
    api_duration: HistogramVec,
    http_requests: IntCounterVec,
    http_connections: IntGauge,
    http_closed: IntCounterVec,
    scrapes: IntCounterVec,
    collector_failures: IntCounterVec,
    component_info: IntGaugeVec,
    component_compile: GaugeVec,
    component_size: IntGaugeVec,
    component_refused: IntGaugeVec,
    catalog_reloaded: Gauge,
    config_success: Gauge,
    web_config_success: Gauge,
    config_reloaded: Gauge,
}

impl Metrics {
    /// All of them, at zero. Fails only where two of the definitions below contradict each other, which any test shows.
    pub fn new(budgets: Budgets) -> prometheus::Result<Self> {
        let counter = |name: &str, help: &str, labels: &[&str]| IntCounterVec::new(Opts::new(name, help), labels);
        let metrics = Self {
            registry: Registry::new(),
            budgets,
            api_requests: counter(
                "pve_exporter_api_requests_total",
                "Requests to the Proxmox VE API, by path template and HTTP status (or timed_out, connect, tls, body).",
                &["path", "status"],
            )?,
            api_duration: HistogramVec::new(
                HistogramOpts::new(
                    "pve_exporter_api_request_duration_seconds",
                    "Duration of requests to the Proxmox VE API, to the end of the body.",
                )
                .buckets(API_BUCKETS.to_vec()),
                &["path"],
            )?,
            http_requests: counter(
                "pve_exporter_http_requests_total",
                "Requests to the exporter, by handler and status.",
                &["handler", "code"],
            )?,
            http_connections: IntGauge::new("pve_exporter_http_connections", "Connections to the exporter.")?,
            http_closed: counter(
                "pve_exporter_http_connections_closed_total",
                "Connections that the exporter refused or closed, by reason.",
                &["reason"],
            )?,
            scrapes: counter("pve_exporter_scrapes_total", "Scrapes of clusters, by module.", &["module"])?,
            collector_failures: counter(
                "pve_exporter_collector_failures_total",
                "Places that could not be collected, over all scrapes, by collector and reason.",
                &["collector", "reason"],
            )?,
            component_info: IntGaugeVec::new(
                Opts::new(
                    "pve_exporter_component_info",
                    "The component a collector runs, with its version and SHA-256.",
                ),
                &["collector", "version", "origin", "digest"],
            )?,
            component_compile: GaugeVec::new(
                Opts::new("pve_exporter_component_compile_seconds", "How long the component took to compile or load."),
                &["collector"],
            )?,
            component_size: IntGaugeVec::new(
                Opts::new("pve_exporter_component_size_bytes", "Size of the component's file."),
                &["collector"],
            )?,
            component_refused: IntGaugeVec::new(
                Opts::new(
                    "pve_exporter_component_refused",
                    "Files of the collectors folders that are refused as they are now; an older version may serve.",
                ),
                &["file"],
            )?,
            catalog_reloaded: Gauge::new(
                "pve_exporter_collectors_last_reload_timestamp_seconds",
                "When the collectors folders were last read.",
            )?,
            web_config_success: Gauge::new(
                "pve_exporter_web_config_last_reload_successful",
                "Whether the last reload of the web configuration succeeded.",
            )?,
            config_success: Gauge::new(
                "pve_exporter_config_last_reload_successful",
                "Whether the last reload of the configuration was taken in.",
            )?,
            config_reloaded: Gauge::new(
                "pve_exporter_config_last_reload_success_timestamp_seconds",
                "When a configuration was last taken in.",
            )?,
        };
        let build_info = IntGaugeVec::new(
            Opts::new("pve_exporter_build_info", "What is running."),
            &["version", "revision", "contract"],
        )?;
        build_info
            .with_label_values(&[env!("CARGO_PKG_VERSION"), env!("PVE_EXPORTER_REVISION"), contract::VERSION])
            .set(1);
        let registry = &metrics.registry;
        registry.register(Box::new(build_info))?;
        registry.register(Box::new(metrics.api_requests.clone()))?;
        registry.register(Box::new(metrics.api_duration.clone()))?;
        registry.register(Box::new(metrics.http_requests.clone()))?;
        registry.register(Box::new(metrics.http_connections.clone()))?;
        registry.register(Box::new(metrics.http_closed.clone()))?;
        registry.register(Box::new(metrics.web_config_success.clone()))?;
        registry.register(Box::new(metrics.scrapes.clone()))?;
        registry.register(Box::new(metrics.collector_failures.clone()))?;
        registry.register(Box::new(metrics.component_info.clone()))?;
        registry.register(Box::new(metrics.component_compile.clone()))?;
        registry.register(Box::new(metrics.component_size.clone()))?;
        registry.register(Box::new(metrics.component_refused.clone()))?;
        registry.register(Box::new(metrics.catalog_reloaded.clone()))?;
        registry.register(Box::new(metrics.config_success.clone()))?;
        registry.register(Box::new(metrics.config_reloaded.clone()))?;
        metrics.config_reloaded(true);
        metrics.web_config_reloaded(true);
        let process = prometheus::process_collector::ProcessCollector::for_self();
        if !process.desc().is_empty() {
            registry.register(Box::new(process))?;
        }
        Ok(metrics)
    }

    /// Says which components serve and which files are refused, in place of what it said before.
    pub fn set_catalog(&self, catalog: &Catalog) {
        for family in [&self.component_info, &self.component_size, &self.component_refused] {
            family.reset();
        }
        self.component_compile.reset();
        for entry in catalog.entries() {
            if let (Origin::File(path), Some(_)) = (&entry.origin, &entry.refusal) {
                self.component_refused.with_label_values(&[&path.display().to_string()]).set(1);
            }
        }
        if let Some(reloaded) = catalog.reloaded() {
            self.catalog_reloaded.set(unix_seconds(reloaded));
        }
        for collector in catalog.serving().iter() {
            let facts = collector.component().facts();
            let (name, origin) = (collector.name(), collector.origin.to_string());
            self.component_info.with_label_values(&[name, &collector.schema.version, &origin, &facts.digest]).set(1);
            self.component_compile.with_label_values(&[name]).set(facts.compile_time.as_secs_f64());
            self.component_size.with_label_values(&[name]).set(i64::try_from(facts.size).unwrap_or(i64::MAX));
        }
    }

    /// Says how a reload of the configuration went.
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

    pub fn set_connections(&self, open: usize) {
        self.http_connections.set(i64::try_from(open).unwrap_or(i64::MAX));
    }

    /// Counts a connection that the exporter refused or closed.
    pub fn connection_closed(&self, reason: &str) {
        self.http_closed.with_label_values(&[reason]).inc();
    }

    pub fn web_config_reloaded(&self, success: bool) {
        self.web_config_success.set(f64::from(u8::from(success)));
    }

    /// Writes all of them.
    pub fn encode(&self, encoder: &mut Encoder) {
        for family in self.registry.gather() {
            encode_family(&family, encoder);
        }
        encode_budgets(&self.budgets, encoder);
    }
}

impl Observer for Metrics {
    fn request(&self, path: &str, status: &str, duration: Duration) {
        tracing::debug!(path, status, duration_ms = duration.as_secs_f64() * 1000.0, "API request");
        self.api_requests.with_label_values(&[path, known_status(status)]).inc();
        self.api_duration.with_label_values(&[path]).observe(duration.as_secs_f64());
    }
}

/// Statuses that pveproxy and proxies in front of it send; any other number is counted by its class, so that a server can't make up
/// series.
fn known_status(status: &str) -> &str {
    const KNOWN: [&str; 21] = [
        "200", "301", "302", "307", "308", "400", "401", "403", "404", "405", "408", "413", "429", "500", "501", "502",
        "503", "504", "595", "596", "599",
    ];
    let is_number = status.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number || KNOWN.contains(&status) {
        return status;
    }
    match status.as_bytes().first() {
        Some(b'1') => "1xx",
        Some(b'2') => "2xx",
        Some(b'3') => "3xx",
        Some(b'4') => "4xx",
        Some(b'5') => "5xx",
        _ => "other",
    }
}

fn encode_budgets(budgets: &Budgets, encoder: &mut Encoder) {
    type Get = fn(&ByteBudget) -> u64;
    let families: [(&str, &str, Type, Get); 4] = [
        ("pve_exporter_memory_budget_bytes", "What may be held, by purpose.", Type::Gauge, |budget| {
            budget.limit() as u64
        }),
        ("pve_exporter_memory_budget_used_bytes", "What is held now, by purpose.", Type::Gauge, |budget| {
            budget.used() as u64
        }),
        ("pve_exporter_memory_budget_highest_bytes", "The most that was held, by purpose.", Type::Gauge, |budget| {
            budget.highest() as u64
        }),
        (
            "pve_exporter_memory_budget_refused_total",
            "Answers, calls and responses refused because a budget was exhausted.",
            Type::Counter,
            |budget| budget.refused(),
        ),
    ];
    for (name, help, kind, get) in families {
        encoder.family(name, help, kind);
        for budget in budgets.all() {
            let mut labels = String::new();
            push_label(&mut labels, "purpose", budget.purpose().as_str());
            #[expect(clippy::cast_precision_loss, reason = "bytes far below 2^53")]
            encoder.sample(name, &labels, get(budget) as f64);
        }
    }
}

fn unix_seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

fn encode_family(family: &MetricFamily, encoder: &mut Encoder) {
    let name = family.name();
    let kind = match family.get_field_type() {
        MetricType::COUNTER => Type::Counter,
        MetricType::HISTOGRAM => Type::Histogram,
        _ if name.ends_with("_info") => Type::Info,
        _ => Type::Gauge,
    };
    encoder.family(name, family.help(), kind);
    for metric in family.get_metric() {
        let mut labels = String::new();
        for pair in metric.get_label() {
            push_label(&mut labels, pair.name(), pair.value());
        }
        match kind {
            Type::Counter => encoder.sample(name, &labels, metric.get_counter().get_value()),
            Type::Histogram => {
                let histogram = metric.get_histogram();
                let bucket = format!("{name}_bucket");
                #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
                {
                    for step in histogram.get_bucket() {
                        // Canonical in OpenMetrics: 1.0, not 1.
                        let bound = format!("{:?}", step.upper_bound());
                        encoder.sample_with(&bucket, &labels, ("le", &bound), step.cumulative_count() as f64);
                    }
                    let count = histogram.get_sample_count() as f64;
                    encoder.sample_with(&bucket, &labels, ("le", "+Inf"), count);
                    encoder.sample(&format!("{name}_sum"), &labels, histogram.get_sample_sum());
                    encoder.sample(&format!("{name}_count"), &labels, count);
                }
            }
            _ => encoder.sample(name, &labels, metric.get_gauge().get_value()),
        }
    }
}
