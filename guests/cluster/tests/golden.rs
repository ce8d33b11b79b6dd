//! Real-shaped answers and the exposition they must give.

use cluster::Cluster;
use pve_collector::testing::assert_golden;

#[test]
fn fixtures_give_what_is_expected() {
    assert_golden::<Cluster>(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cluster"));
}
