//! Compiles and loads the built-in collectors.

use std::time::Duration;

use crate::cache;
use crate::catalog::{Loader, builtins};
use crate::collector::{Collector, CollectorError};
use crate::config::Flags;
use crate::limits::Limits;
use crate::sandbox::{Capacity, Sandbox};

/// Code from the cache loads in 3 ms; the smallest built-in takes 40 ms to compile.
const FROM_CACHE: Duration = Duration::from_millis(20);

pub(crate) fn capacity(flags: &Flags, limits: &Limits) -> Capacity {
    Capacity { slots: flags.sandbox_max_instances, max_memory: flags.sandbox_max_memory.max(limits.memory) }
}

/// Compiles the built-ins into the cache before the program re-executes itself, so that the compiler's memory is released. Errors
/// resurface when the built-ins are loaded.
pub fn compile_builtins(flags: &Flags) {
    let Ok(cache) = cache::lasting(flags.sandbox_cache_directory.as_deref()) else { return };
    let limits = flags.limits();
    let capacity = capacity(flags, &limits);
    let Ok(sandbox) = Sandbox::new(capacity, Some(cache.path())) else { return };
    let loader = Loader { sandbox, compiler: None, limits, max_memory: capacity.max_memory };
    let smallest = builtins().iter().min_by_key(|(_, component)| component.len());
    let known = smallest.and_then(|(_, component)| loader.load_builtin(component, Vec::new()).ok());
    if known.is_some_and(|collector| collector.component().facts().compile_time > FROM_CACHE) {
        load_builtins(&loader, flags).for_each(drop);
    }
}

/// The built-ins that the flags enable, by name, with their settings. Each is loaded when the iterator reaches it; without a cache
/// this is most of the time to the first response. wasmtime compiles the functions of a component in parallel, so loading two
/// components at a time was not faster.
pub(crate) fn load_builtins<'a>(
    loader: &'a Loader,
    flags: &'a Flags,
) -> impl Iterator<Item = (&'static str, Result<Collector, CollectorError>)> + 'a {
    builtins().iter().filter(|(name, _)| flags.collector(name, true)).map(|&(name, component)| {
        let settings = flags.collectors_settings.iter().filter(move |(collector, _, _)| collector == name);
        let settings = settings.map(|(_, setting, value)| (setting.clone(), value.clone())).collect();
        (name, loader.load_builtin(component, settings))
    })
}
