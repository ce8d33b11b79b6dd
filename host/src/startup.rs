//! Compiles and loads the built-in collectors.

use crate::catalog::{Loader, builtins};
use crate::collector::{Collector, CollectorError};
use crate::config::Flags;
use crate::limits::Limits;
use crate::sandbox::Capacity;

pub(crate) fn capacity(flags: &Flags, limits: &Limits) -> Capacity {
    Capacity { slots: flags.sandbox_max_instances, max_memory: flags.sandbox_max_memory.max(limits.memory) }
}

/// Loads the built-ins that the flags enable, each when the iterator reaches it, with its settings. Without a cache, compiling
/// them takes most of the time to the first response. wasmtime compiles the functions of one in parallel; two components
/// at a time were no faster.
pub(crate) fn load_builtins<'a>(
    loader: &'a Loader,
    flags: &'a Flags,
) -> impl Iterator<Item = (&'static str, Result<Collector, CollectorError>)> + 'a {
    compile_builtins(loader, flags);
    enabled(flags).map(|(name, component)| {
        let settings = flags.collectors_settings.iter().filter(move |(collector, _, _)| collector == name);
        let settings = settings.map(|(_, setting, value)| (setting.clone(), value.clone())).collect();
        (name, loader.load_builtin(component, settings))
    })
}

/// Compiles the built-ins into the cache if it lacks them. In a child process, so that the exporter does not keep the compiler's
/// memory. Errors resurface when the built-ins are loaded.
fn compile_builtins(loader: &Loader, flags: &Flags) {
    if let Some(compiler) = &loader.compiler {
        let mut components: Vec<&[u8]> = enabled(flags).map(|(_, component)| component).collect();
        components.sort_by_key(|component| component.len());
        let _ = compiler.compile_all(&components, &loader.limits);
    }
}

fn enabled(flags: &Flags) -> impl Iterator<Item = (&'static str, &'static [u8])> {
    builtins().iter().copied().filter(|(name, _)| flags.collector(name, true))
}
