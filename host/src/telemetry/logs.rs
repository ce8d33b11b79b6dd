//! The log: one line per event on standard error, logfmt or JSON, never coloured.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::log_line::LineFormat;
use crate::config::{LogFormat, LogLevel};

/// Starts logging. Later calls (in tests) have no effect.
pub fn init(level: LogLevel, format: LogFormat) {
    let level = match level {
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Error => LevelFilter::ERROR,
    };
    let layer = fmt::layer().event_format(LineFormat::new(format)).with_writer(std::io::stderr);
    // Never below info for libraries, whatever they would log.
    let filter = Targets::new().with_default(level.min(LevelFilter::INFO)).with_target("pve_exporter", level);
    // Fails only if a subscriber is already set.
    let _ = tracing_subscriber::registry().with(layer.with_filter(filter)).try_init();
}
