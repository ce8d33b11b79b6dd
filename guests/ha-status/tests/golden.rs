//! Real-shaped answers and the exposition they must give.

use ha_status::HaStatus;
use pve_collector::testing::assert_golden;

#[test]
fn fixtures_give_what_is_expected() {
    assert_golden::<HaStatus>(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/ha-status"));
}
