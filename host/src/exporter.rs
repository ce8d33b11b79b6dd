//! The house put together: configuration and flags become clusters, collectors, metrics and a server.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::api::{self, ClientError, FetchError, Observer};
use crate::config::{Config, Flags};
use crate::registry::{Collector, CollectorError, CollectorSet, Conflict, Origin, builtins};
use crate::sandbox::{EngineError, Limits, Sandbox};
use crate::scrape::{Clusters, Scraper};
use crate::telemetry::Metrics;
use crate::web::{self, App, ServeError};

/// How long `--config.check` waits for a cluster.
const CHECK_TIMEOUT: Duration = Duration::from_secs(30);

/// Why the exporter does not run.
#[derive(Debug, thiserror::Error)]
pub enum ExporterError {
    /// A file that the configuration names can't be used.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The server does not run.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// There is no sandbox.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A built-in collector does not load: a defect of this build.
    #[error("built-in collector {name}: {source}")]
    Builtin {
        /// Which.
        name: &'static str,
        /// Why.
        source: CollectorError,
    },
    /// Two built-in collectors collide: a defect of this build.
    #[error("built-in collector {name}: {source}")]
    Conflict {
        /// Which.
        name: &'static str,
        /// Why.
        source: Conflict,
    },
    /// The exporter's own metrics contradict each other: a defect of this build.
    #[error("own metrics: {0}")]
    Metrics(#[from] prometheus::Error),
    /// `--config.check` could not reach a cluster, or was not let in.
    #[error("module {module}: {path}: {source}")]
    Unreachable {
        /// The module.
        module: String,
        /// What was asked.
        path: &'static str,
        /// Why there was no answer.
        source: FetchError,
    },
}

impl ExporterError {
    /// Whether the configuration is at fault, rather than the machine or the network.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        matches!(self, Self::Client(_))
    }
}

/// Serves until `shutdown`.
pub async fn run(flags: Flags, config: Config, shutdown: impl Future<Output = ()>) -> Result<(), ExporterError> {
    let metrics = Arc::new(Metrics::new()?);
    let clusters = clusters(&flags, &config, metrics.clone())?;
    // Before the collectors: an address in use is told at once.
    let listeners = web::listen(&flags.listen_addresses).await?;
    let collectors = tokio::task::block_in_place(|| load_builtins(&flags))?;
    metrics.set_collectors(&collectors);
    let app = App::new(config, Scraper::new(clusters, collectors), metrics, flags.timeout_offset);
    web::serve(Arc::new(app), listeners, shutdown).await?;
    Ok(())
}

/// `--config.check`: everything `run` would need, and one request to each module's cluster. Gives what was found, by
/// module.
pub async fn check(flags: &Flags, config: &Config) -> Result<BTreeMap<String, String>, ExporterError> {
    let clusters = clusters(flags, config, Arc::new(api::NoObserver))?;
    let collectors = tokio::task::block_in_place(|| load_builtins(flags))?;
    let mut found = BTreeMap::from([("collectors".to_owned(), format!("{} load", collectors.iter().count()))]);
    for module in config.modules.values() {
        let name = format!("module {}", module.name);
        let Some(targets) = &module.targets else {
            found.insert(name, "has no target; /pve?target= names it".to_owned());
            continue;
        };
        let cluster = clusters.get(module, targets)?;
        let inventory = cluster.discover(Instant::now() + CHECK_TIMEOUT).await.map_err(|source| {
            ExporterError::Unreachable { module: module.name.clone(), path: "/cluster/status", source }
        })?;
        let online = inventory.nodes.iter().filter(|node| node.online).count();
        found.insert(name, format!("{targets} answers, {online} of {} nodes online", inventory.nodes.len()));
    }
    Ok(found)
}

/// Makes the clients of all modules that name a target and checks the others' files, so that a CA file that is none is
/// told at the start.
fn clusters(flags: &Flags, config: &Config, observer: Arc<dyn Observer>) -> Result<Clusters, ExporterError> {
    let limits = api::Limits {
        max_concurrent: flags.api_max_concurrent,
        max_concurrent_per_node: flags.api_max_concurrent_per_node,
        max_body: flags.api_max_body,
        ..api::Limits::default()
    };
    let clusters = Clusters::new(limits, observer);
    for module in config.modules.values() {
        match &module.targets {
            Some(targets) => drop(clusters.get(module, targets)?),
            None => api::Client::check(module)?,
        }
    }
    Ok(clusters)
}

fn load_builtins(flags: &Flags) -> Result<CollectorSet, ExporterError> {
    let limits = Limits::default();
    let sandbox = Sandbox::new(flags.sandbox_max_instances, limits.memory, None)?;
    let mut set = CollectorSet::default();
    for &(name, component) in builtins() {
        if !flags.collector(name, true) {
            continue;
        }
        let collector = Collector::load(&sandbox, component, Origin::Builtin, limits.clone())
            .map_err(|source| ExporterError::Builtin { name, source })?;
        set.add(Arc::new(collector)).map_err(|source| ExporterError::Conflict { name, source })?;
    }
    Ok(set)
}
