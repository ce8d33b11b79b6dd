//! What the log says about a cluster's scrapes: each problem when it begins, when its cause changes, and when it ends. A node that is
//! down for a day takes two lines, not 5,760; one cause takes one line, not one for each collector, node and guest.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use parking_lot::Mutex;

use super::not_collected::NotCollected;
use super::plan::Scope;
use super::report::Report;
use crate::request::Place;

/// Lines of one scrape; a summary replaces the rest.
const LINES: usize = 40;
/// Names in a line.
const NAMES: usize = 8;
/// In place of the names of all collectors.
const ALL: &str = "all";

/// The problems of the last scrape of each scope: scrapes of the cluster and of its nodes do not see the same ones.
#[derive(Debug, Default)]
pub(super) struct Journal(Mutex<HashMap<Scope, Problems>>);

type Problems = BTreeMap<Key, Problem>;

/// A cause on one node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    /// Empty: the cluster.
    node: String,
    cause: Cause,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Cause {
    reason: &'static str,
    /// Without what differs from scrape to scrape, from place to place, and from node to node.
    words: String,
    /// For a cause of the collector's own.
    collector: Option<String>,
    /// Whether the places were collected all the same.
    is_partial: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Problem {
    collectors: BTreeSet<String>,
    places: usize,
    /// The shortest of the places'.
    detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Began,
    Changed,
    Ended,
}

/// What happened on several nodes at once for the same cause.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    event: Event,
    reason: &'static str,
    is_partial: bool,
    nodes: Vec<String>,
    collectors: BTreeSet<String>,
    places: usize,
    detail: String,
}

impl Journal {
    /// Logs what is new in a report.
    pub(super) fn note(&self, module: &str, cluster: &str, scope: Scope, report: &Report) {
        let mut now = problems(report);
        let mut journal = self.0.lock();
        let before = journal.entry(scope).or_default();
        if report.discovery_error.is_some() {
            carry_over(before, &mut now);
        }
        let lines = compare(before, &now);
        for line in lines.iter().take(LINES) {
            line.log(module, cluster);
        }
        if lines.len() > LINES {
            tracing::warn!(module, cluster, "{} more changes; the status page lists what fails", lines.len() - LINES);
        }
        *before = now;
    }
}

impl Line {
    fn log(&self, module: &str, cluster: &str) {
        let Self { reason, places, detail, .. } = self;
        let what = if self.is_partial { "collected in part" } else { "not collected" };
        let (nodes, collectors) = (names(self.nodes.iter()), names(self.collectors.iter()));
        match self.event {
            Event::Began => {
                tracing::warn!(module, cluster, nodes, collectors, reason, places, "{what}: {detail}");
            }
            Event::Changed => {
                tracing::warn!(module, cluster, nodes, collectors, reason, places, "still {what}, now: {detail}");
            }
            Event::Ended => {
                tracing::info!(module, cluster, nodes, collectors, reason, places, "no longer failing: {detail}");
            }
        }
    }
}

/// `node01,node02`, or the first ones and how many more.
fn names<'a>(names: impl ExactSizeIterator<Item = &'a String>) -> String {
    let more = names.len().saturating_sub(NAMES);
    let mut shown = names.take(NAMES).map(String::as_str).collect::<Vec<_>>().join(",");
    if more > 0 {
        shown.push_str(&format!(" and {more} more"));
    }
    shown
}

fn problems(report: &Report) -> Problems {
    let mut problems = Problems::new();
    // If the API does not answer, every collector fails for that one reason.
    if let Some(error) = &report.discovery_error {
        let cause =
            Cause { reason: error.kind.as_str(), words: words(&error.detail, ""), collector: None, is_partial: false };
        let problem =
            Problem { collectors: BTreeSet::from([ALL.to_owned()]), places: 1, detail: error.detail.to_string() };
        problems.insert(Key { node: String::new(), cause }, problem);
        return problems;
    }
    // Where a collector failed for it, that is reported already.
    let partial = report.collectors.iter().flat_map(|(name, account)| {
        let failed: HashSet<&Place> = account.failures.iter().map(|failure| &failure.place).collect();
        let kept = account.incomplete.iter().filter(move |incomplete| !failed.contains(&incomplete.place));
        kept.map(move |incomplete| (&**name, incomplete))
    });
    let all = report.failures().map(|failure| (failure, false)).chain(partial.map(|failure| (failure, true)));
    for ((collector, failure), is_partial) in all {
        let node = failure.place.node.as_deref().unwrap_or_default().to_owned();
        let (said, own) = match &failure.cause {
            NotCollected::Undiscovered(error) | NotCollected::Unanswered { error, .. } => {
                (error.detail.to_string(), None)
            }
            other => (other.to_string(), Some(collector.to_owned())),
        };
        let cause =
            Cause { reason: failure.cause.reason().as_str(), words: words(&said, &node), collector: own, is_partial };
        let detail = failure.cause.to_string();
        let first = || Problem { collectors: BTreeSet::new(), places: 0, detail: detail.clone() };
        let problem = problems.entry(Key { node, cause }).or_insert_with(first);
        // Rather a path of the node than one of its guests.
        if detail.len() < problem.detail.len() {
            problem.detail = detail;
        }
        problem.places += 1;
        if !problem.collectors.contains(collector) {
            problem.collectors.insert(collector.to_owned());
        }
    }
    problems
}

/// What failed before the API stopped responding has neither ended nor begun when it responds again.
fn carry_over(before: &Problems, now: &mut Problems) {
    for (key, problem) in before.iter().filter(|(_, problem)| !problem.collectors.contains(ALL)) {
        now.entry(key.clone()).or_insert_with(|| problem.clone());
    }
}

/// Waiting times, guests' numbers and nodes' names differ; the cause is the text around them.
fn words(text: &str, node: &str) -> String {
    let text = if node.is_empty() { text.to_owned() } else { text.replace(node, "") };
    text.chars().filter(|c| !c.is_ascii_digit()).collect()
}

fn compare(before: &Problems, now: &Problems) -> Vec<Line> {
    let (failed, fails) = (by_node(before), by_node(now));
    let mut lines: BTreeMap<(Event, &Cause), Line> = BTreeMap::new();
    let mut add = |event, key: &'_ Key, problem: &Problem, cause| {
        let new = || Line {
            event,
            reason: key.cause.reason,
            is_partial: key.cause.is_partial,
            nodes: Vec::new(),
            collectors: BTreeSet::new(),
            places: 0,
            detail: problem.detail.clone(),
        };
        let line = lines.entry((event, cause)).or_insert_with(new);
        line.nodes.push(key.node.clone());
        line.places += problem.places;
        line.collectors.extend(problem.collectors.iter().cloned());
    };
    for (key, problem) in now.iter().filter(|(key, _)| !before.contains_key(key)) {
        let failed_before = |collector| failed.get(&*key.node).is_some_and(|failed| failed.contains(collector));
        let changed = problem.collectors.iter().all(failed_before);
        add(if changed { Event::Changed } else { Event::Began }, key, problem, &key.cause);
    }
    for (key, problem) in before.iter().filter(|(key, _)| !now.contains_key(key)) {
        // What fails for another cause has not ended.
        let fails_still = |collector| fails.get(&*key.node).is_some_and(|fails| fails.contains(collector));
        if !problem.collectors.iter().all(fails_still) {
            add(Event::Ended, key, problem, &key.cause);
        }
    }
    lines.into_values().collect()
}

/// The collectors that fail on each node.
fn by_node(problems: &Problems) -> HashMap<&str, BTreeSet<&String>> {
    let mut by_node: HashMap<&str, BTreeSet<&String>> = HashMap::new();
    for (key, problem) in problems {
        by_node.entry(&key.node).or_default().extend(&problem.collectors);
    }
    by_node
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::FetchError;
    use crate::contract::FetchErrorKind;
    use crate::request::Place;
    use crate::scrape::Inventory;
    use crate::scrape::report::PlaceFailure;

    /// A report of failures: collector, node, reason, words.
    fn report(of: &[(&str, &str, FetchErrorKind, &str)]) -> Problems {
        let mut report = Report::new(&Inventory::default());
        for (collector, node, kind, words) in of {
            let error = FetchError::new(*kind, words);
            let cause = NotCollected::Unanswered { path: format!("/nodes/{node}/{collector}"), error };
            let failure = PlaceFailure { place: Place::node(*node), cause };
            report.collectors.entry((*collector).to_owned()).or_default().failures.push(failure);
        }
        problems(&report)
    }

    fn logged(before: &Problems, now: &Problems) -> Vec<String> {
        let line = |line: Line| {
            let (nodes, collectors) = (names(line.nodes.iter()), names(line.collectors.iter()));
            format!("{:?} {nodes} {collectors} {} {}", line.event, line.places, line.detail)
        };
        compare(before, now).into_iter().map(line).collect()
    }

    const NONE: [&str; 0] = [];

    #[test]
    fn begin_change_and_end() {
        use FetchErrorKind::Unavailable;
        let refused = report(&[("status", "a", Unavailable, "refused after 3.1 s")]);
        let later = report(&[("status", "a", Unavailable, "refused after 12.9 s")]);
        let unknown = report(&[("status", "a", Unavailable, "unknown authority")]);
        let none = Problems::new();
        assert_eq!(logged(&none, &refused), ["Began a status 1 /nodes/a/status: refused after 3.1 s"]);
        assert_eq!(logged(&refused, &later), NONE);
        assert_eq!(logged(&refused, &unknown), ["Changed a status 1 /nodes/a/status: unknown authority"]);
        assert_eq!(logged(&unknown, &none), ["Ended a status 1 /nodes/a/status: unknown authority"]);
    }

    #[test]
    fn one_cause_is_one_line() {
        let failures: Vec<_> =
            ["n1", "n2"].into_iter().flat_map(|node| ["disks", "status"].map(|collector| (collector, node))).collect();
        let words = ["403 (/nodes/n1)", "403 (/nodes/n2)"];
        let failures: Vec<_> = failures
            .iter()
            .map(|(collector, node)| (*collector, *node, FetchErrorKind::Forbidden, words[usize::from(*node == "n2")]))
            .collect();
        let both = report(&failures);
        assert_eq!(logged(&Problems::new(), &both), ["Began n1,n2 disks,status 4 /nodes/n1/disks: 403 (/nodes/n1)"]);
        let one = report(&failures[..2]);
        assert_eq!(logged(&both, &one), ["Ended n2 disks,status 2 /nodes/n2/disks: 403 (/nodes/n2)"]);
        assert_eq!(logged(&one, &both), ["Began n2 disks,status 2 /nodes/n2/disks: 403 (/nodes/n2)"]);
    }

    #[test]
    fn an_api_that_is_gone_ends_nothing() {
        let forbidden = report(&[("status", "a", FetchErrorKind::Forbidden, "403")]);
        let mut gone = Report::new(&Inventory::default());
        gone.discovery_error = Some(FetchError::new(FetchErrorKind::Unavailable, "refused"));
        let mut gone = problems(&gone);
        carry_over(&forbidden, &mut gone);
        assert_eq!(logged(&forbidden, &gone), ["Began  all 1 refused"]);
        assert_eq!(logged(&gone, &forbidden), ["Ended  all 1 refused"]);
    }

    #[test]
    fn another_reason_is_not_an_end() {
        use FetchErrorKind::{TimedOut, Unavailable};
        let slow = report(&[("status", "a", TimedOut, "slow"), ("status", "b", TimedOut, "slow")]);
        let refused = report(&[("status", "a", Unavailable, "refused")]);
        let lines = ["Changed a status 1 /nodes/a/status: refused", "Ended b status 1 /nodes/b/status: slow"];
        assert_eq!(logged(&slow, &refused), lines);
    }

    #[test]
    fn many_names_are_shortened() {
        let nodes: Vec<String> = (0..10).map(|n| format!("n{n}")).collect();
        assert_eq!(names(nodes.iter()), "n0,n1,n2,n3,n4,n5,n6,n7 and 2 more");
        assert_eq!(names(nodes[..2].iter()), "n0,n1");
    }
}
