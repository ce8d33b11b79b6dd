//! What a component works on while it is written: a case of fixtures, or a cluster.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::arguments::{self, Run};
use super::error::AuthorError;
use super::fixture::read_cases;
use super::trial;
use super::workbench::Workbench;
use crate::api::NoObserver;
use crate::budget::ByteBudget;
use crate::collector::CollectorSet;
use crate::config::ClientOptions;
use crate::config::{Config, ConfigError, Environment, Module, Targets};
use crate::exposition::{Encoder, Format};
use crate::scrape::{Clusters, NodeScope, Scope, ScrapeRequest, Scraper};

/// How long a scrape of a cluster may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Where answers come from.
pub(super) enum Source {
    /// A folder of cases and the case that was asked for.
    Fixtures { folder: PathBuf, case: Option<String> },
    /// A cluster, with these credentials.
    Cluster { module: Box<Module>, targets: Targets },
}

/// A component that was loaded, with what it works on.
pub(super) enum Stage {
    /// What it gives does not change until something is loaded anew.
    Fixed { exposition: String, log: String, case: String },
    /// What it gives is asked for anew each time.
    Live { scraper: Box<Scraper>, collectors: Arc<CollectorSet>, module: Box<Module>, targets: Targets },
}

impl Source {
    pub(super) fn of(arguments: &Run) -> Result<Self, AuthorError> {
        match &arguments.fixtures {
            Some(folder) => Ok(Self::Fixtures { folder: folder.clone(), case: arguments.case.clone() }),
            None => {
                let (module, targets) = cluster(&arguments.cluster).map_err(|error| match error {
                    AuthorError::Config(error @ ConfigError::Missing(_)) => AuthorError::NoCluster(error),
                    error => error,
                })?;
                Ok(Self::Cluster { module: Box::new(module), targets })
            }
        }
    }

    /// What is to be looked at for changes besides the component and its grant.
    pub(super) fn folder(&self) -> Option<&PathBuf> {
        match self {
            Self::Fixtures { folder, .. } => Some(folder),
            Self::Cluster { .. } => None,
        }
    }

    /// Puts a component to work. Blocks while it is compiled.
    pub(super) fn stage(&self, bench: Workbench) -> Result<Stage, AuthorError> {
        match self {
            Self::Fixtures { folder, case } => {
                let cases = read_cases(folder)?;
                let wanted = |name: &str| case.as_ref().is_none_or(|case| case == name);
                let case = cases.iter().find(|case| wanted(&case.name)).ok_or_else(|| AuthorError::NoSuchCase {
                    folder: folder.clone(),
                    name: case.clone().unwrap_or_default(),
                    there: cases.iter().map(|case| case.name.clone()).collect(),
                })?;
                let trial = trial::run(&bench.collector, None, case)?;
                Ok(Stage::Fixed { exposition: trial.exposition, log: trial.log, case: case.name.clone() })
            }
            Self::Cluster { module, targets } => {
                let mut collectors = CollectorSet::default();
                // An empty set has no conflicts.
                let _ = collectors.add(Arc::new(bench.collector));
                let clusters = Clusters::new(
                    ClientOptions::default(),
                    Duration::MAX,
                    Arc::new(NoObserver),
                    ByteBudget::unlimited(),
                );
                let scraper = Box::new(Scraper::new(clusters));
                Ok(Stage::Live {
                    scraper,
                    collectors: Arc::new(collectors),
                    module: module.clone(),
                    targets: targets.clone(),
                })
            }
        }
    }
}

impl Stage {
    /// What it gives the metrics of, in words for the author.
    pub(super) fn subject(&self) -> String {
        match self {
            Self::Fixed { case, .. } => format!("the case {case}"),
            Self::Live { targets, .. } => format!("the cluster at {targets}"),
        }
    }

    /// The exposition, and what was said on the way to it.
    pub(super) async fn exposition(&self) -> Result<(String, String), AuthorError> {
        match self {
            Self::Fixed { exposition, log, .. } => Ok((exposition.clone(), log.clone())),
            Self::Live { scraper, collectors, module, targets } => {
                let scope = Scope { cluster: true, nodes: Some(NodeScope::All) };
                let deadline = Instant::now() + TIMEOUT;
                let (targets, collectors) = (targets.clone(), Arc::clone(collectors));
                let request = ScrapeRequest { module, targets, scope, collectors, deadline };
                let scrape = scraper.scrape(request).await?;
                let mut encoder = Encoder::new(Format::Text, 64 * 1024);
                for collected in &scrape.collected {
                    collected.encode(&mut encoder);
                }
                let text = String::from_utf8_lossy(&encoder.finish()).into_owned();
                let mut log = String::new();
                if let Some(error) = &scrape.report.discovery_error {
                    log = format!("cluster: failed: {error}\n");
                }
                for (_, failure) in scrape.report.failures() {
                    log.push_str(&format!("{}: failed: {}\n", failure.place, failure.cause));
                }
                Ok((text, log))
            }
        }
    }
}

/// The module and the cluster that the command line means.
pub(super) fn cluster(arguments: &arguments::Cluster) -> Result<(Module, Targets), AuthorError> {
    let config = Config::load(&arguments.config_file, &Environment::of_process())?;
    let file = arguments.config_file.display();
    let module = match &arguments.module {
        Some(name) => {
            config.modules.get(name).ok_or_else(|| AuthorError::Module(format!("{file}: there is no module {name}")))?
        }
        None => config.scraped_module().ok_or_else(|| {
            AuthorError::Module(format!("{file}: no module names a target, or several do; --module names one of them"))
        })?,
    };
    let targets = module.targets.clone().ok_or_else(|| {
        AuthorError::Module(format!("{file}: the module {} names no target; add `target:` to it", module.name))
    })?;
    Ok((module.clone(), targets))
}
