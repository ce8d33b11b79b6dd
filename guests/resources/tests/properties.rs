//! Malformed answers: an odd resource costs only its own series, and nothing panics.

use properties::Subject;
use resources::Resources;

properties::tests!(Subject::<Resources>::new("/cluster/resources", "pve9"));
