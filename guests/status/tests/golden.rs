//! The fixtures, and the expositions and logs that the collector must produce from them.

use pve_collector::testing::assert_golden;
use status::Status;

#[test]
fn fixtures_produce_what_is_expected() {
    assert_golden::<Status>(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/status"));
}
