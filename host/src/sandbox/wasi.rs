//! WASI 0.2 with nothing behind it, for components whose language runtime imports it.
//!
//! Rust's std and the runtimes of JavaScript and Python import it as soon as they are linked. They get no files, environment,
//! arguments or network (calls return errors); standard output goes to the log; the clock shows the scrape's time and
//! only a sleep advances it, at once. Nothing here blocks: an epoch does not interrupt a host call, so a call that waited
//! would outlive the CPU limit.

use wasmtime::component::{HasSelf, Linker, Resource};
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock;
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};
use wasmtime_wasi::{WasiCtxView, WasiView, async_trait};

use super::state::HostState;
use super::wasi_state::Wasi;

/// Links all of WASI 0.2, with a monotonic clock that does not wait.
pub(super) fn add_to_linker(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_sync(linker)?;
    linker.allow_shadowing(true);
    monotonic_clock::add_to_linker::<_, HasSelf<HostState>>(linker, |state| state)?;
    linker.allow_shadowing(false);
    Ok(())
}

impl HostState {
    fn wasi(&mut self) -> &mut Wasi {
        let (now, log) = (self.now, &self.log);
        self.wasi.get_or_insert_with(|| Box::new(Wasi::new(now, log)))
    }
}

impl WasiView for HostState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let Wasi { context, table, .. } = self.wasi();
        WasiCtxView { ctx: context, table }
    }
}

impl monotonic_clock::Host for HostState {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.wasi().slept)
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(1)
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let wasi = self.wasi();
        wasi.slept = wasi.slept.max(when);
        let elapsed = wasi.table.push(Elapsed)?;
        subscribe(&mut wasi.table, elapsed)
    }

    fn subscribe_duration(&mut self, duration: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let when = self.wasi().slept.saturating_add(duration);
        self.subscribe_instant(when)
    }
}

/// A deadline that has passed.
struct Elapsed;

#[async_trait]
impl Pollable for Elapsed {
    async fn ready(&mut self) {}
}
