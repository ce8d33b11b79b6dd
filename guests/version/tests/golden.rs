//! Real-shaped answers and the exposition they must give.

use pve_collector::testing::assert_golden;
use version::Version;

#[test]
fn fixtures_give_what_is_expected() {
    assert_golden::<Version>(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/version"));
}
