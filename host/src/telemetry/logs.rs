//! The log: one line per event on standard error, logfmt or JSON, never coloured.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::config::{LogFormat, LogLevel};

/// Starts logging. Later calls (in tests) have no effect.
pub fn init(level: LogLevel, format: LogFormat) {
    let level = match level {
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Error => LevelFilter::ERROR,
    };
    let layer = match format {
        LogFormat::Logfmt => tracing_logfmt::builder()
            .with_target(true)
            .with_span_name(false)
            .with_span_path(false)
            .layer()
            .with_writer(std::io::stderr)
            .boxed(),
        LogFormat::Json => fmt::layer().json().flatten_event(true).with_writer(std::io::stderr).boxed(),
    };
    // Never below info for libraries, whatever they would log.
    let filter = Targets::new().with_default(level.min(LevelFilter::INFO)).with_target("pve_exporter", level);
    // Fails only if a subscriber is already set.
    let _ = tracing_subscriber::registry().with(layer.with_filter(filter)).try_init();
}
