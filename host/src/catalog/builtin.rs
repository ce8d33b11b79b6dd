//! The collectors that are part of the binary: components embedded at build time (see `build.rs`).

include!(concat!(env!("OUT_DIR"), "/builtins.rs"));

/// Name and component of each built-in collector, by name.
#[must_use]
pub fn builtins() -> &'static [(&'static str, &'static [u8])] {
    BUILTINS
}

/// The names alone: for flags and error messages.
pub fn builtin_names() -> impl Iterator<Item = &'static str> {
    BUILTINS.iter().map(|(name, _)| *name)
}
