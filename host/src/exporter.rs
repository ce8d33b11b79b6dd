//! The house put together: configuration and flags become clusters, collectors, metrics and a server.

use std::collections::BTreeMap;
use std::future::Future;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::api::{self, ClientError, FetchError, Observer};
use crate::config::{Config, Flags};
use crate::registry::{Catalog, CollectorError, CollectorSet, Conflict, Loader, NoTrial, Origin, builtins};
use crate::reload::Reloader;
use crate::sandbox::{Compiler, EngineError, Limits, Sandbox};
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
    /// `--config.check` found a component in a folder that is refused.
    #[error("{origin}: {refusal}")]
    Refused {
        /// The file.
        origin: Origin,
        /// Why.
        refusal: String,
    },
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
        matches!(self, Self::Client(_) | Self::Refused { .. })
    }
}

/// Serves until `shutdown`.
pub async fn run(flags: Flags, config: Config, shutdown: impl Future<Output = ()>) -> Result<(), ExporterError> {
    let metrics = Arc::new(Metrics::new()?);
    let clusters = clusters(&flags, &config, metrics.clone())?;
    // Before the collectors: an address in use is told at once.
    let listeners = web::listen(&flags.listen_addresses).await?;
    let catalog = tokio::task::block_in_place(|| catalog(&flags))?;
    metrics.set_catalog(&catalog);
    let (reload, requests) = mpsc::channel(4);
    let scraper = Scraper::new(clusters, Arc::new(catalog));
    let app = Arc::new(App::new(config, scraper, metrics, flags.timeout_offset, reload));
    // Ends with the runtime.
    tokio::spawn(Reloader::new(Arc::clone(&app), flags, requests).run());
    web::serve(app, listeners, shutdown).await?;
    Ok(())
}

/// `--config.check`: everything `run` would need, and one request to each module's cluster. Gives what was found, by
/// module.
pub async fn check(flags: &Flags, config: &Config) -> Result<BTreeMap<String, String>, ExporterError> {
    let clusters = clusters(flags, config, Arc::new(api::NoObserver))?;
    let catalog = tokio::task::block_in_place(|| catalog(flags))?;
    let mut found = BTreeMap::new();
    found.insert("collectors".to_owned(), format!("{} load", catalog.serving().iter().count()));
    for entry in catalog.entries() {
        if let Some(refusal) = entry.refusal {
            return Err(ExporterError::Refused { origin: entry.origin, refusal });
        }
    }
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

/// The built-ins the flags leave in, and what the folders hold.
fn catalog(flags: &Flags) -> Result<Catalog, ExporterError> {
    let mut limits = Limits::default();
    for (name, value) in &flags.sandbox_limits {
        // Checked when the flags were parsed.
        let _ = limits.set(name, value);
    }
    let (slots, max_memory) = (flags.sandbox_max_instances, flags.sandbox_max_memory.max(limits.memory));
    let cache = cache_directory(flags.sandbox_cache_directory.as_deref());
    let sandbox = Sandbox::new(slots, max_memory, cache.as_deref())?;
    let compiler = cache
        .zip(std::env::current_exe().ok())
        .map(|(cache, executable)| Compiler::new(executable, cache, slots, max_memory));
    let loader = Loader { sandbox, compiler, limits, max_memory };
    let mut serving = CollectorSet::default();
    let mut collectors = Vec::new();
    for &(name, component) in builtins() {
        if !flags.collector(name, true) {
            continue;
        }
        let collector =
            Arc::new(loader.load_builtin(component).map_err(|source| ExporterError::Builtin { name, source })?);
        serving.add(Arc::clone(&collector)).map_err(|source| ExporterError::Conflict { name, source })?;
        collectors.push(collector);
    }
    let catalog = Catalog::new(loader, collectors, flags.collectors_directories.clone());
    let changes = catalog.reload(&NoTrial);
    for (path, reason) in changes.refused.iter().chain(&changes.unreadable) {
        tracing::error!(file = %path.display(), "not taken in: {reason}");
    }
    Ok(catalog)
}

/// Where compiled code is kept: ours alone, since what is in it is run. `None` where there is no such place: then each start
/// compiles again (half a second), and large components of folders are compiled without a bound on the time.
pub(crate) fn cache_directory(wanted: Option<&Path>) -> Option<PathBuf> {
    let from = |variable: &str| std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    let directory = wanted.map(Path::to_owned).or_else(|| {
        let base = from("CACHE_DIRECTORY")
            .or_else(|| from("XDG_CACHE_HOME").map(|base| base.join("pve-exporter")))
            .or_else(|| from("HOME").map(|home| home.join(".cache/pve-exporter")))?;
        // wasmtime wants an absolute path, and systemd gives one.
        base.is_absolute().then_some(base)
    })?;
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(0o700);
    match builder.create(&directory).and_then(|()| directory.canonicalize()) {
        Ok(directory) => Some(directory),
        Err(error) => {
            tracing::warn!(directory = %directory.display(), %error, "compiled code is not kept (--sandbox.cache-directory)");
            None
        }
    }
}
