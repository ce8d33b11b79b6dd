//! Malformed answers: only `onboot` matters, and nothing panics.

use config::Config;
use properties::Subject;

properties::tests!(
    Subject::<Config>::new("/nodes/node01/qemu/112/config", "pve9")
        .keeps("onboot", r#"pve_onboot_status{id="qemu/112",node="node01",type="qemu"} 1"#)
);
