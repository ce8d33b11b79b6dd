//! Malformed answers: an odd member costs only its own label or series, and nothing panics.

use properties::Subject;
use pve_collector::testing::{Case, mutation};
use qdevice::Qdevice;

const DEVICE: &str = "/cluster/config/qdevice";
const STATUS: &str = "/cluster/status";

properties::tests!(
    Subject::<Qdevice>::new(DEVICE, "connected")
        .with_answer(STATUS, r#"[{"type":"cluster","id":"cluster","name":"pvec","quorate":1}]"#)
        .keeps("State", r#"pve_qdevice_up{id="cluster/pvec"} 1"#)
        .keeps("Model", r#"model="Net""#)
);

#[test]
fn odd_members_of_the_cluster_are_no_failure() {
    for odd in mutation::odd_values() {
        let members = format!(r#"[{odd}, {{"type":{odd}}}, {{"type":"cluster","name":{odd}}}]"#);
        let collected =
            Case::new().answer(DEVICE, r#"{"State":"Connected"}"#).answer(STATUS, members).collect::<Qdevice>();
        assert_eq!(collected.failures(), Vec::<&str>::new(), "{odd}");
    }
}
