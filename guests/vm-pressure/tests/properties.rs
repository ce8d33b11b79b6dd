//! Malformed answers: an odd VM costs only its own series, and nothing panics.

use properties::Subject;
use vm_pressure::VmPressure;

properties::tests!(Subject::<VmPressure>::new("/nodes/node01/qemu", "pve9"));
