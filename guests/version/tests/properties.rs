//! Malformed answers: an odd member costs only its own label, and nothing panics.

use properties::Subject;
use version::Version;

properties::tests!(
    Subject::<Version>::new("/version", "pve9")
        .keeps("release", r#"release="9.1""#)
        .keeps("version", r#"version="9.1.4""#)
);
