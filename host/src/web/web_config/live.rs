//! The web configuration in use, read again when one of its files changes.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use tokio::time::MissedTickBehavior;

use super::sources::Sources;
use super::{Origin, WebConfig, WebConfigError};
use crate::config::WebFlags;
use crate::telemetry::Metrics;

/// How often the files are compared with what was read.
const INTERVAL: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub struct LiveWebConfig {
    origin: Origin,
    current: ArcSwap<WebConfig>,
    sources: Mutex<Sources>,
}

impl LiveWebConfig {
    pub fn load(flags: &WebFlags) -> Result<Self, WebConfigError> {
        let origin = Origin::of(flags);
        let mut sources = Sources::default();
        let config = WebConfig::load(&origin, &mut sources)?;
        Ok(Self { origin, current: ArcSwap::from_pointee(config), sources: Mutex::new(sources) })
    }

    pub(in super::super) fn current(&self) -> Arc<WebConfig> {
        self.current.load_full()
    }

    /// What works but may not be meant.
    pub fn notices(&self) -> Vec<String> {
        Self::notices_of(&self.current.load(), &self.sources.lock())
    }

    fn notices_of(config: &WebConfig, sources: &Sources) -> Vec<String> {
        let ignored = config.warnings.iter().map(|warning| format!("web configuration: {warning}"));
        ignored.chain(sources.exposed()).collect()
    }

    /// Reads the files again if one has changed. Blocks.
    fn refresh(&self, metrics: &Metrics) {
        let mut sources = self.sources.lock();
        if sources.changed() {
            let _ = self.replace(&mut sources, metrics);
        }
    }

    /// Reads the files again; a mistake leaves the configuration as it is. Blocks.
    pub(in super::super) fn reload(&self, metrics: &Metrics) -> Result<(), String> {
        if matches!(self.origin, Origin::Nowhere) {
            return Ok(());
        }
        self.replace(&mut self.sources.lock(), metrics)
    }

    fn replace(&self, sources: &mut Sources, metrics: &Metrics) -> Result<(), String> {
        let mut read = Sources::default();
        let loaded = WebConfig::load(&self.origin, &mut read);
        // Of a failed attempt as well: it is repeated when a file changes, not every second.
        *sources = read;
        metrics.web_config_reloaded(loaded.is_ok());
        match loaded {
            Ok(mut config) => {
                config.inherit(&self.current.load());
                self.current.store(Arc::new(config));
                tracing::info!("web configuration reloaded");
                for notice in Self::notices_of(&self.current.load(), sources) {
                    tracing::warn!("{notice}");
                }
                Ok(())
            }
            Err(error) => {
                let text = error.to_string();
                let line = text.replace('\n', " | ");
                tracing::error!("web configuration not reloaded, the previous one stays in use: {line}");
                Err(text)
            }
        }
    }

    /// Compares the files with what was read, for as long as the process runs.
    pub(in super::super) async fn watch(self: Arc<Self>, metrics: Arc<Metrics>) {
        if matches!(self.origin, Origin::Nowhere) {
            return;
        }
        let mut interval = tokio::time::interval(INTERVAL);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            interval.tick().await;
            let (this, metrics) = (Arc::clone(&self), Arc::clone(&metrics));
            // Off the async workers: the files may be on a file system that hangs.
            let _ = tokio::task::spawn_blocking(move || this.refresh(&metrics)).await;
        }
    }
}
