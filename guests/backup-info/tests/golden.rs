//! The fixtures, and the expositions and logs that the collector must produce from them.

use backup_info::BackupInfo;
use pve_collector::testing::assert_golden;

#[test]
fn fixtures_produce_what_is_expected() {
    assert_golden::<BackupInfo>(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/backup-info"));
}
