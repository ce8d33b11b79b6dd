//! Real-shaped answers and the exposition they must give.

use lxc_pressure::LxcPressure;
use pve_collector::testing::assert_golden;

#[test]
fn fixtures_give_what_is_expected() {
    assert_golden::<LxcPressure>(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/lxc-pressure"));
}
