//! What `collector run` runs a component on: a case of fixtures, or a cluster.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use pve_collector::testing::CaseDirectory;
use tokio::time::Instant;

use super::arguments::{ClusterArguments, RunArguments};
use super::consent::Consent;
use super::error::AuthorError;
use super::workbench::Workbench;
use super::{case_run, sdk};
use crate::api::NoObserver;
use crate::budget::ByteBudget;
use crate::collector::CollectorSet;
use crate::config::{ClientOptions, Config, ConfigError, Environment, Module, Targets};
use crate::exposition::{Encoder, Format};
use crate::scrape::{Clusters, NodeScope, Scope, Scrape, ScrapeRequest, Scraper};

/// For one scrape of a cluster.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Where answers come from.
pub(super) enum RunSource {
    /// A directory of cases, and the name of one if the first is not wanted.
    Fixtures { directory: PathBuf, case: Option<String> },
    /// A cluster and its credentials.
    Cluster { module: Box<Module>, targets: Targets, consent: Mutex<Consent> },
}

/// A loaded component with its source.
pub(super) enum Stage {
    /// The output for a case, which does not change until the next reload.
    Fixed { snapshot: Snapshot, case: String },
    /// Every request scrapes the cluster.
    Live { scraper: Box<Scraper>, collectors: Arc<CollectorSet>, module: Box<Module>, targets: Targets },
}

/// The output of a component.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    pub(super) exposition: String,
    /// As in `expected.log`.
    pub(super) log: String,
}

impl RunSource {
    pub(super) fn of(arguments: &RunArguments) -> Result<Self, AuthorError> {
        match &arguments.fixtures {
            Some(directory) => Ok(Self::Fixtures { directory: directory.clone(), case: arguments.case.clone() }),
            None => {
                let (module, targets) = cluster(&arguments.cluster).map_err(|error| match error {
                    AuthorError::Config(error @ ConfigError::Missing(_)) => AuthorError::NoCluster(error),
                    error => error,
                })?;
                let consent = Mutex::new(Consent::new(&arguments.consent));
                Ok(Self::Cluster { module: Box::new(module), targets, consent })
            }
        }
    }

    /// A directory to watch for changes, besides the component and its grant.
    pub(super) fn directory(&self) -> Option<&PathBuf> {
        match self {
            Self::Fixtures { directory, .. } => Some(directory),
            Self::Cluster { .. } => None,
        }
    }

    /// Blocks while a component runs on fixtures.
    pub(super) fn stage(&self, bench: Workbench) -> Result<Stage, AuthorError> {
        match self {
            Self::Fixtures { directory, case } => {
                let cases = CaseDirectory::read_all(directory)?;
                let wanted = |name: &str| case.as_ref().is_none_or(|case| case == name);
                let case = cases.iter().find(|case| wanted(case.name())).ok_or_else(|| AuthorError::NoSuchCase {
                    directory: directory.clone(),
                    name: case.clone().unwrap_or_default(),
                    cases: cases.iter().map(|case| case.name().to_owned()).collect(),
                })?;
                let mistakes = case.check(&sdk::requests(&bench.collector.schema));
                if !mistakes.is_empty() {
                    return Err(AuthorError::Case(mistakes));
                }
                let run = case_run::run(&bench.collector, None, case.case());
                let snapshot = Snapshot { exposition: run.exposition, log: run.log };
                Ok(Stage::Fixed { snapshot, case: case.name().to_owned() })
            }
            Self::Cluster { module, targets, consent } => {
                consent.lock().check(&bench)?;
                let mut collectors = CollectorSet::default();
                // An empty set has no conflicts.
                let _ = collectors.add(Arc::new(bench.collector));
                let clusters = Clusters::new(
                    ClientOptions::default(),
                    Duration::MAX,
                    Arc::new(NoObserver),
                    ByteBudget::unlimited(),
                );
                Ok(Stage::Live {
                    scraper: Box::new(Scraper::new(clusters)),
                    collectors: Arc::new(collectors),
                    module: module.clone(),
                    targets: targets.clone(),
                })
            }
        }
    }
}

impl Stage {
    /// The source, for the author.
    pub(super) fn description(&self) -> String {
        match self {
            Self::Fixed { case, .. } => format!("the case {case}"),
            Self::Live { targets, .. } => format!("the cluster at {targets}"),
        }
    }

    pub(super) async fn snapshot(&self) -> Result<Snapshot, AuthorError> {
        match self {
            Self::Fixed { snapshot, .. } => Ok(snapshot.clone()),
            Self::Live { scraper, collectors, module, targets } => {
                let scope = Scope { cluster: true, nodes: Some(NodeScope::All) };
                let deadline = Instant::now() + TIMEOUT;
                let (targets, collectors) = (targets.clone(), Arc::clone(collectors));
                let request = ScrapeRequest { module, targets, scope, collectors, deadline };
                let scrape = scraper.scrape(request).await?;
                Ok(Snapshot::of(&scrape))
            }
        }
    }
}

impl Snapshot {
    fn of(scrape: &Scrape) -> Self {
        let mut encoder = Encoder::new(Format::Text, 64 * 1024);
        for collected in &scrape.collected {
            collected.encode(&mut encoder);
        }
        let exposition = String::from_utf8_lossy(&encoder.finish()).into_owned();
        let discovery = scrape.report.discovery_error.iter().map(|error| format!("cluster: failed: {error}\n"));
        let failures = scrape.report.failures();
        let failures = failures.map(|(_, failure)| format!("{}: failed: {}\n", failure.place, failure.cause));
        Self { exposition, log: discovery.chain(failures).collect() }
    }
}

/// The module and the cluster that the command line names.
pub(super) fn cluster(arguments: &ClusterArguments) -> Result<(Module, Targets), AuthorError> {
    let config = Config::load(&arguments.config_file, &Environment::of_process())?;
    let file = arguments.config_file.display();
    let module = match &arguments.module {
        Some(name) => {
            config.modules.get(name).ok_or_else(|| AuthorError::Module(format!("{file}: there is no module {name}")))?
        }
        None => config.scraped_module().ok_or_else(|| {
            AuthorError::Module(format!("{file}: no module has a target, or several do; name one with --module"))
        })?,
    };
    let targets = module.targets.clone().ok_or_else(|| {
        AuthorError::Module(format!("{file}: the module {} has no target; add `target:` to it", module.name))
    })?;
    Ok((module.clone(), targets))
}
