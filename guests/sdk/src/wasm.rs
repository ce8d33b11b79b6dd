//! The component's exports, which call a [`Collector`].
//!
//! Every call is on a fresh instance, so each sets up the panic hook.

use crate::{Collector, Input, Output, contract, log, manifest};

pub use bindings::Guest;

#[cfg(feature = "allocator")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

/// Generated from `collector.wit` by wit-bindgen, except the records, which are [`contract`]'s.
#[allow(unsafe_code, missing_docs, clippy::all, reason = "generated: lifting and lowering works on raw memory")]
pub mod bindings {
    wit_bindgen::generate!({
        path: "wit",
        world: "collector",
        with: { "pve:collector/types@0.1.0": crate::contract },
        pub_export_macro: true,
        default_bindings_module: "pve_collector::wasm::bindings",
    });
}

impl<C: Collector> Guest for C {
    fn describe() -> contract::Manifest {
        log::hook_panics();
        manifest::describe::<C>()
    }

    fn collect(input: contract::Input) -> Result<contract::Output, contract::Failure> {
        log::hook_panics();
        let mut output = Output::default();
        C::collect(&Input::new(input, C::REQUESTS), &mut output)?;
        Ok(output)
    }
}
