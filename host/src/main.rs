//! The whole house: flags → configuration → log → listeners → collectors → server.
//!
//! Exit status: 0 after a clean end, 2 for a wrong command line or configuration, 1 for everything else; each with one
//! line that says what and how to mend it.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use pve_exporter::config::{Config, Environment, Flags};
use pve_exporter::registry::{Collector, CollectorSet, Origin, builtin_names, builtins};
use pve_exporter::sandbox::{Limits, Sandbox};
use pve_exporter::scrape::{Clusters, Scraper};
use pve_exporter::telemetry::{Metrics, init_logs};
use pve_exporter::{api, web};

const CONFIGURATION: u8 = 2;

fn main() -> ExitCode {
    let names: Vec<&str> = builtin_names().collect();
    // Wrong flags, --help and --version end here, with clap's own texts and status 2 for the first.
    let flags = Flags::parse_args(std::env::args_os(), &names).unwrap_or_else(|error| error.exit());
    let config = match Config::load(&flags, &Environment::of_process()) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("pve-exporter: error: {error}");
            return ExitCode::from(CONFIGURATION);
        }
    };
    init_logs(flags.log_level, flags.log_format);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("pve-exporter: error: no threads to run on: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(flags, config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pve-exporter: error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(flags: Flags, config: Config) -> anyhow::Result<()> {
    let metrics = Arc::new(Metrics::new().context("the exporter's own metrics contradict each other")?);
    let limits = api::Limits {
        max_concurrent: flags.api_max_concurrent,
        max_concurrent_per_node: flags.api_max_concurrent_per_node,
        max_body: flags.api_max_body,
    };
    let observer: Arc<dyn api::Observer> = metrics.clone();
    let clusters = Clusters::new(limits, observer);
    for module in config.modules.values() {
        if let Some(targets) = &module.targets {
            clusters.get(module, targets)?;
        }
    }
    let listeners = web::listen(&flags.listen_addresses).await?;
    let collectors = tokio::task::block_in_place(|| load_builtins(&flags))?;
    metrics.set_collectors(&collectors);
    let app = web::App::new(config, Scraper::new(clusters, collectors), metrics, flags.timeout_offset);
    web::serve(Arc::new(app), listeners, stop_signal()).await?;
    Ok(())
}

fn load_builtins(flags: &Flags) -> anyhow::Result<CollectorSet> {
    let limits = Limits::default();
    let sandbox = Sandbox::new(flags.sandbox_max_instances, limits.memory, None)?;
    let mut set = CollectorSet::default();
    for (name, component) in builtins() {
        if !flags.collector(name, true) {
            continue;
        }
        let collector = Collector::load(&sandbox, component, Origin::Builtin, limits.clone())
            .with_context(|| format!("built-in collector {name}"))?;
        set.add(Arc::new(collector)).with_context(|| format!("built-in collector {name}"))?;
    }
    Ok(set)
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
            tracing::warn!(%error, "SIGTERM can't be awaited, only SIGINT is");
            let _ = interrupt.await;
        }
    }
}
