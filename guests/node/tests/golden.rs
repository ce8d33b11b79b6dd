//! Real-shaped answers and the exposition they must give.

use node::Node;
use pve_collector::testing::assert_golden;

#[test]
fn fixtures_give_what_is_expected() {
    assert_golden::<Node>(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/node"));
}
