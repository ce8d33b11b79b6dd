//! Malformed answers: an odd guest costs only its own series, and nothing panics. The total changes: an odd guest is not
//! covered either.

use backup_info::BackupInfo;
use properties::Subject;

const STATUS: &str = r#"[{"type":"cluster","id":"cluster","name":"pvec","quorate":1}]"#;

properties::tests!(
    Subject::<BackupInfo>::new("/cluster/backup-info/not-backed-up", "two-uncovered")
        .with_answer("/cluster/status", STATUS)
        .ignoring("pve_not_backed_up_total{")
);
