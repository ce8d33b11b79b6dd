//! Odd answers: whatever stands in one element, the others give the same series, and nothing panics.

use node::Node;
use properties::OneList;

fn list() -> OneList<Node> {
    OneList::new("/cluster/status", concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/node/pve9"))
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
