//! Properties of every collector: a malformed value costs only the series that depend on it, and nothing panics.
//!
//! This is a separate crate rather than a part of the SDK's `testing`, so that authors need not depend on proptest. Its
//! functions panic if a property does not hold, as tests do.

#![allow(clippy::panic, reason = "a property that does not hold fails its test")]

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::marker::PhantomData;

use proptest::prelude::*;
use proptest::test_runner::{TestCaseResult, TestRunner};
use pve_collector::Collector;
use pve_collector::testing::{Case, Collected, mutation};
use serde_json::Value;

/// Declares the tests of a [`Subject`].
///
/// ```text
/// properties::tests!(Subject::<Cluster>::new("/cluster/status", "pve9"));
/// ```
#[macro_export]
macro_rules! tests {
    ($subject:expr) => {
        #[test]
        fn a_malformed_value_costs_only_its_own_series() {
            $subject.a_malformed_value_costs_only_its_own_series();
        }

        #[test]
        fn a_truncated_answer_fails() {
            $subject.a_truncated_answer_fails();
        }

        #[test]
        fn no_text_makes_it_panic() {
            $subject.no_text_makes_it_panic();
        }
    };
}

/// A collector, and the answer that is damaged in every way.
#[derive(Debug)]
pub struct Subject<C> {
    path: &'static str,
    /// Well-formed answers of `path`.
    answers: Vec<Value>,
    /// The answers of all other paths.
    others: Case,
    unit: fn(&[String]) -> Option<usize>,
    ignored: Option<&'static str>,
    kept: Vec<(&'static str, &'static str)>,
    collector: PhantomData<C>,
}

impl<C: Collector> Subject<C> {
    /// Damages the answer of `path` in a case of the collector's fixtures. By default, each list entry or object member at the
    /// top of the answer must be independent of the others; see [`unit`](Self::unit) and [`keeps`](Self::keeps).
    #[must_use]
    pub fn new(path: &'static str, case: &str) -> Self {
        Self {
            path,
            answers: vec![answer::<C>(path, case)],
            others: Case::new(),
            unit: |_| Some(1),
            ignored: None,
            kept: Vec::new(),
            collector: PhantomData,
        }
    }

    /// Damages the answer of another case as well.
    #[must_use]
    pub fn and_case(mut self, case: &str) -> Self {
        self.answers.push(answer::<C>(self.path, case));
        self
    }

    /// Adds an answer that stays as it is.
    #[must_use]
    pub fn with_answer(mut self, path: &str, data: &str) -> Self {
        self.others = self.others.answer(path, data);
        self
    }

    /// Chooses what a malformed value may cost: `unit` gets the path to the value and returns how many of its steps lead to the
    /// part of the answer that may be lost. `None` only demands that the collector does not fail.
    #[must_use]
    pub fn unit(mut self, unit: fn(&[String]) -> Option<usize>) -> Self {
        self.unit = unit;
        self
    }

    /// Ignores series that depend on the whole answer: those that begin with `prefix`.
    #[must_use]
    pub fn ignoring(mut self, prefix: &'static str) -> Self {
        self.ignored = Some(prefix);
        self
    }

    /// Demands that the exposition contains `text` unless the change is in the answer's member `member`. With any `keeps`, nothing
    /// else is compared: for objects whose members are labels of one series.
    #[must_use]
    pub fn keeps(mut self, member: &'static str, text: &'static str) -> Self {
        self.kept.push((member, text));
        self
    }

    /// One value is replaced by an odd one, or removed.
    pub fn a_malformed_value_costs_only_its_own_series(&self) {
        check(self.changes(), |change| {
            let series = self.series(&change.answer)?;
            if !self.kept.is_empty() {
                for (member, text) in &self.kept {
                    let own = change.path.first().is_some_and(|first| first == member);
                    prop_assert!(own || series.iter().any(|line| line.contains(text)), "lost: {}", text);
                }
            } else if let Some(unit) = (self.unit)(&change.path).and_then(|steps| change.path.get(..steps)) {
                let others = self.series(&mutation::without(&change.original, unit))?;
                let lost: Vec<_> = others.difference(&series).collect();
                prop_assert!(lost.is_empty(), "lost: {:?}", lost);
            }
            Ok(())
        });
    }

    /// A truncated answer is a failure, and produces no series.
    pub fn a_truncated_answer_fails(&self) {
        let texts: Vec<String> = self.answers.iter().map(Value::to_string).collect();
        check((prop::sample::select(texts), 0.0..1.0), |(text, share)| {
            let length = (text.len() as f64 * share) as usize;
            let collected = self.collect(text.get(..length).unwrap_or_default());
            prop_assert_eq!(collected.failures().len(), 1);
            prop_assert!(collected.exposition().is_empty());
            Ok(())
        });
    }

    /// Any text at all, JSON or not.
    pub fn no_text_makes_it_panic(&self) {
        check(".*", |text| {
            self.collect(&text);
            Ok(())
        });
    }

    fn collect(&self, data: &str) -> Collected {
        self.others.clone().answer(self.path, data).collect::<C>()
    }

    fn series(&self, answer: &Value) -> Result<BTreeSet<String>, TestCaseError> {
        let collected = self.collect(&answer.to_string());
        prop_assert_eq!(collected.failures(), Vec::<&str>::new());
        prop_assert_eq!(collected.violations(), Vec::<String>::new());
        let ignored = |line: &&str| self.ignored.is_some_and(|prefix| line.starts_with(prefix));
        Ok(collected.exposition().lines().filter(|line| !ignored(line)).map(str::to_owned).collect())
    }

    fn changes(&self) -> impl Strategy<Value = Change> + use<C> {
        let answers = self.answers.clone();
        let values = |answer: &Value| (0..mutation::count(answer)).collect::<Vec<_>>();
        let places: Vec<(usize, usize)> = answers
            .iter()
            .enumerate()
            .flat_map(|(answer, document)| values(document).into_iter().map(move |value| (answer, value)))
            .collect();
        let with: Vec<_> = mutation::odd_values().into_iter().map(Some).chain([None]).collect();
        (prop::sample::select(places), prop::sample::select(with)).prop_map(move |((answer, value), with)| {
            let original = answers.get(answer).cloned().unwrap_or_default();
            let mut answer = original.clone();
            let path = mutation::replace(&mut answer, value, with);
            Change { original, answer, path }
        })
    }
}

/// An answer with one value replaced or removed, and the path to it.
#[derive(Clone, Debug)]
struct Change {
    original: Value,
    answer: Value,
    path: Vec<String>,
}

fn answer<C: Collector>(path: &str, case: &str) -> Value {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures");
    Case::read(format!("{fixtures}/{}/{case}", C::PACKAGE.name)).document(path)
}

fn check<T: Debug>(cases: impl Strategy<Value = T>, property: impl Fn(T) -> TestCaseResult) {
    // The panic's message contains the failing case; there is no source file of the test to keep it next to.
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if let Err(failure) = TestRunner::new(config).run(&cases, property) {
        panic!("{failure}");
    }
}

#[cfg(test)]
mod tests;
