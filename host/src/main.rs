//! Flags → configuration → log → exporter; or the `collector` subcommands.
//!
//! Exit status: 0 after a clean shutdown, 2 for a wrong command line or configuration, 1 for everything else; errors are one line
//! with the cause and the remedy.

use std::process::ExitCode;

use anyhow::anyhow;
use pve_exporter::author;
use pve_exporter::catalog::builtin_names;
use pve_exporter::config::{Config, Environment, Flags};
use pve_exporter::exporter::{self, ExporterError};
use pve_exporter::sandbox::{COMPILE_COMMAND, compile_command};
use pve_exporter::startup;
use pve_exporter::telemetry::init_logs;

const CONFIGURATION: u8 = 2;

/// Flags of prometheus-pve-exporter for its own metrics: accepted, so that its command lines keep working. The exporter always
/// exports such metrics, as `pve_exporter_api_…` and `pve_exporter_scrape_…`.
const PEER_FLAGS: [&str; 2] = ["pve-api-metrics", "target-metrics"];

fn main() -> ExitCode {
    // The exporter runs itself as a child process to compile components. It is short-lived, so per-thread heaps cost little and make it
    // faster.
    let mut arguments = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned());
    if arguments.next().as_deref() == Some(COMPILE_COMMAND) {
        return compile_command(&arguments.collect::<Vec<_>>());
    }
    let names: Vec<&str> = builtin_names().chain(PEER_FLAGS).collect();
    // clap reports wrong flags (status 2), --help and --version.
    let matches = Flags::command(&names).subcommand(author::command()).get_matches();
    if let Some((author::COMMAND, matches)) = matches.subcommand() {
        return author::run(matches);
    }
    let flags = Flags::from_matches(&matches, &names).unwrap_or_else(|error| error.exit());
    let config = match Config::load(&flags.config_file, &Environment::of_process()) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("pve-exporter: error: {error}");
            return ExitCode::from(CONFIGURATION);
        }
    };
    one_heap(&flags);
    match run(flags, config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Every error includes its cause.
            eprintln!("pve-exporter: error: {error}");
            let configuration = error.downcast_ref::<ExporterError>().is_some_and(ExporterError::is_configuration);
            if configuration { ExitCode::from(CONFIGURATION) } else { ExitCode::FAILURE }
        }
    }
}

fn run(flags: Flags, config: Config) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| anyhow!("can't start threads: {error}"))?;
    let result = runtime.block_on(async {
        if flags.config_check {
            // Problems are reported in the error's one line, not in a log.
            for (what, found) in exporter::check(&flags, &config).await? {
                println!("{what}: {found}");
            }
            return Ok(());
        }
        init_logs(flags.log_level, flags.log_format);
        exporter::run(flags, config, stop_signal()).await?;
        Ok(())
    });
    // A call or a parse that is under way must not delay the exit.
    runtime.shutdown_background();
    result
}

/// Begins again with one heap for all threads, unless the operator has said how many there are to be.
///
/// glibc gives each thread a heap of its own and keeps what is freed there; the rows of 10,000 guests, made on whichever thread
/// is free, were kept some five times over: 195 MiB, 85 MiB with one heap, at no cost in CPU time. The setting is read
/// before `main`, and the call that would change it later is unsafe. Where it can't be done, memory is all that is lost.
///
/// The built-ins are compiled before that, at a start without cache: threads that share a heap wait for each other, which
/// made compiling take 1/5 longer, and what the compiler had in use is given back with the rest of the program.
fn one_heap(flags: &Flags) {
    use std::os::unix::process::CommandExt as _;
    const HEAPS: &str = "MALLOC_ARENA_MAX";
    if cfg!(target_env = "gnu")
        && std::env::var_os(HEAPS).is_none()
        && let Ok(executable) = std::env::current_exe()
    {
        startup::compile_builtins(flags);
        let mut arguments = std::env::args_os();
        let mut command = std::process::Command::new(executable);
        if let Some(name) = arguments.next() {
            command.arg0(name);
        }
        // The same process goes on as the new program; it comes back only where that failed.
        let _ = command.args(arguments).env(HEAPS, "1").exec();
    }
}

/// SIGINT or SIGTERM.
async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupt = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
        }
        Err(error) => {
            tracing::warn!(%error, "can't handle SIGTERM, only SIGINT");
            let _ = interrupt.await;
        }
    }
}
