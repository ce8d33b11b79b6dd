//! The fixtures, and the expositions and logs that the collector must produce from them.

use node_status::NodeStatus;
use pve_collector::testing::assert_golden;

#[test]
fn fixtures_produce_what_is_expected() {
    assert_golden::<NodeStatus>(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/node-status"));
}
