//! `collector inspect`: what an operator needs to know about a component to decide on it, on one page.

use std::fmt::Write as _;

use serde::Serialize;

use super::arguments::InspectArguments;
use super::endpoints::{UNKNOWN, endpoint};
use super::error::AuthorError;
use super::frequency::Frequency;
use super::workbench::Workbench;
use super::{Printout, json};
use crate::catalog::{Grant, Refusal};
use crate::contract;
use crate::schema::{Family, Kind, Outline, Request};

#[derive(Debug, Serialize)]
struct Summary {
    name: String,
    version: String,
    description: String,
    file: String,
    sha256: String,
    size_bytes: usize,
    contract: &'static str,
    imports: Vec<String>,
    requests: Vec<RequestSummary>,
    tables: Vec<TableSummary>,
    grant: GrantSummary,
}

/// A request and what it costs.
#[derive(Debug, Serialize)]
struct RequestSummary {
    path: String,
    once_per: Frequency,
    max_age_seconds: u32,
    optional: bool,
    privilege: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expensive: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    denied_by_default: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct TableSummary {
    labels: Vec<String>,
    metrics: Vec<MetricSummary>,
}

#[derive(Debug, Serialize)]
struct MetricSummary {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_label: Option<String>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    states: Vec<String>,
    help: String,
}

/// Whether the grant file allows all of it.
#[derive(Debug, Serialize)]
struct GrantSummary {
    file: String,
    sufficient: bool,
    /// Why not, with the lines to add.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// Requests that the grant does not allow.
    missing: Vec<String>,
}

/// Describes a component or, with `--write-grant`, writes its grant.
pub(super) fn inspect(arguments: &InspectArguments) -> Result<Printout, AuthorError> {
    let bench = Workbench::load(&arguments.component)?;
    if arguments.write_grant {
        return write_grant(&bench, arguments.force);
    }
    let summary = Summary::of(&bench);
    let text = if arguments.json { json(&summary)? } else { summary.page() };
    Ok(Printout { text, success: true })
}

fn write_grant(bench: &Workbench, force: bool) -> Result<Printout, AuthorError> {
    let path = &bench.grant_file;
    if path.exists() && !force {
        return Err(AuthorError::GrantExists(path.clone()));
    }
    let text = Grant::write(&bench.collector.schema, &bench.collector.component().facts().digest);
    std::fs::write(path, &text).map_err(AuthorError::file(path))?;
    Ok(Printout { text: format!("wrote {}:\n{text}", path.display()), success: true })
}

impl Summary {
    fn of(bench: &Workbench) -> Self {
        let (schema, facts) = (&bench.collector.schema, bench.collector.component().facts());
        Self {
            name: schema.name.clone(),
            version: schema.version.clone(),
            description: schema.description.clone(),
            file: bench.file.display().to_string(),
            sha256: facts.digest.clone(),
            size_bytes: facts.size,
            contract: contract::VERSION,
            imports: facts.imports.clone(),
            requests: schema.requests.iter().map(RequestSummary::of).collect(),
            tables: schema.outline().iter().map(TableSummary::of).collect(),
            grant: GrantSummary::of(bench),
        }
    }

    fn page(&self) -> String {
        let Self { name, version, description, file, sha256, size_bytes, contract, imports, .. } = self;
        let mut page = format!("{name} {version}: {description}\n\n");
        let imports = if imports.is_empty() { "nothing".to_owned() } else { imports.join(", ") };
        let _ = writeln!(page, "file      {file}, {size_bytes} bytes");
        let _ = writeln!(page, "sha256    {sha256}");
        let _ = writeln!(page, "contract  {contract}");
        let _ = writeln!(page, "imports   {imports}");
        page.push_str("\nrequests\n");
        if self.requests.is_empty() {
            page.push_str("  none\n");
        }
        for request in &self.requests {
            request.describe(&mut page);
        }
        for (index, table) in self.tables.iter().enumerate() {
            table.describe(index, &mut page);
        }
        self.grant.describe(&mut page);
        page
    }
}

impl RequestSummary {
    fn of(request: &Request) -> Self {
        let endpoint = endpoint(&request.template);
        Self {
            path: request.template.to_string(),
            once_per: Frequency::of(&request.template),
            max_age_seconds: request.max_age_seconds,
            optional: request.optional,
            privilege: endpoint.map_or(UNKNOWN, |endpoint| endpoint.privilege),
            expensive: endpoint.and_then(|endpoint| endpoint.cost),
            denied_by_default: request.template.denied(),
        }
    }

    fn describe(&self, page: &mut String) {
        let often = match self.max_age_seconds {
            0 => "in each scrape".to_owned(),
            seconds => format!("at most every {seconds} s"),
        };
        let optional = if self.optional { "; optional" } else { "" };
        let _ = writeln!(page, "  GET {}", self.path);
        let _ = writeln!(page, "      made       once per {}, {often}{optional}", self.once_per.as_str());
        let _ = writeln!(page, "      privilege  {}", self.privilege);
        if let Some(cost) = self.expensive {
            let _ = writeln!(page, "      expensive  {cost}");
        }
        if let Some(reason) = self.denied_by_default {
            let _ = writeln!(page, "      denied     by default: {reason}");
        }
    }
}

impl TableSummary {
    fn of(outline: &Outline<'_>) -> Self {
        let metric = |(family, states): &(&Family, &[String])| {
            let (kind, state_label) = match &family.kind {
                Kind::Gauge => ("gauge", None),
                Kind::Counter => ("counter", None),
                Kind::Info => ("info", None),
                Kind::StateSet { label } => ("state-set", Some(label.clone())),
            };
            MetricSummary {
                name: family.name.clone(),
                kind,
                state_label,
                states: states.to_vec(),
                help: family.help.clone(),
            }
        };
        Self { labels: outline.label_names.to_vec(), metrics: outline.metrics.iter().map(metric).collect() }
    }

    fn describe(&self, index: usize, page: &mut String) {
        let labels = if self.labels.is_empty() { "no labels".to_owned() } else { self.labels.join(", ") };
        let _ = writeln!(page, "\ntable {index}: {labels}");
        let (kinds, names) = self
            .metrics
            .iter()
            .fold((0, 0), |(kinds, names), metric| (kinds.max(metric.kind.len()), names.max(metric.name.len())));
        for MetricSummary { name, kind, state_label, states, help } in &self.metrics {
            let _ = writeln!(page, "  {kind:kinds$}  {name:names$}  {help}");
            if let Some(label) = state_label {
                let _ = writeln!(page, "  {:kinds$}  {:names$}  {label}: {}", "", "", states.join(", "));
            }
        }
    }
}

impl GrantSummary {
    fn of(bench: &Workbench) -> Self {
        let mut granted =
            Self { file: bench.grant_file.display().to_string(), sufficient: true, problem: None, missing: Vec::new() };
        let schema = &bench.collector.schema;
        let grant = bench.grant.clone().unwrap_or_default();
        let refusal = grant
            .check_digest(&bench.collector.component().facts().digest)
            .and_then(|()| grant.check_requests(schema))
            .err();
        if let Some(Refusal::Requests { missing }) = &refusal {
            granted.missing.clone_from(missing);
        }
        granted.problem = match refusal {
            _ if bench.grant.is_none() => Some("there is no grant file; --write-grant writes it".to_owned()),
            refusal => refusal.map(|refusal| refusal.to_string()),
        };
        granted.sufficient = granted.problem.is_none();
        granted
    }

    fn describe(&self, page: &mut String) {
        let verdict = self.problem.as_deref().unwrap_or("allows all its requests");
        let _ = writeln!(page, "\ngrant     {}: {verdict}", self.file);
    }
}
