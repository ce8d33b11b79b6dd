//! A collector run on a case, in the sandbox and under the limits an operator's exporter would run it under.

use std::fmt::Write as _;
use std::sync::Arc;

use super::error::AuthorError;
use super::fixture::{Case, contract_name};
use super::places::{check_declared, path_at, place_name, places, placing};
use crate::api::Answer;
use crate::collector::{Collection, CollectionError, Collector};
use crate::contract::{FailureKind, FetchErrorKind, Input};
use crate::exposition::{Encoder, Format};
use crate::request::{Place, Template};
use crate::sandbox::{CallError, CollectorLog, LogBuffer, Usage};
use crate::schema::{Collected, Rejections, Rows};

/// What a collector made of a case.
#[derive(Debug)]
pub(super) struct Trial {
    /// Text format 0.0.4.
    pub(super) exposition: String,
    /// Warnings, failures and log lines, a line each.
    pub(super) log: String,
    /// What broke the contract and was lost.
    pub(super) violations: Vec<String>,
    /// What no case can mean to expect: a call that broke down, or none at all.
    pub(super) breakdowns: Vec<String>,
    /// The most that any call used.
    pub(super) peak: Peak,
    /// Rows of each table at the place that has most of it.
    pub(super) rows_by_table: Vec<usize>,
}

/// The most of each thing that one call used.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Peak {
    pub(super) calls: usize,
    pub(super) usage: Usage,
    pub(super) instructions: u64,
    pub(super) rows: usize,
    pub(super) series: usize,
}

impl Peak {
    /// The most of both.
    pub(super) fn merge(&mut self, other: &Self) {
        self.calls += other.calls;
        self.take(&other.usage);
        self.instructions = self.instructions.max(other.instructions);
        self.rows = self.rows.max(other.rows);
        self.series = self.series.max(other.series);
    }

    fn take(&mut self, usage: &Usage) {
        self.usage.cpu = self.usage.cpu.max(usage.cpu);
        self.usage.wall = self.usage.wall.max(usage.wall);
        self.usage.memory = self.usage.memory.max(usage.memory);
        self.usage.lifted_bytes = self.usage.lifted_bytes.max(usage.lifted_bytes);
    }
}

/// Runs a collector for every place of a case; once more where instructions are counted, if there is such a one.
pub(super) fn run(collector: &Collector, metered: Option<&Collector>, case: &Case) -> Result<Trial, AuthorError> {
    let schema = Arc::clone(&collector.schema);
    check_declared(&schema, case)?;
    let settings = if case.settings.is_empty() { &collector.settings } else { &case.settings };
    let logged = LogBuffer::default();
    let sink = CollectorLog::buffered(&logged);
    let (mut log, mut peak, mut rejections) = (String::new(), Peak::default(), Rejections::default());
    let (mut batches, mut rows_by_table) = (Vec::new(), vec![0; schema.outline().len()]);
    let (places, mut breakdowns) = (places(&schema, case), Vec::new());
    if places.is_empty() {
        let requests = placing(&schema).map(Template::as_str).collect::<Vec<_>>().join(", ");
        breakdowns.push(format!("it is never called: there is no answer for {requests}"));
    }
    for place in places {
        let name = place_name(&place);
        let responses = match responses(collector, case, &place) {
            Ok(responses) => responses,
            Err((path, kind)) => {
                let kind = contract_name(kind);
                let _ = writeln!(log, "{name}: failed: not collected: {path} has no answer: {kind}");
                continue;
            }
        };
        let input = Input { now_unix_seconds: case.now, place: &place, settings, answers: &responses };
        let collection = collector.collect_logging_to(&sink, &input);
        for (level, line) in logged.take() {
            let _ = writeln!(log, "{name}: {level}: {line}", level = level.as_str());
        }
        peak.calls += 1;
        peak.take(&collection.usage);
        if let Some(metered) = metered {
            let collection = metered.collect_logging_to(&sink, &input);
            let _ = logged.take();
            peak.instructions = peak.instructions.max(collection.usage.instructions.unwrap_or_default());
        }
        if let Err(error) = &collection.outcome
            && !matches!(error, CollectionError::Call(CallError::Failed { .. }))
        {
            breakdowns.push(format!("broke down at {name}: {error}"));
        }
        if let Some(rows) = note(collection, &name, &mut log, &mut rejections) {
            peak.rows = peak.rows.max(rows.rows());
            peak.series = peak.series.max(rows.series());
            for (most, rows) in rows_by_table.iter_mut().zip(rows.by_table()) {
                *most = rows.max(*most);
            }
            batches.push(rows);
        }
    }

    let (collected, duplicates) = Collected::join(schema, batches);
    rejections.merge(duplicates);
    let mut encoder = Encoder::new(Format::Text, 4096);
    collected.encode(&mut encoder);
    let exposition = String::from_utf8_lossy(&encoder.finish()).into_owned();
    let violations = rejections.iter().map(|(reason, count, first)| format!("{count} × {reason}: {first}")).collect();
    Ok(Trial { exposition, log, violations, breakdowns, peak, rows_by_table })
}

/// The answers for the manifest's requests at a place; or the first required one that is missing, and why.
fn responses<'a>(
    collector: &Collector,
    case: &'a Case,
    place: &Place,
) -> Result<Vec<Result<&'a str, FetchErrorKind>>, (String, FetchErrorKind)> {
    let response = |request: &crate::schema::Request| {
        let path = path_at(&request.template, place);
        match case.answer(&path) {
            Err(kind) if !request.optional => Err((path, kind)),
            answer => Ok(answer.map(Answer::data)),
        }
    };
    collector.schema.requests.iter().map(response).collect()
}

/// Writes a call's warnings or failure into the log and gives its rows.
fn note(collection: Collection, place: &str, log: &mut String, rejections: &mut Rejections) -> Option<Rows> {
    for warning in &collection.warnings {
        let _ = writeln!(log, "{place}: warning: {warning}");
    }
    rejections.merge(collection.rejections);
    match collection.outcome {
        Ok(rows) => Some(Arc::unwrap_or_clone(rows)),
        Err(error) => {
            let _ = writeln!(log, "{place}: failed: {}", words(&error));
            None
        }
    }
}

/// A failure as the SDK's tests write it, so that a native test and this one expect the same.
fn words(error: &CollectionError) -> String {
    match error {
        CollectionError::Call(CallError::Failed { kind, message }) => {
            let kind = match kind {
                FailureKind::Malformed => "malformed",
                FailureKind::Settings => "settings",
                FailureKind::Other => "other",
            };
            format!("{kind}: {message}")
        }
        other => other.to_string(),
    }
}
