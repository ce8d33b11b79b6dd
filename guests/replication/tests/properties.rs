//! Odd answers: whatever stands in one element, the others give the same series, and nothing panics.

use properties::OneList;
use replication::Replication;

fn list() -> OneList<Replication> {
    OneList::new(
        "/nodes/node01/replication",
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/replication/two-nodes"),
    )
}

#[test]
fn one_odd_element_costs_no_other() {
    list().one_odd_element_costs_no_other();
}

#[test]
fn a_truncated_answer_fails_and_does_not_panic() {
    list().a_truncated_answer_fails_and_does_not_panic();
}

#[test]
fn any_text_is_survived() {
    list().any_text_is_survived();
}
