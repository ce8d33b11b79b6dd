//! Malformed answers: an odd entry costs only its own series, and nothing panics.

use cluster::Cluster;
use properties::Subject;

properties::tests!(Subject::<Cluster>::new("/cluster/status", "pve9"));
