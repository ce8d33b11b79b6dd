//! A collector run on a case, in the sandbox and under the limits an operator's exporter would apply.

use std::sync::Arc;

use pve_collector::Place as SdkPlace;
use pve_collector::contract::Input as SdkInput;
use pve_collector::testing::{Case, log_text};

use super::sdk;
use crate::collector::{Collection, CollectionError, Collector};
use crate::contract::{FetchErrorKind, Input};
use crate::exposition::{Encoder, Format};
use crate::request::Place;
use crate::sandbox::{CallError, CollectorLog, LogBuffer, Usage};
use crate::schema::{Collected, Rejections, Rows};

/// What a collector returned for all places of a case.
#[derive(Debug)]
pub(super) struct CaseRun {
    /// Text format 0.0.4.
    pub(super) exposition: String,
    /// As in `expected.log`.
    pub(super) log: String,
    /// What was dropped for breaking the contract.
    pub(super) violations: Vec<String>,
    /// Calls that no case can expect to fail as they did: they trapped or exceeded a limit.
    pub(super) breakdowns: Vec<String>,
    pub(super) peak: Peak,
    /// Rows of each table, at the place with the most rows of it.
    pub(super) rows_by_table: Vec<usize>,
}

/// The maximum of each quantity over calls.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Peak {
    pub(super) calls: usize,
    pub(super) usage: Usage,
    pub(super) instructions: u64,
    pub(super) rows: usize,
    pub(super) series: usize,
}

impl Peak {
    pub(super) fn merge(&mut self, other: &Self) {
        self.calls += other.calls;
        self.add_usage(&other.usage);
        self.instructions = self.instructions.max(other.instructions);
        self.rows = self.rows.max(other.rows);
        self.series = self.series.max(other.series);
    }

    fn add_usage(&mut self, usage: &Usage) {
        self.usage.cpu = self.usage.cpu.max(usage.cpu);
        self.usage.wall = self.usage.wall.max(usage.wall);
        self.usage.memory = self.usage.memory.max(usage.memory);
        self.usage.lifted_bytes = self.usage.lifted_bytes.max(usage.lifted_bytes);
    }
}

/// Runs a collector for every place of a case. With `metered`, the same collector in an engine that counts instructions,
/// every call is repeated there.
pub(super) fn run(collector: &Collector, metered: Option<&Collector>, case: &Case) -> CaseRun {
    let requests = sdk::requests(&collector.schema);
    let mut runner = CaseRunner::new(collector, metered);
    for place in case.places(&requests) {
        match case.input(&requests, &place) {
            Ok(input) => runner.call(&place, &input),
            Err(missing) => runner.log.push_str(&log_text(&place, &[], &[], Some(&missing.to_string()))),
        }
    }
    runner.finish()
}

/// A run in progress.
struct CaseRunner<'a> {
    collector: &'a Collector,
    metered: Option<&'a Collector>,
    log: String,
    rejections: Rejections,
    breakdowns: Vec<String>,
    peak: Peak,
    rows_by_table: Vec<usize>,
    batches: Vec<Arc<Rows>>,
}

impl<'a> CaseRunner<'a> {
    fn new(collector: &'a Collector, metered: Option<&'a Collector>) -> Self {
        Self {
            collector,
            metered,
            log: String::new(),
            rejections: Rejections::default(),
            breakdowns: Vec::new(),
            peak: Peak::default(),
            rows_by_table: vec![0; collector.schema.outline().len()],
            batches: Vec::new(),
        }
    }

    fn call(&mut self, place: &SdkPlace, input: &SdkInput) {
        let answers: Vec<Result<&str, FetchErrorKind>> =
            input.responses.iter().map(|response| response.as_deref().map_err(|error| (*error).into())).collect();
        let host_place = Place::from(place);
        let input = Input {
            now_unix_seconds: input.now_unix_seconds,
            place: &host_place,
            // Those of the case replace those of the grant.
            settings: if input.settings.is_empty() { &self.collector.settings } else { &input.settings },
            answers: &answers,
        };
        let logged = LogBuffer::default();
        let collection = self.collector.collect_logging_to(&CollectorLog::buffered(&logged), &input);
        self.peak.calls += 1;
        self.peak.add_usage(&collection.usage);
        if let Some(metered) = self.metered {
            let discarded = CollectorLog::buffered(&LogBuffer::default());
            let instructions = metered.collect_logging_to(&discarded, &input).usage.instructions;
            self.peak.instructions = self.peak.instructions.max(instructions.unwrap_or_default());
        }
        self.add(place, collection, &logged);
    }

    fn add(&mut self, place: &SdkPlace, collection: Collection, logged: &LogBuffer) {
        let failure = match &collection.outcome {
            Ok(_) => None,
            Err(CollectionError::Call(CallError::Failed { kind, message })) => {
                Some(sdk::failure(*kind, message).to_string())
            }
            Err(error) => {
                self.breakdowns.push(format!("the call for {place} failed: {error}"));
                Some(error.to_string())
            }
        };
        let lines: Vec<_> = logged.take().into_iter().map(|(level, line)| (sdk::level(level), line)).collect();
        self.log.push_str(&log_text(place, &lines, &collection.warnings, failure.as_deref()));
        self.rejections.merge(collection.rejections);
        if let Ok(rows) = collection.outcome {
            self.peak.rows = self.peak.rows.max(rows.rows());
            self.peak.series = self.peak.series.max(rows.series());
            for (most, rows) in self.rows_by_table.iter_mut().zip(rows.by_table()) {
                *most = rows.max(*most);
            }
            self.batches.push(rows);
        }
    }

    fn finish(mut self) -> CaseRun {
        let (collected, duplicates) = Collected::join(Arc::clone(&self.collector.schema), self.batches);
        self.rejections.merge(duplicates);
        let mut encoder = Encoder::new(Format::Text, 4096);
        collected.encode(&mut encoder);
        let violation = |(reason, count, first)| format!("{count} × {reason}: {first}");
        CaseRun {
            exposition: String::from_utf8_lossy(&encoder.finish()).into_owned(),
            log: self.log,
            violations: self.rejections.iter().map(violation).collect(),
            breakdowns: self.breakdowns,
            peak: self.peak,
            rows_by_table: self.rows_by_table,
        }
    }
}
