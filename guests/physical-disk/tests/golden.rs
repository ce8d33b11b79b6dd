//! Real-shaped answers and the exposition they must give.

use physical_disk::PhysicalDisk;
use pve_collector::testing::assert_golden;

#[test]
fn fixtures_give_what_is_expected() {
    assert_golden::<PhysicalDisk>(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/physical-disk"));
}
