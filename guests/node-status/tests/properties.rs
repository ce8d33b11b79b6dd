//! Malformed answers: an odd member costs only its own series, and nothing panics.

use node_status::NodeStatus;
use properties::Subject;

properties::tests!(Subject::<NodeStatus>::new("/nodes/node01/status", "pve9-efi"));
