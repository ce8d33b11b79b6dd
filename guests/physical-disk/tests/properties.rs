//! Malformed answers: an odd disk costs only its own series, and nothing panics.

use physical_disk::PhysicalDisk;
use properties::Subject;

properties::tests!(Subject::<PhysicalDisk>::new("/nodes/node01/disks/list", "health-zoo").and_case("ceph-hci-pve9"));
