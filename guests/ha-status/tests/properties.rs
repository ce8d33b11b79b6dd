//! Odd answers: whatever stands in one node or service, the others give the same series, and nothing panics.

use std::collections::BTreeSet;

use ha_status::HaStatus;
use proptest::prelude::*;
use pve_collector::testing::{Case, Collected, mutation};
use serde_json::Value;

const DATA: &str = "/cluster/ha/status/manager_status";
const RESOURCES: &str = r#"[{"sid":"vm:106","type":"vm","max_restart":2}]"#;

fn fixture(case: &str) -> Value {
    Case::read(format!("{}/../../fixtures/ha-status/{case}", env!("CARGO_MANIFEST_DIR"))).document(DATA)
}

fn collect(data: &str) -> Collected {
    Case::new().answer(DATA, data).answer("/cluster/ha/resources", RESOURCES).collect::<HaStatus>()
}

fn series(data: &Value) -> BTreeSet<String> {
    let collected = collect(&data.to_string());
    assert_eq!(collected.failures(), Vec::<&str>::new());
    collected.exposition().lines().map(str::to_owned).collect()
}

/// A fixture with one value replaced by an odd one or removed, and the way to it.
fn odd(case: &'static str) -> impl Strategy<Value = (Value, Value, Vec<String>)> {
    let original = fixture(case);
    let values = mutation::odd_values().into_iter().map(Some).chain([None]).collect::<Vec<_>>();
    (0..mutation::count(&original), prop::sample::select(values)).prop_map(move |(n, value)| {
        let mut changed = original.clone();
        let path = mutation::replace(&mut changed, n, value);
        (original.clone(), changed, path)
    })
}

proptest! {
    #[test]
    fn one_odd_entry_costs_no_other((original, changed, path) in prop_oneof![odd("all-states"), odd("healthy-pve9")]) {
        let changed = series(&changed);
        // The whole of one entry of a map; of what is above the maps only this much can be said: it is no failure.
        let entry = match (path[0].as_str(), path.get(1).map(String::as_str)) {
            ("lrm_status", Some(_)) => &path[..2],
            ("manager_status", Some("node_status" | "service_status")) if path.len() > 2 => &path[..3],
            _ => return Ok(()),
        };
        prop_assert!(changed.is_superset(&series(&mutation::without(&original, entry))));
    }

    #[test]
    fn odd_resources_cost_no_series_of_the_manager(text in prop::sample::select(mutation::odd_values())) {
        let status = fixture("healthy-pve9").to_string();
        let resources = format!(r#"[{text}, {{"sid":"vm:106","max_restart":{text}}}]"#);
        let case = Case::new().answer(DATA, status).answer("/cluster/ha/resources", resources);
        let collected = case.collect::<HaStatus>();
        prop_assert_eq!(collected.failures(), Vec::<&str>::new());
        let exposition = collected.exposition();
        for family in ["pve_ha_service_status", "pve_ha_service_config"] {
            let series = format!("{family}{{sid=\"vm:106\"");
            prop_assert!(exposition.contains(&series));
        }
    }

    #[test]
    fn a_truncated_answer_fails_and_does_not_panic(share in 0.0..1.0) {
        let text = fixture("all-states").to_string();
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
