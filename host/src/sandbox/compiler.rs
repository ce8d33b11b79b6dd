//! Compiles components in a child process with bounds on time and memory; the exporter finds the result in wasmtime's cache.
//!
//! The sandbox bounds running a component; wasmtime does not bound compiling one. The child is this same binary, started with
//! `COMPILE_COMMAND`; it reads the components from standard input, each after its length in eight bytes.

use std::io::{ErrorKind, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, setrlimit};

use super::component::LoadError;
use super::engine::{Capacity, Sandbox};
use crate::limits::Limits;
use crate::terminal;
use crate::text::Foreign;

/// The hidden command that makes this binary a compiler.
pub const COMPILE_COMMAND: &str = "compile-component";

/// Memory of the child: 2 GiB is four times what 18 MiB of Python takes.
const MEMORY: u64 = 2 << 30;
/// glibc's default instead of one heap for all threads (`heap.c`): the compiler's threads would wait for each other, and the child
/// is short-lived.
const HEAPS: (&str, &str) = ("MALLOC_ARENA_MAX", "0");
/// How often to check whether the child has exited.
const POLL: Duration = Duration::from_millis(5);

/// Compiles components into the cache.
#[derive(Debug, Clone)]
pub struct Compiler {
    executable: PathBuf,
    cache: PathBuf,
    capacity: Capacity,
}

impl Compiler {
    /// A compiler for a sandbox with this capacity and this cache: the sandbox finds its results only if both are the same.
    #[must_use]
    pub fn new(executable: PathBuf, cache: PathBuf, capacity: Capacity) -> Self {
        Self { executable, cache, capacity }
    }

    /// A compiler that runs this program; `None` without a cache to pass the results on, or if the executable can't be found.
    #[must_use]
    pub fn of_this_program(cache: Option<PathBuf>, capacity: Capacity) -> Option<Self> {
        Some(Self::new(std::env::current_exe().ok()?, cache?, capacity))
    }

    /// Compiles `component` into the cache. Blocks until it is done or out of time.
    pub fn compile(&self, component: &[u8], limits: &Limits) -> Result<(), LoadError> {
        self.compile_all(&[component], limits)
    }

    /// The same for several components in one child. If the first is in the cache already, so are the others: put the cheapest
    /// one first.
    pub fn compile_all(&self, components: &[&[u8]], limits: &Limits) -> Result<(), LoadError> {
        components.iter().try_for_each(|component| super::component::recognise(component, limits))?;
        let time = limits.compile_time.saturating_mul(u32::try_from(components.len()).unwrap_or(u32::MAX));
        let failed = |what: &str, error: std::io::Error| LoadError::Compile(Foreign::new(&format!("{what}: {error}")));
        let child = self.start(limits, time).map_err(|error| failed("the compiler process does not start", error))?;
        match wait(child, components, time) {
            (None, _) => Err(LoadError::CompileTime(time)),
            (Some(Err(error)), _) => Err(failed("the compiler process was lost", error)),
            (Some(Ok(status)), _) if status.success() => Ok(()),
            (Some(Ok(status)), words) if words.trim().is_empty() => {
                let detail = format!("the compiler process exited with {status}, most likely out of memory or time");
                Err(LoadError::Compile(Foreign::new(&detail)))
            }
            // An abort prints several lines; a reason is one.
            (Some(Ok(_)), words) => {
                let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
                Err(LoadError::Compile(Foreign::new(&words)))
            }
        }
    }

    fn start(&self, limits: &Limits, time: Duration) -> std::io::Result<Child> {
        Command::new(&self.executable)
            .arg(COMPILE_COMMAND)
            .arg(&self.cache)
            .args([self.capacity.slots.to_string(), self.capacity.max_memory.to_string()])
            .args([limits.component_bytes.to_string(), time.as_secs().max(1).to_string()])
            .env_clear()
            .envs([HEAPS])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
    }
}

/// The child's exit status, `None` if it was killed for taking too long, and its standard error.
fn wait(mut child: Child, components: &[&[u8]], time: Duration) -> (Option<std::io::Result<ExitStatus>>, String) {
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    let deadline = Instant::now() + time;
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if let Some(mut stdin) = stdin {
                // A child that exited early reports why.
                let _ = components.iter().try_for_each(|component| {
                    stdin.write_all(&(component.len() as u64).to_le_bytes())?;
                    stdin.write_all(component)
                });
            }
        });
        let words = scope.spawn(move || {
            let mut words = String::new();
            if let Some(stderr) = stderr {
                let _ = stderr.take(4096).read_to_string(&mut words);
            }
            words
        });
        let status = loop {
            match child.try_wait() {
                Ok(None) if Instant::now() < deadline => std::thread::sleep(POLL),
                Ok(None) => {
                    let _ = child.kill();
                    let _ = child.wait();
                    break None;
                }
                Ok(Some(status)) => break Some(Ok(status)),
                Err(error) => break Some(Err(error)),
            }
        };
        (status, words.join().unwrap_or_default())
    })
}

/// The child's side, with the arguments of `Compiler::compile`.
#[must_use]
pub fn compile_command(arguments: &[String]) -> ExitCode {
    match compile_input(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::report(error);
            ExitCode::FAILURE
        }
    }
}

fn compile_input(arguments: &[String]) -> Result<(), String> {
    let [cache, numbers @ ..] = arguments else { return Err("no arguments".to_owned()) };
    let numbers: Vec<u64> = numbers.iter().filter_map(|number| number.parse().ok()).collect();
    let Ok([slots, max_memory, component_bytes, seconds]) = <[u64; 4]>::try_from(numbers) else {
        return Err("wrong arguments".to_owned());
    };
    let limit = |resource, value| {
        setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) }).map_err(|error| error.to_string())
    };
    limit(Resource::Data, MEMORY)?;
    // CPU time of all cores together; on an idle machine the parent's deadline is tighter.
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    limit(Resource::Cpu, seconds.saturating_mul(cores).max(1))?;
    limit(Resource::Core, 0)?;

    let number = |number: u64| usize::try_from(number).map_err(|error| error.to_string());
    let capacity = Capacity { slots: number(slots)?, max_memory: number(max_memory)? };
    let sandbox = Sandbox::new(capacity, Some(Path::new(cache))).map_err(|error| error.to_string())?;
    let mut input = std::io::stdin().lock();
    while let Some(component) = next(&mut input, component_bytes).map_err(|error| error.to_string())? {
        sandbox.compile(&component).map_err(|error| format!("{error:#}"))?;
        if sandbox.cache_misses() == 0 {
            break;
        }
    }
    Ok(())
}

/// The next component, at most `limit` bytes of it; `None` at the end of the input.
fn next(input: &mut impl Read, limit: u64) -> std::io::Result<Option<Vec<u8>>> {
    let mut length = [0; 8];
    match input.read_exact(&mut length) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        result => result?,
    }
    let mut component = Vec::new();
    input.take(u64::from_le_bytes(length).min(limit)).read_to_end(&mut component)?;
    Ok(Some(component))
}
