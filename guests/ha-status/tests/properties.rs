//! Malformed answers: an odd node or service costs only its own series, and nothing panics.

use ha_status::HaStatus;
use properties::Subject;
use pve_collector::testing::{Case, mutation};

const MANAGER: &str = "/cluster/ha/status/manager_status";
const RESOURCES: &str = "/cluster/ha/resources";

properties::tests!(
    Subject::<HaStatus>::new(MANAGER, "all-states")
        .and_case("healthy-pve9")
        .with_answer(RESOURCES, r#"[{"sid":"vm:106","type":"vm","max_restart":2}]"#)
        .unit(entry_of_a_map)
);

/// A node or service. What contains the maps may cost all their entries.
fn entry_of_a_map(path: &[String]) -> Option<usize> {
    let mut steps = path.iter().map(String::as_str);
    match (steps.next()?, steps.next()?, steps.next()) {
        ("lrm_status", _, _) => Some(2),
        ("manager_status", "node_status" | "service_status", Some(_)) => Some(3),
        _ => None,
    }
}

#[test]
fn odd_resources_cost_no_series_of_the_manager() {
    let manager = r#"{"manager_status":{"service_status":{"vm:106":{"node":"node01","state":"started"}}}}"#;
    for odd in mutation::odd_values() {
        let resources = format!(r#"[{odd}, {{"sid":"vm:106","max_restart":{odd}}}]"#);
        let collected = Case::new().answer(MANAGER, manager).answer(RESOURCES, resources).collect::<HaStatus>();
        assert_eq!(collected.failures(), Vec::<&str>::new(), "{odd}");
        for family in ["pve_ha_service_status", "pve_ha_service_config"] {
            assert!(collected.exposition().contains(&format!("{family}{{sid=\"vm:106\"")), "{odd}: {family}");
        }
    }
}
