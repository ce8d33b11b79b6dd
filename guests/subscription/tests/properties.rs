//! Odd answers: whatever stands in one member, the others give the same series, and nothing panics.

use proptest::prelude::*;
use pve_collector::testing::{Case, Collected, mutation};
use serde_json::Value;
use subscription::Subscription;

const DATA: &str = "/nodes/node01/subscription";

fn fixture() -> Value {
    Case::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/subscription/active")).document(DATA)
}

fn collect(data: &str) -> Collected {
    Case::new().answer(DATA, data).collect::<Subscription>()
}

/// A fixture with one value replaced by an odd one or removed, and the way to it.
fn odd() -> impl Strategy<Value = (Value, Value, Vec<String>)> {
    let original = fixture();
    let values = mutation::odd_values().into_iter().map(Some).chain([None]).collect::<Vec<_>>();
    (0..mutation::count(&original), prop::sample::select(values)).prop_map(move |(n, value)| {
        let mut changed = original.clone();
        let path = mutation::replace(&mut changed, n, value);
        (original.clone(), changed, path)
    })
}

proptest! {
    #[test]
    fn one_odd_member_costs_no_other((_, changed, path) in odd()) {
        let collected = collect(&changed.to_string());
        prop_assert_eq!(collected.failures(), Vec::<&str>::new());
        prop_assert_eq!(collected.violations(), Vec::<String>::new());
        let exposition = collected.exposition();
        for (member, series) in [
            ("level", "pve_subscription_info{id=\"node/node01\",level=\"c\"} 1\n"),
            ("status", "pve_subscription_status{id=\"node/node01\",status=\"active\"} 1\n"),
            ("nextduedate", "pve_subscription_next_due_timestamp_seconds{id=\"node/node01\"} 1801353600\n"),
        ] {
            prop_assert!(path[0] == member || exposition.contains(series));
        }
    }

    #[test]
    fn a_truncated_answer_fails_and_does_not_panic(share in 0.0..1.0) {
        let text = fixture().to_string();
        let length = (text.len() as f64 * share) as usize;
        let collected = collect(text.get(..length).unwrap_or_default());
        prop_assert_eq!(collected.failures().len(), 1);
        prop_assert!(collected.exposition().is_empty());
    }

    #[test]
    fn any_text_is_survived(text in ".*") {
        collect(&text);
    }
}
