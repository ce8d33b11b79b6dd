//! The collectors that are part of the binary: components embedded at build time (see `build.rs`).

include!(concat!(env!("OUT_DIR"), "/builtins.rs"));

/// Name and component of each built-in collector, by name.
#[must_use]
pub fn builtins() -> &'static [(&'static str, &'static [u8])] {
    BUILTINS
}

/// The settings of a built-in collector.
#[must_use]
pub fn builtin_settings(collector: &str) -> &'static [&'static str] {
    SETTINGS.iter().find(|(name, _)| *name == collector).map_or(&[], |(_, settings)| settings)
}

/// The names alone: for flags and error messages.
pub fn builtin_names() -> impl Iterator<Item = &'static str> {
    BUILTINS.iter().map(|(name, _)| *name)
}
