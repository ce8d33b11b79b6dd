//! Malformed answers: an odd job costs only its own series, and nothing panics.

use properties::Subject;
use replication::Replication;

properties::tests!(Subject::<Replication>::new("/nodes/node01/replication", "two-nodes"));
