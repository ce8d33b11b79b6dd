//! What the exporter is told: command line, environment and `pve.yml`, parsed once into types that can't be wrong.
//!
//! The file and the environment are those of prometheus-pve-exporter, so that its users change a binary and nothing
//! else; a key without meaning here is named in an error instead of ignored. Every error of a file is reported at once,
//! and no secret can reach an error, a log line or a `Debug` output.

mod client;
mod env;
mod error;
mod file;
mod flags;
mod keys;
mod listen_address;
mod module;
mod parse;
mod secret;
mod target;
mod web_flags;

pub use client::ClientOptions;
pub use env::Environment;
pub use error::ConfigError;
pub use flags::{Flags, LogFormat, LogLevel};
pub use listen_address::ListenAddress;
pub use module::{Config, ConfigSource, Credentials, Module, Verify};
pub use secret::Secret;
pub use target::{Target, TargetError, Targets};
pub use web_flags::WebFlags;
