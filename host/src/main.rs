//! Flags → configuration → log → exporter; or the `collector` subcommands.
//!
//! Exit status: 0 after a clean shutdown, 2 for a wrong command line or configuration, 1 for everything else; errors are one line
//! with the cause and the remedy.

use std::process::ExitCode;

use anyhow::anyhow;
use pve_exporter::author;
use pve_exporter::catalog::builtin_names;
use pve_exporter::check::{Findings, check};
use pve_exporter::config::{Config, Environment, Flags};
use pve_exporter::exporter::{self, ExporterError};
use pve_exporter::sandbox::{COMPILE_COMMAND, compile_command};
use pve_exporter::telemetry::init_logs;
use pve_exporter::terminal;

const CONFIGURATION: u8 = 2;

fn main() -> ExitCode {
    // The exporter runs itself as a child process to compile components.
    let mut arguments = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned());
    if arguments.next().as_deref() == Some(COMPILE_COMMAND) {
        return compile_command(&arguments.collect::<Vec<_>>());
    }
    let names: Vec<&str> = builtin_names().collect();
    // clap reports wrong flags (status 2), --help and --version.
    let matches = Flags::command(&names).subcommand(author::command()).get_matches();
    if let Some((author::COMMAND, matches)) = matches.subcommand() {
        return author::run(matches);
    }
    let flags = Flags::from_matches(&matches, &names).unwrap_or_else(|error| error.exit());
    let config = match Config::load(&flags.config_file, &Environment::of_process()) {
        Ok(config) => config,
        Err(error) => {
            terminal::report(format_args!("pve-exporter: error: {error}"));
            return ExitCode::from(CONFIGURATION);
        }
    };
    match run(flags, config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Every error includes its cause.
            terminal::report(format_args!("pve-exporter: error: {error}"));
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
            let mut findings = Findings::default();
            let checked = check(&flags, &config, &mut findings).await;
            terminal::print(&findings.text);
            checked?;
            return match findings.problems {
                0 => Ok(()),
                1 => Err(anyhow!("1 problem was found")),
                problems => Err(anyhow!("{problems} problems were found")),
            };
        }
        init_logs(flags.log_level, flags.log_format);
        exporter::run(flags, config, stop_signal()).await?;
        Ok(())
    });
    // A call or a parse that is under way must not delay the exit.
    runtime.shutdown_background();
    result
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
