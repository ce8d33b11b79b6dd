//! The zoo: broken and hostile collectors, each with its exact outcome. After each of them a healthy collector runs, which
//! must not be affected.
//!
//! Some animals are written in Rust (`fixtures/zoo`, built by `make zoo`). Most are forged: components written by hand, which
//! contain what no SDK would produce (`forge` in the harness).

mod aftermath;
mod calling;
pub(crate) mod compiling;
mod folder;
mod granting;
mod grants;
mod loading;
mod logging;
mod manifests;
mod rows;
mod shop;
mod support;
mod wasi;
