//! What every request needs: the configuration, the collectors, the clusters and the exporter's own metrics.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::time::Instant;

use crate::catalog::{Catalog, Changes, LastAnswers};
use crate::config::{Config, Module, Targets};
use crate::contract::PlaceAnswers;
use crate::schema::Schema;
use crate::scrape::{Clusters, Scope, Scrape, ScrapeError, ScrapeRequest, Scraper};
use crate::telemetry::Metrics;

#[derive(Debug)]
pub struct App {
    /// Modules and targets, swapped by a reload.
    pub config: ArcSwap<Config>,
    pub catalog: Catalog,
    pub scraper: Scraper,
    pub metrics: Arc<Metrics>,
    pub policy: Policy,
    stopping: AtomicBool,
}

/// How scrapes are answered.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// How long before the scraper's timeout to respond.
    pub timeout_offset: Duration,
    /// Respond to `/pve` with 500 if anything could not be collected, as prometheus-pve-exporter does.
    pub strict: bool,
}

impl App {
    #[must_use]
    pub fn new(config: Config, catalog: Catalog, scraper: Scraper, metrics: Arc<Metrics>, policy: Policy) -> Self {
        let config = ArcSwap::from_pointee(config);
        Self { config, catalog, scraper, metrics, policy, stopping: AtomicBool::new(false) }
    }

    /// Scrapes a cluster with the collectors that serve now, and counts the scrape.
    pub async fn scrape(
        &self,
        module: &Module,
        targets: Targets,
        scope: Scope,
        deadline: Instant,
    ) -> Result<Arc<Scrape>, ScrapeError> {
        let collectors = self.catalog.serving();
        let request = ScrapeRequest { module, targets, scope, collectors, deadline };
        let scrape = self.scraper.scrape(request).await.inspect_err(|error| {
            tracing::error!(module = module.name, %error, "no scrape");
        })?;
        self.metrics.scraped(&module.name, &scrape.report);
        Ok(scrape)
    }

    /// Reads the collectors folders again and tries new versions on the last answers. Blocks.
    pub fn reload_collectors(&self) -> Changes {
        let changes = self.catalog.reload(&ScrapedAnswers(&self.scraper.clusters));
        self.metrics.set_catalog(&self.catalog);
        changes
    }

    /// From now on the exporter is not ready.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}

struct ScrapedAnswers<'a>(&'a Clusters);

impl LastAnswers for ScrapedAnswers<'_> {
    fn last_answers(&self, schema: &Schema) -> Option<PlaceAnswers> {
        self.0.last_answers(schema)
    }
}
