//! Odd answers: whatever stands in a member, only `onboot` matters, and nothing panics.

use config::Config;
use proptest::prelude::*;
use pve_collector::testing::{Case, Collected, mutation};
use serde_json::Value;

const DATA: &str = "/nodes/node01/qemu/112/config";

fn fixture() -> Value {
    Case::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/config/pve9")).document(DATA)
}

fn collect(data: &str) -> Collected {
    Case::new().answer(DATA, data).collect::<Config>()
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
    fn only_an_odd_onboot_costs_the_series((_, changed, path) in odd()) {
        let collected = collect(&changed.to_string());
        prop_assert_eq!(collected.failures(), Vec::<&str>::new());
        prop_assert_eq!(collected.violations(), Vec::<String>::new());
        let series = "pve_onboot_status{id=\"qemu/112\",node=\"node01\",type=\"qemu\"} 1\n";
        let exposition = collected.exposition();
        prop_assert!(path[0] == "onboot" || exposition.ends_with(series));
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
