//! Flags, environment and `pve.yml`.

mod errors;
mod flags;
mod values;
