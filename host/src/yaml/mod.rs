//! YAML that operators write: `pve.yml`, grants, the web configuration.
//!
//! A document is read into a tree whose scalars are the text of the file, so that a password of `0x1F` stays `0x1F`; what reads
//! a key decides what the text means. Errors have a position and fixed words. They quote nothing of the file except key names
//! that can't be secrets, so no value reaches a log.

mod error;
mod name;
mod source;
#[cfg(test)]
mod tests;
mod tree;

pub use error::{Fault, Position, SyntaxError};
pub use name::Name;
pub use source::{ReadError, decode, read, read_bytes};
pub use tree::{Entry, Node, Scalar, Value, parse};
