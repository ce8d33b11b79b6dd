//! The zoo: collectors that are broken or mean harm, each with the exact outcome that it must have, and with a healthy
//! collector after it that must notice nothing.
//!
//! Some animals are Rust (`fixtures/zoo`, `make zoo`), most are forged here: components written by hand that hold what no
//! SDK would make (the harness's `forge`).

mod aftermath;
mod calling;
mod compiling;
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
