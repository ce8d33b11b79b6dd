//! The fixtures, and the expositions and logs that the collector must produce from them.

use pve_collector::testing::assert_golden;
use version::Version;

#[test]
fn fixtures_produce_what_is_expected() {
    assert_golden::<Version>(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/version"));
}
