//! `collector check`: every rule that a component breaks, by name, for people and for CI.

use std::sync::Arc;

use serde::Serialize;

use super::arguments::CheckArguments;
use super::endpoints::{UNKNOWN, endpoint};
use super::error::{AuthorError, after};
use super::frequency::{ClusterSize, Frequency};
use super::lints::lints;
use super::series::{SeriesEstimate, estimate, place_frequency};
use super::workbench::{LoadFailure, Workbench};
use super::{Printout, json};
use crate::catalog::builtins;
use crate::collector::{Collector, CollectorError, Origin};
use crate::contract;
use crate::limits::Limits;
use crate::patience::patiently;
use crate::sandbox::{LoadError, Sandbox};
use crate::schema::{Family, Request, Schema};
use crate::terminal;

/// Requests per scrape that are worth a warning.
const MANY_REQUESTS: u64 = 200;
/// Series of one collector that are worth a warning.
const MANY_SERIES: u64 = 100_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    /// The host rejects it.
    Error,
    /// The host accepts it; a reviewer should not.
    Warning,
}

/// A rule that is broken.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    /// The rule's name, for CI to filter by.
    pub(super) rule: &'static str,
    pub(super) message: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Findings {
    pub(super) file: String,
    sha256: String,
    size_bytes: usize,
    contract: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    pub(super) findings: Vec<Finding>,
    pub(super) requests: Vec<RequestLoad>,
    /// Unknown without fixtures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) series: Option<Vec<SeriesEstimate>>,
}

/// What a request costs a cluster of the given size.
#[derive(Debug, Serialize)]
pub(super) struct RequestLoad {
    pub(super) path: String,
    pub(super) requests_per_scrape: u64,
    pub(super) max_age_seconds: u32,
    pub(super) privilege: &'static str,
}

/// Checks a component; fails if the host would reject it or, with `--strict`, if there is any finding.
pub(super) fn check(arguments: &CheckArguments) -> Result<Printout, AuthorError> {
    let mut findings = Findings {
        file: arguments.component.file.display().to_string(),
        sha256: String::new(),
        size_bytes: 0,
        contract: contract::VERSION,
        name: None,
        findings: Vec::new(),
        requests: Vec::new(),
        series: None,
    };
    match Workbench::try_load(&arguments.component)? {
        Err(failure) => findings.load_failure(failure),
        Ok(bench) => findings.examine(&bench, arguments)?,
    }
    let fails = |finding: &Finding| arguments.strict || finding.severity == Severity::Error;
    let success = !findings.findings.iter().any(fails);
    let text = if arguments.json { json(&findings)? } else { findings.page(arguments) };
    Ok(Printout { text, success })
}

impl Findings {
    fn error(&mut self, rule: &'static str, message: String) {
        self.findings.push(Finding { severity: Severity::Error, rule, message });
    }

    fn warning(&mut self, rule: &'static str, message: String) {
        self.findings.push(Finding { severity: Severity::Warning, rule, message });
    }

    fn load_failure(&mut self, LoadFailure { digest, size, error, log }: LoadFailure) {
        (self.sha256, self.size_bytes) = (digest, size);
        match error {
            CollectorError::Load(error) => {
                let rule = match error {
                    LoadError::Empty | LoadError::CoreModule | LoadError::NotWasm => "component",
                    LoadError::ContractVersion { .. } => "contract-version",
                    LoadError::Contract { .. } => "contract",
                    LoadError::TooLarge { .. } | LoadError::CompileTime(_) | LoadError::ManifestTooLarge { .. } => {
                        "limit"
                    }
                    LoadError::Compile(_) => "compile",
                    LoadError::Describe(_) => "describe",
                };
                self.error(rule, format!("{error}{}", after(&log)));
            }
            CollectorError::Manifest(error) => {
                for problem in error.problems {
                    self.error("manifest", problem);
                }
            }
        }
    }

    fn examine(&mut self, bench: &Workbench, arguments: &CheckArguments) -> Result<(), AuthorError> {
        let facts = bench.collector.component().facts();
        (self.sha256, self.size_bytes) = (facts.digest.clone(), facts.size);
        let schema = Arc::clone(&bench.collector.schema);
        let size = ClusterSize { nodes: arguments.nodes, guests: arguments.guests, storages: arguments.storages };
        self.name = Some(schema.name.clone());
        self.manifest(&schema);
        self.ownership(bench.collector.component().sandbox(), &schema.name, &schema.families);
        for request in &schema.requests {
            self.request(request, size);
        }
        if let Some(fixtures) = &arguments.fixtures {
            let series = estimate(bench, fixtures, size)?;
            self.cardinality(&series, place_frequency(bench), size, bench.collector.limits.series);
            self.series = Some(series);
        }
        Ok(())
    }

    fn manifest(&mut self, schema: &Schema) {
        for (what, text) in [("version", &schema.version), ("description", &schema.description)] {
            if text.trim().is_empty() {
                self.warning("manifest", format!("the {what} is empty; the status page shows it"));
            }
        }
        if schema.requests.is_empty() {
            self.warning(
                "manifest",
                "it requests nothing, so none of its metrics can come from the cluster".to_owned(),
            );
        }
        for family in &schema.families {
            for lint in lints(family) {
                self.warning("lint", format!("{}: {lint}", family.name));
            }
        }
    }

    fn request(&mut self, request: &Request, size: ClusterSize) {
        let template = &request.template;
        let (known, requests) = (endpoint(template), Frequency::of(template).count(size));
        if let Some(reason) = template.forbidden() {
            self.error("forbidden", format!("{template}: {reason}; no grant can allow it"));
        } else if let Some(reason) = template.denied() {
            self.warning("denied", format!("{template}: {reason}; grants deny it unless they name this exact path"));
        }
        if request.max_age_seconds == 0 {
            if let Some(cost) = known.and_then(|endpoint| endpoint.cost) {
                self.warning(
                    "max-age",
                    format!("{template} is expensive ({cost}) and requested in each scrape; set max-age-seconds"),
                );
            } else if requests > MANY_REQUESTS {
                self.warning(
                    "max-age",
                    format!("{template} takes {requests} requests in each scrape; set max-age-seconds"),
                );
            }
        }
        self.requests.push(RequestLoad {
            path: template.to_string(),
            requests_per_scrape: requests,
            max_age_seconds: request.max_age_seconds,
            privilege: known.map_or(UNKNOWN, |endpoint| endpoint.privilege),
        });
    }

    fn cardinality(&mut self, series: &[SeriesEstimate], places: Frequency, size: ClusterSize, limit: usize) {
        let all: u64 = series.iter().map(|table| table.series).sum();
        let per_place = all / places.count(size).max(1);
        if per_place > limit as u64 {
            let place = places.as_str();
            self.error("limit", format!("{per_place} series per {place}, {limit} are allowed (limits: series)"));
        } else if all > MANY_SERIES {
            self.warning("cardinality", format!("{all} series; use only labels that tell series apart"));
        }
    }

    /// A metric belongs to one collector. A collector with the name of a built-in replaces it and may have its metrics.
    fn ownership(&mut self, sandbox: &Sandbox, name: &str, families: &[Family]) {
        let load = |bytes| Collector::load(sandbox, bytes, Origin::Builtin, Limits::default()).ok();
        let others = || -> Vec<Collector> {
            let others = builtins().iter().filter(|(builtin, _)| *builtin != name);
            others.filter_map(|(_, bytes)| load(bytes)).collect()
        };
        let message = "compiling the built-in collectors to compare metric names, once per release";
        for other in patiently(|| terminal::report(message), others) {
            for family in families {
                if other.schema.families.iter().any(|taken| taken.name == family.name) {
                    self.error(
                        "ownership",
                        format!("{} belongs to the built-in collector {}", family.name, other.name()),
                    );
                }
            }
        }
    }
}
