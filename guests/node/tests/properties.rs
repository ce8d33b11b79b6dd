//! Malformed answers: an odd entry costs only its own series, and nothing panics.

use node::Node;
use properties::Subject;

properties::tests!(Subject::<Node>::new("/cluster/status", "pve9"));
