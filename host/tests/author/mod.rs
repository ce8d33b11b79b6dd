//! The `collector` subcommands: what the binary prints, errors included, and its exit status. `UPDATE_GOLDEN=1` rewrites
//! `tests/golden/author`.

mod checking;
mod inspecting;
mod languages;
mod projects;
mod recording;
mod serving;
mod support;
mod testing;
mod tutorial;
