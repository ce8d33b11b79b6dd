//! Reloading: one task applies changes, whether the folder watcher, the poll behind it, SIGHUP or `POST /-/reload` reported them.
//!
//! Reloads never overlap. A failed one changes nothing: the configuration in use and the collectors that serve stay.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use notify_debouncer_mini::notify::{RecommendedWatcher, RecursiveMode};
use notify_debouncer_mini::{Debouncer, new_debouncer};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};

use crate::api::Client;
use crate::app::App;
use crate::catalog::{self, Changes};
use crate::config::{Config, Environment, Flags};
use crate::patience::patiently;
use crate::text;

/// How long a folder must be quiet before it is read: a copy of some megabytes is done by then. If it is not, the half-written
/// file is refused and read again when it changes.
const DEBOUNCE: Duration = Duration::from_millis(250);

/// Requests waiting for the task.
const WAITING: usize = 4;

/// Requests reloads of the configuration and the collectors.
#[derive(Debug, Clone)]
pub struct ReloadHandle(mpsc::Sender<oneshot::Sender<ReloadOutcome>>);

impl ReloadHandle {
    /// Reloads and returns the outcome; `None` while the exporter shuts down.
    pub async fn reload(&self) -> Option<ReloadOutcome> {
        let (reply, outcome) = oneshot::channel();
        self.0.send(reply).await.ok()?;
        outcome.await.ok()
    }
}

#[derive(Debug, Clone)]
pub struct ReloadOutcome {
    /// What changed in the configuration, or why it was not reloaded.
    pub config: Result<Vec<String>, String>,
    /// What changed among the collectors.
    pub changes: Changes,
}

impl ReloadOutcome {
    #[must_use]
    pub fn success(&self) -> bool {
        self.config.is_ok() && !self.changes.has_problems()
    }
}

impl std::fmt::Display for ReloadOutcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.config {
            Err(error) => {
                writeln!(f, "configuration not reloaded, the previous one stays in use: {error}")?;
                write!(f, "{}", self.changes)
            }
            Ok(changes) if changes.is_empty() => write!(f, "{}", self.changes),
            Ok(changes) => {
                changes.iter().try_for_each(|change| writeln!(f, "{change}"))?;
                let others = self.changes.to_string();
                f.write_str(others.strip_suffix(catalog::UNCHANGED).unwrap_or(&others))
            }
        }
    }
}

/// The reload task's state.
pub(crate) struct Reloader {
    app: Arc<App>,
    flags: Flags,
    requests: mpsc::Receiver<oneshot::Sender<ReloadOutcome>>,
}

impl Reloader {
    pub(crate) fn new(app: Arc<App>, flags: Flags) -> (Self, ReloadHandle) {
        let (sender, requests) = mpsc::channel(WAITING);
        (Self { app, flags, requests }, ReloadHandle(sender))
    }

    /// Loads the collectors of the folders for the first time. Loading continues if the caller stops waiting.
    pub(crate) async fn load_folders(&self) {
        let app = Arc::clone(&self.app);
        let _ = tokio::spawn(async { log(&reload(app).await) }).await;
    }

    /// Runs for as long as the process does.
    pub(crate) async fn run(mut self) {
        let (noticed, mut notices) = mpsc::channel(1);
        let mut watch = Watch::new(self.flags.collectors_directories.clone(), noticed);
        let mut poll = tokio::time::interval(self.flags.collectors_poll_interval.max(Duration::from_secs(1)));
        poll.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        poll.tick().await;
        let mut hangup = signal(SignalKind::hangup()).ok();
        loop {
            tokio::select! {
                Some(()) = notices.recv() => self.collectors().await,
                _ = poll.tick() => {
                    // The watch on a recreated folder is dead.
                    watch.renew();
                    self.collectors().await;
                }
                Some(()) = hung_up(hangup.as_mut()) => drop(self.everything().await),
                Some(reply) = self.requests.recv() => {
                    watch.renew();
                    let _ = reply.send(self.everything().await);
                }
            }
        }
    }

    async fn collectors(&self) {
        let changes = reload(Arc::clone(&self.app)).await;
        log(&changes);
    }

    async fn everything(&self) -> ReloadOutcome {
        let config = self.config();
        self.app.metrics.config_reloaded(config.is_ok());
        match &config {
            Ok(changes) if changes.is_empty() => tracing::info!("configuration reloaded: nothing changed"),
            Ok(changes) => tracing::info!("configuration reloaded: {}", changes.join("; ")),
            Err(error) => tracing::error!("configuration not reloaded, the previous one stays in use: {error}"),
        }
        // Somebody requested it for a reason, so unchanged files and refused logins are retried too.
        self.app.scraper.clusters.retry_logins();
        self.app.catalog.reconsider();
        let changes = reload(Arc::clone(&self.app)).await;
        log(&changes);
        ReloadOutcome { config, changes }
    }

    fn config(&self) -> Result<Vec<String>, String> {
        let config =
            Config::load(&self.flags.config_file, &Environment::of_process()).map_err(|error| error.to_string())?;
        for module in config.modules.values() {
            Client::check(module).map_err(|error| error.to_string())?;
        }
        let before = self.app.config.load_full();
        let unchanged =
            |name: &str| config.modules.get(name).filter(|module| before.modules.get(name) == Some(*module));
        let files = self.app.scraper.clusters.keep_only(unchanged);
        let mut changes = before.changes(&config);
        changes.extend(files.into_iter().map(|name| format!("changed module {name}: its certificate files")));
        self.app.config.store(Arc::new(config));
        Ok(changes)
    }
}

async fn hung_up(signal: Option<&mut tokio::signal::unix::Signal>) -> Option<()> {
    match signal {
        Some(signal) => signal.recv().await,
        None => std::future::pending().await,
    }
}

/// Reads the folders off the runtime's threads: compiling may take seconds.
async fn reload(app: Arc<App>) -> Changes {
    let compiling =
        || tracing::info!("compiling new components of the collectors folders; the collectors keep serving");
    let reloading = tokio::task::spawn_blocking(move || patiently(compiling, || app.reload_collectors()));
    reloading.await.unwrap_or_else(|panic| {
        tracing::error!("the reload panicked: {panic}");
        Changes::default()
    })
}

/// Each change as a line of the log.
pub(crate) fn log(changes: &Changes) {
    for loaded in &changes.loaded {
        tracing::info!("collector loaded: {loaded}");
    }
    for removed in &changes.removed {
        tracing::info!("collector removed: {removed}");
    }
    for (path, reason) in changes.refused.iter().chain(&changes.unreadable) {
        // The lines to add to a grant file are several.
        let reason = reason.trim_end().replace('\n', " | ");
        tracing::error!(file = %text::path(path), "refused: {reason}");
    }
    for (path, exposure) in &changes.exposed {
        tracing::warn!(file = %text::path(path), "{exposure}: whoever changes it decides what collectors see and use");
    }
}

/// Watches folders; reports any change once they are quiet.
struct Watch {
    folders: Vec<PathBuf>,
    debouncer: Option<Debouncer<RecommendedWatcher>>,
}

impl Watch {
    fn new(folders: Vec<PathBuf>, noticed: mpsc::Sender<()>) -> Self {
        let debouncer = new_debouncer(DEBOUNCE, move |_events| {
            // A full channel holds a notice already.
            let _ = noticed.try_send(());
        });
        let debouncer = debouncer
            .inspect_err(|error| tracing::warn!(%error, "folders can't be watched, changes are found by polling"))
            .ok();
        let mut watch = Self { folders, debouncer };
        watch.renew();
        watch
    }

    /// Watches each folder by its name again: it may have been removed and recreated.
    fn renew(&mut self) {
        let Some(debouncer) = &mut self.debouncer else { return };
        for folder in &self.folders {
            let _ = debouncer.watcher().unwatch(folder);
            if let Err(error) = debouncer.watcher().watch(folder, RecursiveMode::NonRecursive) {
                tracing::debug!(folder = %text::path(folder), %error, "not watched");
            }
        }
    }
}
