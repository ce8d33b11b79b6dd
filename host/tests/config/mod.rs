//! Flags, environment and `pve.yml`.

mod errors;
mod flags;
pub(crate) mod secrets;
mod values;
