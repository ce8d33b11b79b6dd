//! Puts the parts together: configuration and flags become clusters, collectors, metrics and a server.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::TlsAcceptor;

use crate::api::{self, ClientError, FetchError, Observer};
use crate::app::{App, Policy};
use crate::budget::Budgets;
use crate::cache::Cache;
use crate::catalog::{Catalog, Loader, builtin_names, builtin_settings};
use crate::collector::{CollectorError, CollectorSet, Conflict, Origin};
use crate::config::{Config, Flags, Module, Notice, TargetError};
use crate::reload::Reloader;
use crate::sandbox::{Compiler, EngineError, Sandbox};
use crate::scrape::{Clusters, ScrapeError, Scraper};
use crate::startup;
use crate::telemetry::Metrics;
use crate::text::Foreign;
use crate::web::{self, ServeError, Site, TlsError};

/// Why the exporter does not run.
#[derive(Debug, thiserror::Error)]
pub enum ExporterError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A bug in this build.
    #[error("built-in collector {name}: {source}")]
    Builtin { name: &'static str, source: CollectorError },
    /// A bug in this build.
    #[error("built-in collector {name}: {source}")]
    Conflict { name: &'static str, source: Conflict },
    /// A bug in this build.
    #[error("own metrics: {0}")]
    Metrics(#[from] prometheus::Error),
    #[error(
        "--collectors.setting: {0} is not a built-in collector; settings of third-party collectors go into their grant files"
    )]
    UnknownCollector(Foreign),
    #[error("--collectors.setting: {collector} has no setting {setting}; its settings: {known}")]
    UnknownSetting { collector: &'static str, setting: Foreign, known: String },
    /// Without a place for compiled code, components of folders can't be compiled in a bounded process.
    #[error("--collectors.directory: there is no directory for compiled code; name one with --sandbox.cache-directory")]
    NoCompiler,
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Found by `--config.check`.
    #[error("{origin}: {refusal}")]
    Refused { origin: Origin, refusal: String },
    /// Found by `--config.check`: no connection, or a refused login.
    #[error("module {module}: {path}: {source}")]
    Unreachable { module: String, path: &'static str, source: FetchError },
    #[error("module {0}: --target: {1}")]
    Target(String, TargetError),
    #[error("module {0}: {1}")]
    Unscraped(String, ScrapeError),
}

impl ExporterError {
    /// Whether the configuration is at fault, rather than the machine or the network.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        matches!(
            self,
            Self::Client(_)
                | Self::Refused { .. }
                | Self::UnknownCollector(_)
                | Self::UnknownSetting { .. }
                | Self::Target(..)
                | Self::Tls(_)
                | Self::NoCompiler
        )
    }
}

/// How long the first response waits for the collectors of folders. Their compiled code is usually cached, so they are there from the
/// first scrape on; what takes longer delays nobody.
const FIRST_LOAD: Duration = Duration::from_secs(2);

/// Serves until `shutdown`.
pub async fn run(flags: Flags, config: Config, shutdown: impl Future<Output = ()>) -> Result<(), ExporterError> {
    let budgets = Budgets::new(flags.memory_budget);
    let metrics = Arc::new(Metrics::new(budgets.clone())?);
    let clusters = clusters(&flags, &config, metrics.clone(), &budgets)?;
    let tls = tls(&flags)?;
    // Before the collectors, so that an address in use is reported at once.
    let listeners = web::listen(&flags.listen_addresses).await?;
    // Removed at the end if it is a temporary one.
    let cache = Cache::open(flags.sandbox_cache_directory.as_deref());
    for notice in notices(&flags, &config, &cache) {
        tracing::warn!("{notice}");
    }
    let catalog = tokio::task::block_in_place(|| assemble(&flags, &budgets, &cache))?;
    metrics.set_catalog(&catalog);
    let policy = Policy { timeout_offset: flags.timeout_offset, strict: flags.strict };
    let app = Arc::new(App::new(config, catalog, Scraper::new(clusters), metrics, policy));
    let (reloader, reload) = Reloader::new(Arc::clone(&app), flags);
    let _ = tokio::time::timeout(FIRST_LOAD, reloader.load_folders()).await;
    introduce(&app.config.load(), &app.catalog);
    // Ends with the runtime.
    tokio::spawn(reloader.run());
    web::serve(Site { app, reload }, listeners, tls, shutdown).await?;
    Ok(())
}

/// The certificate to serve with, if the flags name one.
pub(crate) fn tls(flags: &Flags) -> Result<Option<TlsAcceptor>, TlsError> {
    match (&flags.server_certfile, &flags.server_keyfile) {
        (Some(certificate), Some(key)) => web::acceptor(certificate, key).map(Some),
        _ => Ok(None),
    }
}

/// What works but may not be meant.
pub(crate) fn notices(flags: &Flags, config: &Config, cache: &Cache) -> Vec<String> {
    let names: Vec<&str> = builtin_names().collect();
    let key = flags.server_keyfile.as_deref().and_then(|path| Notice::exposed(path, true));
    let found = config.notices.iter().cloned().chain(flags.contradictions(config, &names)).chain(key);
    found.map(|notice| notice.to_string()).chain(cache.notice.clone()).collect()
}

/// Logs what runs.
fn introduce(config: &Config, catalog: &Catalog) {
    let names: Vec<String> = catalog.serving().iter().map(|collector| collector.name().to_owned()).collect();
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        revision = env!("PVE_EXPORTER_REVISION"),
        collectors = names.join(","),
        "pve-exporter"
    );
    match config.scraped_module() {
        Some(Module { name, targets: Some(targets), .. }) => {
            tracing::info!(module = name, cluster = %targets, "at /metrics")
        }
        _ if config.modules.values().any(|module| module.targets.is_some()) => {
            tracing::warn!("several modules have a target and none is named default: /metrics needs ?module=");
        }
        _ => tracing::info!(
            "no module has a target: /metrics has only the exporter's own metrics, /pve?target= scrapes any cluster"
        ),
    }
    for module in config.modules.values().filter(|module| module.allowed_targets.is_none()) {
        tracing::warn!(
            module = module.name,
            "the module's credentials are sent to whatever host /pve?target= names; list the clusters under allowed_targets"
        );
    }
}

/// Creates the clients of all modules with a target and checks the files of the others, so that a bad CA file is reported at the
/// start.
pub(crate) fn clusters(
    flags: &Flags,
    config: &Config,
    observer: Arc<dyn Observer>,
    budgets: &Budgets,
) -> Result<Clusters, ExporterError> {
    let clusters = Clusters::new(flags.client_options(), flags.api_max_age, observer, Arc::clone(&budgets.answers));
    for module in config.modules.values() {
        match &module.targets {
            Some(targets) => drop(clusters.get(module, targets)?),
            None => api::Client::check(module)?,
        }
    }
    Ok(clusters)
}

/// Checks the names in `--collectors.setting`.
fn check_settings(flags: &Flags) -> Result<(), ExporterError> {
    for (collector, setting, _) in &flags.collectors_settings {
        let Some(name) = builtin_names().find(|name| name == collector) else {
            return Err(ExporterError::UnknownCollector(Foreign::new(collector)));
        };
        let known = builtin_settings(name);
        if !known.contains(&setting.as_str()) {
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(ExporterError::UnknownSetting { collector: name, setting: Foreign::new(setting), known });
        }
    }
    Ok(())
}

/// The built-ins that the flags enable; a reload adds the components of the folders.
pub(crate) fn assemble(flags: &Flags, budgets: &Budgets, cache: &Cache) -> Result<Catalog, ExporterError> {
    let limits = flags.limits();
    check_settings(flags)?;
    let capacity = startup::capacity(flags, &limits);
    let sandbox = Sandbox::new(capacity, cache.path())?.with_budget(Arc::clone(&budgets.collectors));
    let compiler = Compiler::of_this_program(cache.path().map(Path::to_owned), capacity);
    let loader = Loader { sandbox, compiler, limits, max_memory: capacity.max_memory };
    let mut serving = CollectorSet::default();
    let mut collectors = Vec::new();
    for (name, collector) in startup::load_builtins(&loader, flags) {
        let collector = Arc::new(collector.map_err(|source| ExporterError::Builtin { name, source })?);
        serving.add(Arc::clone(&collector)).map_err(|source| ExporterError::Conflict { name, source })?;
        collectors.push(collector);
    }
    if loader.compiler.is_none() && !flags.collectors_directories.is_empty() {
        // Compiling within this process would be unbounded.
        return Err(ExporterError::NoCompiler);
    }
    Ok(Catalog::new(loader, collectors, flags.collectors_directories.clone()))
}
