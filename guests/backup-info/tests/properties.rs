//! Odd answers: whatever stands in one guest, the others give the same series, and nothing panics. Their number
//! is another matter: an odd guest is not covered either.

use std::collections::BTreeSet;

use backup_info::BackupInfo;
use proptest::prelude::*;
use pve_collector::testing::{Case, Collected, mutation};
use serde_json::Value;

const DATA: &str = "/cluster/backup-info/not-backed-up";
const STATUS: &str = r#"[{"type":"cluster","id":"cluster","name":"pvec","quorate":1}]"#;

fn fixture() -> Value {
    Case::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/backup-info/two-uncovered")).document(DATA)
}

fn collect(data: &str) -> Collected {
    Case::new().answer(DATA, data).answer("/cluster/status", STATUS).collect::<BackupInfo>()
}

fn series(data: &Value) -> BTreeSet<String> {
    let collected = collect(&data.to_string());
    assert_eq!(collected.failures(), Vec::<&str>::new());
    assert_eq!(collected.violations(), Vec::<String>::new());
    collected
        .exposition()
        .lines()
        .filter(|line| !line.starts_with("pve_not_backed_up_total{"))
        .map(str::to_owned)
        .collect()
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
    fn one_odd_element_costs_no_other((original, changed, path) in odd()) {
        let others = mutation::without(&original, &path[..1]);
        prop_assert!(series(&changed).is_superset(&series(&others)));
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
