//! The fixtures, and the expositions and logs that the collector must produce from them.

use node::Node;
use pve_collector::testing::assert_golden;

#[test]
fn fixtures_produce_what_is_expected() {
    assert_golden::<Node>(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/node"));
}
