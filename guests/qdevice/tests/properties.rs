//! Odd answers: whatever stands in one member, the others give the same series, and nothing panics.

use proptest::prelude::*;
use pve_collector::testing::{Case, Collected, mutation};
use qdevice::Qdevice;
use serde_json::Value;

const DATA: &str = "/cluster/config/qdevice";
const STATUS: &str = r#"[{"type":"cluster","id":"cluster","name":"pvec","quorate":1}]"#;

fn fixture() -> Value {
    Case::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/qdevice/connected")).document(DATA)
}

fn collect(data: &str) -> Collected {
    Case::new().answer(DATA, data).answer("/cluster/status", STATUS).collect::<Qdevice>()
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
        for (member, text) in [("State", "pve_qdevice_up{id=\"cluster/pvec\"} 1\n"), ("Model", "model=\"Net\"")] {
            prop_assert!(path[0] == member || exposition.contains(text));
        }
    }

    #[test]
    fn odd_members_of_the_cluster_do_not_fail(text in prop::sample::select(mutation::odd_values())) {
        let members = format!(r#"[{text}, {{"type":{text}}}, {{"type":"cluster","name":{text}}}]"#);
        let collected =
            Case::new().answer(DATA, fixture().to_string()).answer("/cluster/status", members).collect::<Qdevice>();
        prop_assert_eq!(collected.failures(), Vec::<&str>::new());
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
