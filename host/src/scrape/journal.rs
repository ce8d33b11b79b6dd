//! What the log says about a cluster's scrapes: each problem when it begins, when its cause changes, and when it ends. A node that is
//! down for a day takes two lines, not 5,760; a problem of 10,000 guests takes one line, not 10,000.

use std::collections::{BTreeMap, HashMap};

use parking_lot::Mutex;

use super::plan::Scope;
use super::report::Report;

/// Lines of one scrape; a summary replaces the rest.
const LINES: usize = 40;

/// The problems of the last scrape of each scope: scrapes of the cluster and of its nodes do not see the same ones.
#[derive(Debug, Default)]
pub(super) struct Journal(Mutex<HashMap<Scope, Problems>>);

type Problems = BTreeMap<Key, Problem>;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    collector: String,
    /// Empty: the cluster.
    node: String,
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Problem {
    places: usize,
    /// The first place's.
    detail: String,
}

#[derive(Debug, PartialEq, Eq)]
enum Entry<'a> {
    Began(&'a Key, &'a Problem),
    Changed(&'a Key, &'a Problem),
    Ended(&'a Key),
}

impl Journal {
    /// Logs what is new in a report.
    pub(super) fn note(&self, module: &str, cluster: &str, scope: Scope, report: &Report) {
        let now = problems(report);
        let mut journal = self.0.lock();
        let before = journal.entry(scope).or_default();
        let entries = compare(before, &now);
        for entry in entries.iter().take(LINES) {
            entry.log(module, cluster);
        }
        if entries.len() > LINES {
            tracing::warn!(module, cluster, "{} more changes; the status page lists what fails", entries.len() - LINES);
        }
        *before = now;
    }
}

impl Entry<'_> {
    fn log(&self, module: &str, cluster: &str) {
        match self {
            Self::Began(Key { collector, node, reason }, Problem { places, detail }) => {
                tracing::warn!(module, cluster, collector, node, reason, places, "not collected: {detail}");
            }
            Self::Changed(Key { collector, node, reason }, Problem { places, detail }) => {
                tracing::warn!(module, cluster, collector, node, reason, places, "still not collected, now: {detail}");
            }
            Self::Ended(Key { collector, node, reason }) => {
                tracing::info!(module, cluster, collector, node, reason, "no longer failing");
            }
        }
    }
}

fn problems(report: &Report) -> Problems {
    // If the API does not answer, every collector fails for that one reason: one line, not one per collector.
    if let Some(error) = &report.discovery_error {
        let key = Key { collector: "all".to_owned(), node: String::new(), reason: error.kind.as_str() };
        return BTreeMap::from([(key, Problem { places: 1, detail: error.detail.to_string() })]);
    }
    let mut problems = Problems::new();
    for (collector, failure) in report.failures() {
        let node = failure.place.node.as_deref().unwrap_or_default().to_owned();
        let key = Key { collector: collector.to_owned(), node, reason: failure.cause.reason().as_str() };
        let first = || Problem { places: 0, detail: failure.cause.to_string() };
        problems.entry(key).or_insert_with(first).places += 1;
    }
    problems
}

fn compare<'a>(before: &'a Problems, now: &'a Problems) -> Vec<Entry<'a>> {
    let mut entries = Vec::new();
    for (key, problem) in now {
        match before.get(key) {
            None => entries.push(Entry::Began(key, problem)),
            Some(old) if !same_cause(&old.detail, &problem.detail) => entries.push(Entry::Changed(key, problem)),
            Some(_) => {}
        }
    }
    // A problem whose reason changed has not ended.
    let still = |key: &Key| {
        let same_place = |other: &Key| (&other.collector, &other.node) == (&key.collector, &key.node);
        now.range(Key { reason: "", ..key.clone() }..).next().is_some_and(|(other, _)| same_place(other))
    };
    entries.extend(before.keys().filter(|key| !still(key)).map(Entry::Ended));
    entries
}

/// Waiting times and guests' numbers differ from scrape to scrape; the cause is the text around them.
fn same_cause(a: &str, b: &str) -> bool {
    let words = |text: &str| text.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    words(a) == words(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(of: &[(&str, &str, &'static str, &str)]) -> Problems {
        let problem = |(collector, node, reason, detail): &(&str, &str, &'static str, &str)| {
            let key = Key { collector: (*collector).to_owned(), node: (*node).to_owned(), reason };
            (key, Problem { places: 1, detail: (*detail).to_owned() })
        };
        of.iter().map(problem).collect()
    }

    fn told(before: &Problems, now: &Problems) -> Vec<String> {
        let entry = |entry: Entry<'_>| match entry {
            Entry::Began(key, _) => format!("+{} {}", key.collector, key.reason),
            Entry::Changed(key, problem) => format!("~{} {}", key.collector, problem.detail),
            Entry::Ended(key) => format!("-{} {}", key.collector, key.reason),
        };
        compare(before, now).into_iter().map(entry).collect()
    }

    #[test]
    fn begin_change_and_end() {
        let refused = problems(&[("status", "a", "unavailable", "refused after 3.1 s")]);
        let later = problems(&[("status", "a", "unavailable", "refused after 12.9 s")]);
        let unknown = problems(&[("status", "a", "unavailable", "unknown authority")]);
        assert_eq!(told(&Problems::new(), &refused), ["+status unavailable"]);
        assert_eq!(told(&refused, &later), Vec::<String>::new());
        assert_eq!(told(&refused, &unknown), ["~status unknown authority"]);
        assert_eq!(told(&unknown, &Problems::new()), ["-status unavailable"]);
    }

    #[test]
    fn another_reason_is_not_an_end() {
        let (slow, refused) = (
            problems(&[("status", "a", "timed_out", "slow"), ("status", "b", "timed_out", "slow")]),
            problems(&[("status", "a", "unavailable", "refused")]),
        );
        assert_eq!(told(&slow, &refused), ["+status unavailable", "-status timed_out"]);
    }
}
