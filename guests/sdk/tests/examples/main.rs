//! Every public item of the crate has an example. The example of a type may cover its methods.
//!
//! This reads the source as rustfmt formats it. rustdoc can count examples too, but only on nightly, and it omits what is
//! re-exported from private modules, which is half of this crate. Each `pub` counts, since the compiler warns about items
//! that are not reachable (`unreachable_pub`).

mod source;

use std::path::{Path, PathBuf};

use source::{Item, Sources, items, read};

#[test]
fn every_public_item_has_an_example() {
    let mut sources = Sources::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), Path::new(""), &mut sources);
    let items = items(&sources);
    for known in ["mod lenient", "macro tables", "trait Collector", "fn Collector::collect", "fn Input::list"] {
        assert!(items.iter().any(|item| item.title() == known), "{known} was not seen");
    }
    let missing = missing(&items);
    assert!(missing.is_empty(), "without an example:\n{}", missing.join("\n"));
}

const LIB: &str = r#"//! Disks.
//!
//! ```
//! disks::shown();
//! ```

pub mod disks;
#[doc(hidden)]
pub mod secret;
mod private;

/// A disk.
#[macro_export]
macro_rules! disk {
    () => {};
}

macro_rules! not_exported {
    () => {};
}
"#;

const DISKS: &str = r#"//! No example.

/// ```
/// let disk = Disk::new().shown();
/// # disk.shown_hidden();
/// disk.never_shown_either();
/// ```
#[derive(
    Clone,
    Debug,
)]
pub struct Disk {
    pub size: u64,
}

impl<T: Into<Vec<u8>>> Disk<T> {
    /// The most.
    pub const LIMIT: u32 = 7;

    pub const fn new() -> Self {
        pub_looks_like_an_item();
    }
    pub fn shown(&self) {}
    pub fn shown_hidden(&self) {}
    pub fn never_shown(&self) {}
    pub(crate) fn not_public(&self) {}
    #[doc(hidden)]
    pub fn hidden(&self) {}
    /// ```
    /// own();
    /// ```
    pub fn with_its_own(&self) {}
}

impl Iterator for Disk {
    fn next(&mut self) {}
}

/// ```text
/// not Rust
/// ```
pub struct OnlyText;

/// ```compile_fail
/// wrong();
/// ```
pub enum OnlyWrong {}

/// ```
/// impl Wear for Disk {
///     fn wearout(&self) -> f64 { 0.0 }
/// }
/// ```
pub trait Wear {
    fn wearout(&self) -> f64;
    fn percent(&self) -> f64;
}

#[doc(hidden)]
pub trait Hidden {
    fn nothing();
}

pub unsafe fn bare() {}

/// ```
/// within::a_file();
/// ```
pub mod within {
    pub fn a_file() {}
}
"#;

#[test]
fn items_without_an_example_are_named() {
    let sources = [
        ("lib.rs", LIB),
        ("disks.rs", DISKS),
        ("private.rs", "pub use super::disks::Disk;\n"),
        ("secret.rs", "pub struct Secret;\n"),
        ("secret/deep.rs", "pub struct Deep;\n"),
    ];
    let sources = sources.map(|(path, source)| (PathBuf::from(path), source.to_owned())).into();
    assert_eq!(
        missing(&items(&sources)),
        [
            "disks.rs: const Disk::LIMIT",
            "disks.rs: fn Disk::shown_hidden",
            "disks.rs: fn Disk::never_shown",
            "disks.rs: struct OnlyText",
            "disks.rs: enum OnlyWrong",
            "disks.rs: fn Wear::percent",
            "disks.rs: fn bare",
            "disks.rs: inline mod within",
            "lib.rs: mod disks",
            "lib.rs: macro disk",
        ]
    );
}

/// The items without an example, as `path: kind name`.
fn missing(items: &[Item]) -> Vec<String> {
    let shown = |member: &Item| {
        let mut types = items.iter().filter(|item| member.owner.as_ref() == Some(&item.name));
        types.any(|item| item.shows(&member.name))
    };
    let missing = items.iter().filter(|item| item.example.is_empty() && !shown(item));
    missing.map(|item| format!("{}: {}", item.path.display(), item.title())).collect()
}
