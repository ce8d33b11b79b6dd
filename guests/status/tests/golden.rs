//! Real-shaped answers and the exposition they must give.

use pve_collector::testing::assert_golden;
use status::Status;

#[test]
fn fixtures_give_what_is_expected() {
    assert_golden::<Status>(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/status"));
}
