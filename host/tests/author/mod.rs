//! The `collector` subcommands as an author meets them: the binary, its words and its exit status, its errors included.
//! Golden: `UPDATE_GOLDEN=1` rewrites `tests/golden/author`.

mod checking;
mod inspecting;
mod languages;
mod projects;
mod recording;
mod servers;
mod serving;
mod support;
mod testing;
mod tutorial;
