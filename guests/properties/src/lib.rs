//! What holds for every collector of one list: odd answers cost themselves, and nothing panics.
//!
//! A crate of its own and not a part of the SDK's `testing`: an author's crate need not depend on proptest. The functions
//! panic where a property does not hold, as tests do.

#![allow(clippy::panic, reason = "a property that does not hold fails its test")]

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::marker::PhantomData;

use proptest::prelude::*;
use proptest::test_runner::{TestCaseResult, TestRunner};
use pve_collector::Collector;
use pve_collector::testing::{Case, Collected, mutation};
use serde_json::Value;

/// A collector, the path of the one answer it needs, and an answer with nothing odd in it.
#[derive(Debug)]
pub struct OneList<C> {
    path: &'static str,
    answer: Value,
    collector: PhantomData<C>,
}

impl<C: Collector> OneList<C> {
    /// Takes the answer out of a fixture's directory.
    #[must_use]
    pub fn new(path: &'static str, fixture: &str) -> Self {
        Self { path, answer: Case::read(fixture).document(path), collector: PhantomData }
    }

    /// Whatever stands in one element, the others give the same series.
    pub fn one_odd_element_costs_no_other(&self) {
        check(self.odd(), |(changed, path)| {
            let Some(element) = path.get(..1) else { panic!("the change is in no element") };
            let others = mutation::without(&self.answer, element);
            prop_assert!(self.series(&changed)?.is_superset(&self.series(&others)?));
            Ok(())
        });
    }

    /// An answer that breaks off is a failure, without any series.
    pub fn a_truncated_answer_fails_and_does_not_panic(&self) {
        let text = self.answer.to_string();
        check(0.0..1.0, |share| {
            let length = (text.len() as f64 * share) as usize;
            let collected = self.collect(text.get(..length).unwrap_or_default());
            prop_assert_eq!(collected.failures().len(), 1);
            prop_assert!(collected.exposition().is_empty());
            Ok(())
        });
    }

    /// No text at all makes it panic.
    pub fn any_text_is_survived(&self) {
        check(".*", |text| {
            self.collect(&text);
            Ok(())
        });
    }

    fn collect(&self, data: &str) -> Collected {
        Case::new().answer(self.path, data).collect::<C>()
    }

    fn series(&self, data: &Value) -> Result<BTreeSet<String>, TestCaseError> {
        let collected = self.collect(&data.to_string());
        prop_assert_eq!(collected.failures(), Vec::<&str>::new());
        prop_assert_eq!(collected.violations(), Vec::<String>::new());
        Ok(collected.exposition().lines().map(str::to_owned).collect())
    }

    /// The answer with one value replaced by an odd one or removed, and the way to it.
    fn odd(&self) -> impl Strategy<Value = (Value, Vec<String>)> + use<C> {
        let original = self.answer.clone();
        let values = mutation::odd_values().into_iter().map(Some).chain([None]).collect::<Vec<_>>();
        (0..mutation::count(&original), prop::sample::select(values)).prop_map(move |(n, value)| {
            let mut changed = original.clone();
            let path = mutation::replace(&mut changed, n, value);
            (changed, path)
        })
    }
}

fn check<T: Debug>(cases: impl Strategy<Value = T>, property: impl Fn(T) -> TestCaseResult) {
    // The failing case stands in the panic's message; there is no source file to keep it beside.
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if let Err(failure) = TestRunner::new(config).run(&cases, property) {
        panic!("{failure}");
    }
}

#[cfg(test)]
mod tests {
    use pve_collector::{Failure, Input, Output, Package, Request, Table, tables};

    use super::*;

    const NUMBERS: Request = Request::get("/numbers");

    tables! {
        /// One row for all elements.
        Numbers() {
            gauge sum "pve_numbers" "Sum of the numbers.";
        }
    }

    struct Sum;

    impl Collector for Sum {
        const PACKAGE: Package = pve_collector::package!();
        const REQUESTS: &'static [Request] = &[NUMBERS];
        const TABLES: &'static [Table] = TABLES;

        fn collect(input: &Input, output: &mut Output) -> Result<(), Failure> {
            let numbers: Vec<f64> = input.object(NUMBERS)?;
            output.push(Numbers { sum: Some(numbers.iter().sum()) });
            Ok(())
        }
    }

    /// A property that can't fail would be none.
    #[test]
    #[should_panic(expected = "minimal failing input")]
    fn a_collector_that_loses_the_whole_list_is_found() {
        let answer = serde_json::json!([1, 2, 3]);
        let list = OneList::<Sum> { path: NUMBERS.path, answer, collector: PhantomData };
        list.one_odd_element_costs_no_other();
    }
}
