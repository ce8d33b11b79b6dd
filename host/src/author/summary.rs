//! `collector inspect`: all that an operator must know of a component to decide on it, on one page.

use std::fmt::Write as _;

use serde::Serialize;

use super::Report;
use super::arguments::Inspect;
use super::endpoints::{UNKNOWN, endpoint, frequency};
use super::error::AuthorError;
use super::workbench::Workbench;
use crate::catalog::{Grant, Refusal};
use crate::contract;
use crate::schema::{Kind, Outline, Request};

/// A component, described.
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
    requests: Vec<Asked>,
    tables: Vec<Table>,
    grant: Granted,
}

/// A request and what it takes.
#[derive(Debug, Serialize)]
struct Asked {
    path: String,
    /// Once for each of these.
    once_a: &'static str,
    max_age_seconds: u32,
    optional: bool,
    privilege: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expensive: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    denied_by_default: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct Table {
    labels: Vec<String>,
    metrics: Vec<Metric>,
}

#[derive(Debug, Serialize)]
struct Metric {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_label: Option<String>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    states: Vec<String>,
    help: String,
}

/// What the grant file says to all this.
#[derive(Debug, Serialize)]
struct Granted {
    file: String,
    sufficient: bool,
    /// Why not, with the lines to add.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// Requests that no line allows.
    missing: Vec<String>,
}

/// Describes a component and, on request, writes its grant.
pub(super) fn inspect(arguments: &Inspect) -> Result<Report, AuthorError> {
    let bench = Workbench::load(&arguments.subject)?;
    if arguments.write_grant {
        return write_grant(&bench, arguments.force);
    }
    let summary = Summary::of(&bench);
    let text = if arguments.json {
        let mut text = serde_json::to_string_pretty(&summary)?;
        text.push('\n');
        text
    } else {
        summary.page()
    };
    Ok(Report { text, success: true })
}

fn write_grant(bench: &Workbench, force: bool) -> Result<Report, AuthorError> {
    let path = &bench.grant_file;
    if path.exists() && !force {
        return Err(AuthorError::GrantExists(path.clone()));
    }
    let text = Grant::write(&bench.collector.schema, &bench.collector.component().facts().digest);
    std::fs::write(path, &text).map_err(AuthorError::file(path))?;
    Ok(Report { text: format!("written: {}\n{text}", path.display()), success: true })
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
            requests: schema.requests.iter().map(Asked::of).collect(),
            tables: schema.outline().iter().map(Table::of).collect(),
            grant: Granted::of(bench),
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

impl Asked {
    fn of(request: &Request) -> Self {
        let endpoint = endpoint(&request.template);
        Self {
            path: request.template.to_string(),
            once_a: frequency(&request.template),
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
            seconds => format!("every {seconds} s at most"),
        };
        let optional = if self.optional { "; may fail" } else { "" };
        let _ = writeln!(page, "  GET {}", self.path);
        let _ = writeln!(page, "      made       once a {}, {often}{optional}", self.once_a);
        let _ = writeln!(page, "      privilege  {}", self.privilege);
        if let Some(cost) = self.expensive {
            let _ = writeln!(page, "      expensive  {cost}");
        }
        if let Some(reason) = self.denied_by_default {
            let _ = writeln!(page, "      denied     by default: {reason}");
        }
    }
}

impl Table {
    fn of(outline: &Outline<'_>) -> Self {
        let metric = |(family, states): &(&crate::schema::Family, &[String])| {
            let (kind, state_label) = match &family.kind {
                Kind::Gauge => ("gauge", None),
                Kind::Counter => ("counter", None),
                Kind::Info => ("info", None),
                Kind::StateSet { label } => ("state-set", Some(label.clone())),
            };
            Metric { name: family.name.clone(), kind, state_label, states: states.to_vec(), help: family.help.clone() }
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
        for Metric { name, kind, state_label, states, help } in &self.metrics {
            let _ = writeln!(page, "  {kind:kinds$}  {name:names$}  {help}");
            if let Some(label) = state_label {
                let _ = writeln!(page, "  {:kinds$}  {:names$}  {label}: {}", "", "", states.join(", "));
            }
        }
    }
}

impl Granted {
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
        let verdict = self.problem.as_deref().unwrap_or("allows all it asks for");
        let _ = writeln!(page, "\ngrant     {}: {verdict}", self.file);
    }
}
