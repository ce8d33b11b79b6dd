//! `--config.check`: everything that the exporter needs, tried once, down to a scrape of each cluster.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::api::NoObserver;
use crate::budget::Budgets;
use crate::cache::Cache;
use crate::catalog::NoAnswers;
use crate::collector::CollectorSet;
use crate::config::{Config, Flags, Module, Targets};
use crate::exporter::{ExporterError, assemble, clusters, notices, tls};
use crate::reason::Reason;
use crate::reload;
use crate::scrape::{NodeScope, Report, Scope, ScrapeRequest, Scraper};
use crate::text::Foreign;

/// How long a cluster may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What the check found.
#[derive(Debug, Default)]
pub struct Findings {
    /// A line each.
    pub text: String,
    /// What the operator must change before the exporter can do its work; warnings are not among them.
    pub problems: usize,
}

impl Findings {
    fn line(&mut self, line: impl std::fmt::Display) {
        let _ = writeln!(self.text, "{line}");
    }

    fn warning(&mut self, line: impl std::fmt::Display) {
        self.line(format_args!("warning: {line}"));
    }

    fn problem(&mut self, line: impl std::fmt::Display) {
        self.line(format_args!("problem: {line}"));
        self.problems += 1;
    }
}

/// Checks flags, configuration and collectors, and scrapes each module's cluster once. Fails if the exporter would not start; what was
/// found before is there all the same.
pub async fn check(flags: &Flags, config: &Config, findings: &mut Findings) -> Result<(), ExporterError> {
    tls(flags)?;
    let cache = Cache::open(flags.sandbox_cache_directory.as_deref());
    for notice in notices(flags, config, &cache) {
        findings.warning(notice);
    }
    let budgets = Budgets::new(flags.memory_budget);
    let scraper = Scraper::new(clusters(flags, config, Arc::new(NoObserver), &budgets)?);
    let catalog = tokio::task::block_in_place(|| assemble(flags, &budgets, &cache))?;
    reload::log(&tokio::task::block_in_place(|| catalog.reload(&NoAnswers)));
    findings.line(format_args!("collectors: {} load", catalog.serving().iter().count()));
    for entry in catalog.entries() {
        if let Some(refusal) = entry.refusal {
            return Err(ExporterError::Refused { origin: entry.origin, refusal });
        }
    }
    for module in config.modules.values() {
        let named = || flags.target.as_deref().map(|host| module.target(host));
        let targets = module.targets.clone().map(Ok).or_else(named).transpose();
        match targets.map_err(|error| ExporterError::Target(module.name.clone(), error))? {
            Some(targets) => {
                if let Err(error) = cluster(findings, &scraper, module, &targets, catalog.serving()).await {
                    findings.problem(error);
                }
            }
            None => findings.line(format_args!(
                "module {}: has no target; --target HOST tests it with a host that /pve?target= will name",
                Foreign::new(&module.name)
            )),
        }
    }
    Ok(())
}

async fn cluster(
    findings: &mut Findings,
    scraper: &Scraper,
    module: &Module,
    targets: &Targets,
    collectors: Arc<CollectorSet>,
) -> Result<(), ExporterError> {
    let name = Foreign::new(&module.name);
    let scope = Scope { cluster: true, nodes: Some(NodeScope::All) };
    let request =
        ScrapeRequest { module, targets: targets.clone(), scope, collectors, deadline: Instant::now() + TIMEOUT };
    let scrape = scraper.scrape(request).await.map_err(|error| ExporterError::Unscraped(module.name.clone(), error))?;
    let report = &scrape.report;
    if let Some(source) = &report.discovery_error {
        let (module, source) = (module.name.clone(), source.clone());
        return Err(ExporterError::Unreachable { module, path: "/cluster/status", source });
    }
    let online = report.nodes.iter().filter(|node| node.online).count();
    findings.line(format_args!("module {name}: {targets} answers, {online} of {} nodes online", report.nodes.len()));
    let series: u64 = report.collectors.values().map(|collector| collector.series).sum();
    let working = report.collectors.values().filter(|collector| collector.success()).count();
    findings.line(format_args!(
        "module {name}: {working} of {} collectors return everything; {series} series",
        report.collectors.len()
    ));
    failures(findings, &name, report);
    if report.guests == 0 {
        findings.warning(format_args!(
            "module {name}: the cluster lists no guest: if it has some, the token lacks VM.Audit on /vms (PVEAuditor has it)"
        ));
    }
    Ok(())
}

/// A line for each collector and reason.
fn failures(findings: &mut Findings, module: &Foreign, report: &Report) {
    let mut causes: BTreeMap<(&str, Reason), (usize, String)> = BTreeMap::new();
    for (collector, failure) in report.failures() {
        let first = || (0, failure.cause.to_string());
        causes.entry((collector, failure.cause.reason())).or_insert_with(first).0 += 1;
    }
    for ((collector, reason), (failed, first)) in causes {
        let places = report.collectors.get(collector).map_or(failed, |collector| collector.places.max(failed));
        let line =
            format!("module {module}: {collector} fails for {failed} of {places} places: {}: {first}", reason.as_str());
        // The rights of the token are the operator's to change; a node that is down is not a mistake in the configuration.
        if reason == Reason::Forbidden { findings.problem(line) } else { findings.warning(line) }
    }
}
