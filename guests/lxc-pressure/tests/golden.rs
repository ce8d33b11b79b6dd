//! The fixtures, and the expositions and logs that the collector must produce from them.

use lxc_pressure::LxcPressure;
use pve_collector::testing::assert_golden;

#[test]
fn fixtures_produce_what_is_expected() {
    assert_golden::<LxcPressure>(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/lxc-pressure"));
}
