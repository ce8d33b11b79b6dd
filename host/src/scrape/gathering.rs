//! What a scrape has gathered so far: rows, and the report.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::JoinError;

use super::inventory::Inventory;
use super::not_collected::NotCollected;
use super::outcome::Scrape;
use super::plan::Job;
use super::report::{PlaceFailure, Report};
use crate::collector::{Collection, CollectionError, Collector};
use crate::request::Place;
use crate::schema::{Collected, OutputLimit, Rows};

/// Where a job's rows belong: the plan's order, not the answers', decides the order of rows.
#[derive(Debug, Clone)]
pub(super) struct Seat {
    pub(super) collector: Arc<Collector>,
    pub(super) place: Place,
    pub(super) position: usize,
    /// Whether it waits for a node that hangs.
    pub(super) is_held: bool,
}

impl Seat {
    pub(super) fn of(job: &Job, position: usize, is_held: bool) -> Self {
        Self { collector: Arc::clone(&job.collector), place: job.place.clone(), position, is_held }
    }
}

pub(super) struct Gathering {
    report: Report,
    collectors: BTreeMap<String, Batches>,
}

/// One collector's rows, place by place.
struct Batches {
    collector: Arc<Collector>,
    rows: Vec<(usize, Arc<Rows>)>,
    text_bytes: usize,
}

impl Batches {
    /// Keeps rows, unless the collector's places exceed `exposition-bytes` together.
    fn keep(&mut self, position: usize, rows: &Arc<Rows>) -> Result<(), CollectionError> {
        self.text_bytes = self.text_bytes.saturating_add(rows.text_bytes());
        let limit = self.collector.limits.exposition_bytes;
        if self.text_bytes > limit {
            return Err(OutputLimit::Text { limit }.into());
        }
        self.rows.push((position, Arc::clone(rows)));
        Ok(())
    }
}

impl Gathering {
    pub(super) fn new(inventory: &Inventory) -> Self {
        Self { report: Report::new(inventory), collectors: BTreeMap::new() }
    }

    pub(super) fn report(&mut self) -> &mut Report {
        &mut self.report
    }

    /// Counts a job that is to run.
    pub(super) fn expect(&mut self, job: &Job) {
        self.report.collector(job.collector.name()).places += 1;
    }

    /// Adds the optional answers that a job was made without.
    pub(super) fn add_missing(&mut self, seat: &Seat, missing: Vec<NotCollected>) {
        let failures = missing.into_iter().map(|cause| PlaceFailure { place: seat.place.clone(), cause });
        self.report.collector(seat.collector.name()).incomplete.extend(failures);
    }

    /// Adds a job's result.
    pub(super) fn add(&mut self, seat: Seat, result: Result<&Collection, NotCollected>) {
        let account = self.report.collector(seat.collector.name());
        let kept = result.and_then(|collection| {
            account.add(&seat.place, collection);
            let rows = collection.outcome.as_ref().map_err(Clone::clone)?;
            let new = || Batches { collector: Arc::clone(&seat.collector), rows: Vec::new(), text_bytes: 0 };
            let batches = self.collectors.entry(seat.collector.name().to_owned()).or_insert_with(new);
            batches.keep(seat.position, rows)?;
            account.rows += rows.rows();
            Ok(())
        });
        if let Err(cause) = kept {
            account.fail(seat.place, cause);
        }
    }

    /// Puts everything in order, without duplicates, off the async workers.
    pub(super) async fn finish(self) -> Scrape {
        let Self { mut report, collectors } = self;
        if collectors.is_empty() {
            report.sort();
            return Scrape { collected: Vec::new(), report: Arc::new(report) };
        }
        match tokio::task::spawn_blocking(move || join(report, collectors)).await.map_err(JoinError::try_into_panic) {
            Ok(scrape) => scrape,
            // A bug, which ends this scrape.
            Err(Ok(panic)) => std::panic::resume_unwind(panic),
            // The runtime shuts down.
            Err(Err(_)) => std::future::pending().await,
        }
    }
}

fn join(mut report: Report, collectors: BTreeMap<String, Batches>) -> Scrape {
    let mut collected = Vec::with_capacity(collectors.len());
    for (name, mut batches) in collectors {
        batches.rows.sort_by_key(|(position, _)| *position);
        let rows = batches.rows.into_iter().map(|(_, rows)| rows).collect();
        let (rows, rejections) = Collected::join(Arc::clone(&batches.collector.schema), rows);
        let account = report.collector(&name);
        account.rejections.merge(rejections);
        account.series = rows.series();
        collected.push(rows);
    }
    report.sort();
    Scrape { collected, report: Arc::new(report) }
}
