//! Malformed answers: an odd entry costs only its own series, and nothing panics.

use properties::Subject;
use pve_collector::testing::{Case, mutation};
use status::Status;

const RESOURCES: &str = "/cluster/resources";
const STATUS: &str = "/cluster/status";

properties::tests!(
    Subject::<Status>::new(RESOURCES, "pve9")
        .with_answer(STATUS, r#"[{"type":"cluster","id":"cluster","name":"pvec","quorate":1}]"#)
);

#[test]
fn odd_members_of_the_cluster_cost_no_resource() {
    for odd in mutation::odd_values() {
        let members = format!(r#"[{odd}, {{"type":"node","id":{odd},"online":{odd}}}, {{"type":{odd}}}]"#);
        let resources = r#"[{"type":"qemu","id":"qemu/112","status":"running"}]"#;
        let collected = Case::new().answer(RESOURCES, resources).answer(STATUS, members).collect::<Status>();
        assert_eq!(collected.failures(), Vec::<&str>::new(), "{odd}");
        assert!(collected.exposition().contains("pve_up{id=\"qemu/112\"} 1\n"), "{odd}");
    }
}
