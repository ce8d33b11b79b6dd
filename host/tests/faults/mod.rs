//! The fault matrix: each fault costs exactly its own series, is reported with its reason, is logged once, never makes a scrape
//! late, and is over with the next scrape.
//!
//! `rows` has the table. A row names a fault of pve-sim and states the difference from a healthy scrape; `run` provokes it
//! and compares. The table is published as docs/faults.md, which `UPDATE_GOLDEN=1` rewrites. To run some rows only:
//!
//! ```sh
//! PVE_EXPORTER_TEST_FAULTS='packets dropped' cargo test --release --workspace --locked --test integration faults::matrix
//! ```

mod deaf;
mod mutations;
mod page;
mod pulse;
mod rehearsal;
mod report;
mod row;
mod rows;
mod run;
mod selection;
mod series;
mod stage;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use pve_sim::Pve;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use harness::{assert_golden, repository};

use row::{Addresses, Row};
use rows::{WAITING, groups, waits_for};
use run::{Baseline, Verdict};

/// Rows that run at the same time, of those that wait for timeouts and of those that use the CPU.
const CONCURRENT: [usize; 2] = [12, 3];

/// How often a row runs alone if the machine was too busy.
const ATTEMPTS: usize = 5;

#[tokio::test(flavor = "multi_thread")]
async fn matrix() {
    let wanted = std::env::var("PVE_EXPORTER_TEST_FAULTS").unwrap_or_default();
    let mut rows: Vec<Row> = groups().into_iter().flat_map(|group| group.rows).collect();
    rows.retain(|row| row.name.contains(&wanted) && (waits_for(row).is_none() || !wanted.is_empty()) && runs_here(row));
    assert!(!rows.is_empty(), "no row is called {wanted}");
    pulse::start();
    // The long ones first.
    rows.sort_by_key(|row| std::cmp::Reverse((row.late, row.settings.scrape_timeout)));
    let mut baselines: BTreeMap<Pve, Arc<Baseline>> = BTreeMap::new();
    for pve in [Pve::V8, Pve::V9] {
        baselines.insert(pve, Arc::new(run::baseline(pve).await));
    }
    let mut summary = Summary::default();
    let mut running = JoinSet::new();
    let turns = CONCURRENT.map(|rows| Arc::new(Semaphore::new(rows)));
    for row in rows {
        for pve in row.versions {
            let (row, pve, baseline, turns) =
                (row.clone(), *pve, Arc::clone(&baselines[pve]), Arc::clone(&turns[usize::from(row.late == 0)]));
            running.spawn(async move {
                let _turn = turns.acquire_owned().await;
                let verdict = run::run(&row, pve, &baseline).await;
                (row, pve, verdict)
            });
        }
    }
    let mut again = Vec::new();
    while let Some(finished) = running.join_next().await {
        let (row, pve, verdict) = finished.unwrap();
        match verdict.void && !verdict.wrong.is_empty() {
            true => again.push((row, pve)),
            false => summary.add(&row, pve, verdict),
        }
    }
    for (row, pve) in again {
        let mut verdict = run::run(&row, pve, &baselines[&pve]).await;
        for _ in 1..ATTEMPTS {
            if verdict.void && !verdict.wrong.is_empty() {
                verdict = run::run(&row, pve, &baselines[&pve]).await;
            }
        }
        summary.add(&row, pve, verdict);
    }
    assert!(summary.wrong.is_empty(), "\n{}", summary.wrong.join("\n"));
    println!("the slowest scrape responded {:?} after its deadline", summary.worst);
}

/// What was found wrong, by row, and how far the slowest scrape exceeded its deadline.
#[derive(Default)]
struct Summary {
    wrong: Vec<String>,
    worst: Duration,
}

impl Summary {
    fn add(&mut self, row: &Row, pve: Pve, verdict: Verdict) {
        self.worst = self.worst.max(verdict.over_deadline.unwrap_or_default());
        if !verdict.wrong.is_empty() {
            let lines = verdict.wrong.into_iter().map(|(text, when)| format!("\n  {text} [{}]", when.join(", ")));
            self.wrong.push(format!("{} ({pve:?}):{}", row.name, lines.collect::<String>()));
        }
    }
}

/// Rows about names need a private `/etc/hosts`.
fn runs_here(row: &Row) -> bool {
    let name = matches!(row.settings.addresses, Addresses::NameFirstRefuses | Addresses::NameFirstDropsPackets);
    !name || deaf::can_set_hosts()
}

#[test]
fn what_waits_is_in_the_table() {
    let rows: Vec<Row> = groups().into_iter().flat_map(|group| group.rows).collect();
    for (name, _) in WAITING {
        assert!(rows.iter().any(|row| row.name.contains(name)), "there is no row {name}");
    }
}

#[test]
fn the_table_is_published() {
    assert_golden(&repository().join("docs/faults.md"), &page::page(&groups()));
}
