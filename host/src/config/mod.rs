//! Flags, environment and `pve.yml`, parsed once into types that are always valid.
//!
//! File and environment are those of prometheus-pve-exporter, so that its users only replace the binary; its keys that are not
//! supported here are errors. All errors of a file are reported at once, and no secret reaches an error, a log line or
//! `Debug` output.

mod changes;
mod client;
mod contradictions;
mod credentials;
mod env;
mod error;
mod file;
mod flags;
mod keys;
mod load;
mod module;
mod names;
mod notice;
mod parse;
mod problem;
mod secret;
mod target;

pub use client::ClientOptions;
pub use env::Environment;
pub use error::ConfigError;
pub use flags::{Flags, ListenAddress, LogFormat, LogLevel};
pub use module::{Config, ConfigSource, Credentials, Module, Verify};
pub use notice::Notice;
pub use secret::Secret;
pub use target::{Target, TargetError, Targets};
