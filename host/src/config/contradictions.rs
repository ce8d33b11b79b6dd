//! Flags that contradict the configuration or have no effect.

use std::time::Duration;

use super::flags::Flags;
use super::module::{Config, ConfigSource};
use super::notice::Notice;

/// Prometheus's default scrape timeout.
const SCRAPE_TIMEOUT: Duration = Duration::from_secs(10);

impl Flags {
    /// What the flags and the configuration say that may not be meant. `builtins` are the names of all built-in collectors.
    #[must_use]
    pub fn contradictions(&self, config: &Config, builtins: &[&str]) -> Vec<Notice> {
        let mut notices = Vec::new();
        let mut note = |words: String| notices.push(Notice::new(words));
        if config.source == ConfigSource::Environment && self.config_file_given {
            note("--config.file is not read, because PVE_USER is set".to_owned());
        }
        if self.timeout_offset >= SCRAPE_TIMEOUT {
            note(format!(
                "--web.timeout-offset is {} s, which leaves no time of a scrape timeout of 10 s, Prometheus's default",
                self.timeout_offset.as_secs_f64()
            ));
        }
        if builtins.iter().all(|name| !self.collector(name, true)) && self.collectors_directories.is_empty() {
            note("all collectors are disabled: scrapes collect nothing".to_owned());
        }
        for (collector, ..) in &self.collectors_settings {
            if builtins.contains(&collector.as_str()) && !self.collector(collector, true) {
                note(format!("--collectors.setting {collector}: the collector is disabled"));
            }
        }
        notices
    }
}
