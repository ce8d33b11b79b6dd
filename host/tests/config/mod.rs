//! The configuration from outside: one binary, since each links the whole host.

mod errors;
mod flags;
mod values;
