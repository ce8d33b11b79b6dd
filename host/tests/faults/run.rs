//! Runs a row and compares what happens with what it says.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant, SystemTime};

use pve_sim::Pve;

use super::pulse;
use super::report::{check_success, said};
use super::row::{ANY, Cost, Row};
use super::selection::Selection;
use super::series::{Exposed, Series};
use super::stage::{Scraped, Stage, View};

/// How early before the scrape's timeout the exporter must respond.
const OFFSET: Duration = Duration::from_millis(500);
/// The least time between scrapes.
const INTERVAL: Duration = Duration::from_secs(10);
/// Ten times what a healthy scrape takes.
const UNUSUAL: Duration = Duration::from_millis(300);
/// The node of which `/pve` without `nodes=all` reports.
const LOCAL: &str = "node01";

/// Healthy scrapes of a version.
pub(super) type Baseline = BTreeMap<View, Exposed>;

/// What differs from the row, and by how much the slowest scrape exceeded its deadline.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// By what is wrong: when.
    pub(super) wrong: BTreeMap<String, Vec<String>>,
    pub(super) over_deadline: Option<Duration>,
    /// The machine was too busy to tell.
    pub(super) void: bool,
}

pub(super) async fn baseline(pve: Pve) -> Baseline {
    let stage = Stage::start(&Row::new("baseline", []), pve).await;
    let mut baseline = Baseline::new();
    for view in View::ALL {
        baseline.insert(view, stage.scrape(view, 10).await.exposed.unwrap());
    }
    baseline
}

pub(super) async fn run(row: &Row, pve: Pve, baseline: &Baseline) -> Verdict {
    let start = SystemTime::now();
    let stage = Stage::start(row, pve).await;
    let mut run = Run { row, stage, baseline, verdict: Verdict::default() };
    let mut views = View::ALL.to_vec();
    if row.settings.second_job.is_some() {
        views.truncate(1);
    }
    for view in &views {
        run.expect_healthy("before", *view).await;
    }
    run.five_scrapes().await;
    if row.phases.last().is_some_and(|phase| !phase.healthy) {
        for view in views.iter().skip(1) {
            let scraped = run.scrape(*view).await;
            run.compare("with the fault", *view, scraped.exposed, run.cost(*view));
        }
    }
    run.stage.heal().await;
    if row.late > 0 {
        run.until_probed().await;
    }
    for view in &views {
        run.expect_healthy("after", *view).await;
    }
    run.verdict.void |= pulse::was_late(start, SystemTime::now());
    run.verdict
}

struct Run<'a> {
    row: &'a Row,
    stage: Stage,
    baseline: &'a Baseline,
    verdict: Verdict,
}

impl Run<'_> {
    fn cost(&self, view: View) -> Cost {
        match &self.row.local {
            Some(local) if view == View::LocalNode => local.clone(),
            _ => self.row.cost.clone(),
        }
    }

    async fn five_scrapes(&mut self) {
        let lines = self.stage.log().len();
        let mut number = 0;
        for phase in &self.row.phases {
            for act in &phase.acts {
                self.stage.act(act).await;
            }
            for _ in 0..phase.scrapes {
                number += 1;
                let Scraped { exposed, took } = self.scrape(View::Metrics).await;
                let cost = if phase.healthy { Cost::default() } else { self.cost(View::Metrics) };
                self.compare(&number.to_string(), View::Metrics, exposed, cost);
                if number > self.row.late && took > self.row.settings.timeout() {
                    self.wrong(format!("scrape {number}"), format!("waited for a timeout: it took {took:?}"));
                }
            }
        }
        let log = self.stage.log().split_off(lines);
        if log.len() != self.row.log_lines {
            let text = format!("{} log lines, not {}:\n{}", log.len(), self.row.log_lines, log.join("\n"));
            self.wrong("five scrapes", text);
        }
    }

    /// Scrapes, at the same time as the second job if there is one.
    async fn scrape(&mut self, view: View) -> Scraped {
        let timeout = self.row.settings.scrape_timeout;
        let Some(second) = self.row.settings.second_job else {
            let scraped = self.stage.scrape(view, timeout).await;
            self.check_time(&scraped, timeout);
            return scraped;
        };
        let (first, other) = tokio::join!(self.stage.scrape(view, timeout), self.stage.scrape(view, second));
        self.check_time(&first, timeout);
        self.check_time(&other, second);
        self.compare("second job", view, other.exposed, Cost::default());
        first
    }

    fn check_time(&mut self, scraped: &Scraped, timeout: u32) {
        let timeout = Duration::from_secs(timeout.into());
        if scraped.took >= timeout {
            self.wrong("a scrape", format!("took {:?} with a timeout of {timeout:?}", scraped.took));
        }
        let over = scraped.took.checked_sub(timeout - OFFSET);
        self.verdict.over_deadline = self.verdict.over_deadline.max(over);
    }

    async fn expect_healthy(&mut self, when: &str, view: View) {
        let scraped = self.stage.scrape(view, 10).await;
        self.verdict.void |= scraped.took > UNUSUAL;
        self.compare(when, view, scraped.exposed, Cost::default());
    }

    /// Nodes that hung are probed by the scrapes. Probes that hang too make room for others when they time out, which is before
    /// Prometheus's next scrape.
    async fn until_probed(&self) {
        let start = Instant::now();
        let mut scraped = self.stage.scrape(View::Metrics, 10).await.exposed;
        let healthy = |exposed: &Exposed| exposed.series == self.baseline[&View::Metrics].series;
        while !scraped.as_ref().is_ok_and(healthy) && start.elapsed() < INTERVAL {
            scraped = self.stage.scrape(View::Metrics, 10).await.exposed;
        }
    }

    fn wrong(&mut self, when: impl Into<String>, text: String) {
        self.verdict.wrong.entry(text).or_default().push(when.into());
    }

    fn compare(&mut self, when: &str, view: View, exposed: Result<Exposed, String>, cost: Cost) {
        let exposed = match exposed {
            Ok(exposed) => exposed,
            Err(error) => return self.wrong(format!("{view} {when}"), error),
        };
        let healthy = &self.baseline[&view];
        let local = (view == View::LocalNode).then_some(LOCAL);
        let mut wrong = difference(&exposed, healthy, &cost, view);
        let expected: BTreeSet<String> = cost.reported.iter().flat_map(|report| report.lines(local)).collect();
        let found = said(&exposed, healthy);
        wrong.extend(found.difference(&expected).map(|line| format!("reported: {line}")));
        wrong.extend(expected.difference(&found).map(|line| format!("not reported: {line}")));
        wrong.extend(check_success(&exposed, healthy));
        for text in wrong {
            self.wrong(format!("{view} {when}"), text);
        }
    }
}

/// Where an exposition differs from a healthy one otherwise than stated.
fn difference(exposed: &Exposed, healthy: &Exposed, cost: &Cost, view: View) -> Vec<String> {
    // On one node there may be nothing to gain or to change.
    let exact = view != View::LocalNode;
    let names = |of: &Exposed| of.series.keys().cloned().collect::<BTreeSet<String>>();
    let chosen = |of: &Exposed, selections: &[Selection]| -> BTreeSet<String> {
        let selected = |name: &String| selections.iter().any(|selection| selection.selects(name, &of.series[name]));
        names(of).into_iter().filter(selected).collect()
    };
    let (now, before) = (names(exposed), names(healthy));
    let (lost, gained) = (&before - &now, &now - &before);
    let (may_lose, may_gain) = (chosen(healthy, &cost.lost), chosen(exposed, &cost.gained));
    let mut wrong = Vec::new();
    wrong.extend(summary("lost", &(&lost - &may_lose), healthy));
    wrong.extend(summary("not lost", &(&may_lose - &lost), healthy));
    wrong.extend(summary("gained", &(&gained - &may_gain), exposed));
    for selection in &cost.gained {
        if exact && !gained.iter().any(|name| selection.selects(name, &exposed.series[name])) {
            wrong.push(format!("not gained: {selection}"));
        }
    }
    let changed: BTreeSet<&str> = (now.intersection(&before))
        .filter(|name| exposed.series[*name].value != healthy.series[*name].value)
        .map(|name| healthy.series[name].family.as_str())
        .collect();
    let may_change: BTreeSet<&str> = cost.changed.iter().copied().collect();
    if !may_change.contains(ANY) && (changed != may_change && (exact || !changed.is_subset(&may_change))) {
        wrong.push(format!("changed values of {changed:?}, not of {may_change:?}"));
    }
    wrong
}

/// What is in a set, in few words.
fn summary(fate: &str, names: &BTreeSet<String>, of: &Exposed) -> Vec<String> {
    let mut groups: BTreeMap<&str, Vec<&Series>> = BTreeMap::new();
    for name in names {
        groups.entry(&of.series[name].collector).or_default().push(&of.series[name]);
    }
    let is_all = |(collector, series): &(&&str, &Vec<&Series>)| {
        of.series.values().filter(|series| series.collector == **collector).count() == series.len()
    };
    let (all, part): (Vec<_>, Vec<_>) = groups.iter().partition(is_all);
    let mut lines = Vec::new();
    if !all.is_empty() {
        let all: Vec<&str> = all.into_iter().map(|(collector, _)| *collector).collect();
        lines.push(format!("{fate}: all of {}", all.join(", ")));
    }
    for (collector, series) in part {
        let distinct = |word: fn(&Series) -> &str| series.iter().map(|series| word(series)).collect::<BTreeSet<_>>();
        let (nodes, families) = (distinct(|series| &series.node), distinct(|series| &series.family));
        let shown: Vec<&str> = families.iter().take(4).copied().collect();
        let (count, more) = (series.len(), families.len());
        lines.push(format!(
            "{fate}: {count} series of {collector}, nodes {nodes:?}, {more} metrics: {}",
            shown.join(", ")
        ));
    }
    lines
}
