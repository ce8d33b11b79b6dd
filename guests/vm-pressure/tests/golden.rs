//! The fixtures, and the expositions and logs that the collector must produce from them.

use pve_collector::testing::assert_golden;
use vm_pressure::VmPressure;

#[test]
fn fixtures_produce_what_is_expected() {
    assert_golden::<VmPressure>(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/vm-pressure"));
}
