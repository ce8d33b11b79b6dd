//! Malformed answers: an odd member costs only its own series, and nothing panics.

use properties::Subject;
use subscription::Subscription;

properties::tests!(
    Subject::<Subscription>::new("/nodes/node01/subscription", "active")
        .keeps("level", r#"pve_subscription_info{id="node/node01",level="c"} 1"#)
        .keeps("status", r#"pve_subscription_status{id="node/node01",status="active"} 1"#)
        .keeps("nextduedate", r#"pve_subscription_next_due_timestamp_seconds{id="node/node01"} 1801353600"#)
);
