//! Malformed answers: an odd container costs only its own series, and nothing panics.

use lxc_pressure::LxcPressure;
use properties::Subject;

properties::tests!(Subject::<LxcPressure>::new("/nodes/node01/lxc", "pve9"));
