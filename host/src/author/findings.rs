//! `collector check`: every rule that a component breaks, by name, for people and for CI.

use std::fmt::Write as _;
use std::sync::Arc;

use serde::Serialize;

use super::arguments::Check;
use super::endpoints::{UNKNOWN, endpoint, frequency};
use super::error::{AuthorError, after};
use super::lints::lints;
use super::series::{Estimate, Size, estimate, place_of};
use super::workbench::{Broken, Workbench};
use super::{Report, counted};
use crate::catalog::builtins;
use crate::collector::{Collector, CollectorError, Origin};
use crate::contract;
use crate::limits::Limits;
use crate::patience::patiently;
use crate::sandbox::{LoadError, Sandbox};
use crate::schema::{Family, Request};

/// Requests that one scrape may cost a cluster before it is worth a word.
const MANY_REQUESTS: u64 = 200;
/// Series of one collector that are worth a word.
const MANY_SERIES: u64 = 100_000;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Severity {
    /// The host refuses it.
    Error,
    /// The host takes it; a reviewer should not.
    Warning,
}

/// A rule that is broken.
#[derive(Debug, Serialize)]
struct Finding {
    severity: Severity,
    /// The rule's name, for CI to filter by.
    rule: &'static str,
    message: String,
}

/// All that was found.
#[derive(Debug, Serialize)]
struct Findings {
    file: String,
    sha256: String,
    size_bytes: usize,
    contract: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    findings: Vec<Finding>,
    requests: Vec<Load>,
    /// Unknown without fixtures.
    #[serde(skip_serializing_if = "Option::is_none")]
    series: Option<Vec<Estimate>>,
}

/// A request and how often a cluster of the given size is asked.
#[derive(Debug, Serialize)]
struct Load {
    path: String,
    requests_a_scrape: u64,
    max_age_seconds: u32,
    privilege: &'static str,
}

/// Checks a component; fails where the host would refuse it or, if strict, where there is anything to say.
pub(super) fn check(arguments: &Check) -> Result<Report, AuthorError> {
    let mut findings = Findings {
        file: arguments.subject.file.display().to_string(),
        sha256: String::new(),
        size_bytes: 0,
        contract: contract::VERSION,
        name: None,
        findings: Vec::new(),
        requests: Vec::new(),
        series: None,
    };
    match Workbench::try_load(&arguments.subject)? {
        Err(broken) => findings.broken(broken),
        Ok(bench) => findings.examine(bench, arguments)?,
    }
    let bad = |finding: &Finding| arguments.strict || finding.severity == Severity::Error;
    let success = !findings.findings.iter().any(bad);
    let text = if arguments.json {
        let mut text = serde_json::to_string_pretty(&findings)?;
        text.push('\n');
        text
    } else {
        findings.page(arguments)
    };
    Ok(Report { text, success })
}

impl Findings {
    fn error(&mut self, rule: &'static str, message: String) {
        self.findings.push(Finding { severity: Severity::Error, rule, message });
    }

    fn warning(&mut self, rule: &'static str, message: String) {
        self.findings.push(Finding { severity: Severity::Warning, rule, message });
    }

    fn broken(&mut self, Broken { digest, size, error, log }: Broken) {
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

    fn examine(&mut self, bench: Workbench, arguments: &Check) -> Result<(), AuthorError> {
        let facts = bench.collector.component().facts();
        (self.sha256, self.size_bytes) = (facts.digest.clone(), facts.size);
        let schema = Arc::clone(&bench.collector.schema);
        self.name = Some(schema.name.clone());
        let size = Size { nodes: arguments.nodes, guests: arguments.guests, storages: arguments.storages };
        for (what, text) in [("version", &schema.version), ("description", &schema.description)] {
            if text.trim().is_empty() {
                self.warning("manifest", format!("the {what} is empty; the status page shows it"));
            }
        }
        if schema.requests.is_empty() {
            self.warning(
                "manifest",
                "it asks for nothing, so nothing of what it gives comes from the cluster".to_owned(),
            );
        }
        for family in &schema.families {
            for lint in lints(family) {
                self.warning("lint", format!("{}: {lint}", family.name));
            }
        }
        self.built_ins(bench.collector.component().sandbox(), &schema.name, &schema.families);
        for request in &schema.requests {
            self.request(request, size);
        }
        if let Some(fixtures) = &arguments.fixtures {
            let place = place_of(&bench);
            let series = estimate(&bench, fixtures, size)?;
            let all: u64 = series.iter().map(|table| table.series).sum();
            let places = size.count(place).max(1);
            if all / places > bench.collector.limits.series as u64 {
                self.error(
                    "limit",
                    format!("{} series a {place}, {} are allowed", all / places, bench.collector.limits.series),
                );
            } else if all > MANY_SERIES {
                self.warning("cardinality", format!("{all} series; keep labels to what tells series apart"));
            }
            self.series = Some(series);
        }
        Ok(())
    }

    fn request(&mut self, request: &Request, size: Size) {
        let template = &request.template;
        let (known, requests) = (endpoint(template), size.count(frequency(template)));
        if let Some(reason) = template.forbidden() {
            self.error("forbidden", format!("{template}: {reason}; no grant allows that"));
        } else if let Some(reason) = template.denied() {
            self.warning("denied", format!("{template}: {reason}; granted only by an operator who means it"));
        }
        if request.max_age_seconds == 0 {
            if let Some(cost) = known.and_then(|endpoint| endpoint.cost) {
                self.warning(
                    "max-age",
                    format!("{template} is expensive ({cost}) and asked in each scrape; set max-age-seconds"),
                );
            } else if requests > MANY_REQUESTS {
                self.warning(
                    "max-age",
                    format!("{template} is {requests} requests in each scrape; set max-age-seconds"),
                );
            }
        }
        self.requests.push(Load {
            path: template.to_string(),
            requests_a_scrape: requests,
            max_age_seconds: request.max_age_seconds,
            privilege: known.map_or(UNKNOWN, |endpoint| endpoint.privilege),
        });
    }

    /// A metric belongs to one collector. One with a built-in's name takes its place and may have its metrics.
    fn built_ins(&mut self, sandbox: &Sandbox, name: &str, families: &[Family]) {
        let load = |bytes| Collector::load(sandbox, bytes, Origin::Builtin, Limits::default()).ok();
        let others = || -> Vec<Collector> {
            let others = builtins().iter().filter(|(builtin, _)| *builtin != name);
            others.filter_map(|(_, bytes)| load(bytes)).collect()
        };
        let what = "compiling the built-in collectors, to compare names with theirs: once a release";
        for other in patiently(|| eprintln!("{what}"), others) {
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

    fn page(&self, arguments: &Check) -> String {
        let mut page = String::new();
        for Finding { severity, rule, message } in &self.findings {
            let severity = if *severity == Severity::Error { "error" } else { "warning" };
            let _ = writeln!(page, "{severity:7}  {rule}: {message}");
        }
        let Check { nodes, guests, storages, .. } = arguments;
        if self.name.is_some() {
            let gap = if self.findings.is_empty() { "" } else { "\n" };
            let _ =
                writeln!(page, "{gap}in a cluster of {nodes} nodes, {guests} guests and {storages} storages a node:");
        }
        for Load { path, requests_a_scrape, max_age_seconds, privilege } in &self.requests {
            let often =
                if *max_age_seconds == 0 { "a scrape".to_owned() } else { format!("every {max_age_seconds} s") };
            let what = if *requests_a_scrape == 1 { "request" } else { "requests" };
            let _ = writeln!(page, "  {requests_a_scrape:>7} {what} {often}: {path} ({privilege})");
        }
        for Estimate { labels, rows_a_place, series } in self.series.iter().flatten() {
            let (labels, rows) = (labels.join(", "), counted(*rows_a_place, "row"));
            let _ = writeln!(page, "  {series:>7} series of {{{labels}}}, with {rows} at the largest place");
        }
        if self.name.is_some() && self.series.is_none() {
            page.push_str("  series: unknown, --fixtures tells\n");
        }
        let of = |severity| self.findings.iter().filter(|finding| finding.severity == severity).count();
        let (errors, warnings) = (of(Severity::Error), of(Severity::Warning));
        let _ = writeln!(page, "\n{}: {}, {}", self.file, counted(errors, "error"), counted(warnings, "warning"));
        page
    }
}
