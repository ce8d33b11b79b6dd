//! What is done once, at the start: the built-in collectors compiled and loaded, and a place for compiled code.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

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

/// Where compiled code is kept: ours alone, since what is in it is run. Where there is no lasting place for it, a folder of
/// this process below the system's temporary one: components of folders are compiled by a process of its own in any case,
/// which hands them over through it. `None` where there is neither.
pub(crate) fn cache_directory(wanted: Option<&Path>) -> Option<PathBuf> {
    if let Some(directory) = lasting_cache_directory(wanted) {
        return Some(directory);
    }
    // Not recursive: a folder that somebody else has made there is not ours to trust.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let name = format!("pve-exporter-{}-{}", std::process::id(), since.as_nanos());
    make_directory(&std::env::temp_dir().join(name), false)
        .inspect_err(|error| tracing::warn!(%error, "no folder for compiled code, not even a temporary one"))
        .ok()
}

/// The same where it outlives the process.
fn lasting_cache_directory(wanted: Option<&Path>) -> Option<PathBuf> {
    let from = |variable: &str| std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    let directory = wanted.map(Path::to_owned).or_else(|| {
        let base = from("CACHE_DIRECTORY")
            .or_else(|| from("XDG_CACHE_HOME").map(|base| base.join("pve-exporter")))
            .or_else(|| from("HOME").map(|home| home.join(".cache/pve-exporter")))?;
        // wasmtime wants an absolute path, and systemd gives one.
        base.is_absolute().then_some(base)
    })?;
    make_directory(&directory, true)
        .inspect_err(|error| {
            tracing::warn!(directory = %directory.display(), %error, "compiled code is not kept (--sandbox.cache-directory)");
        })
        .ok()
}

fn make_directory(directory: &Path, recursive: bool) -> std::io::Result<PathBuf> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(recursive).mode(0o700).create(directory).and_then(|()| directory.canonicalize())
}
