//! The exporter's log and its own metrics.

mod components;
mod definitions;
mod encoding;
mod log_budget;
mod log_line;
mod logs;
mod metrics;
mod requests;
mod time;

pub use log_line::LineFormat;
pub use logs::init as init_logs;
pub use metrics::Metrics;
