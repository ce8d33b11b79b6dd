//! `collector run`: serves one component's metrics while it is written.
//!
//! As in the exporter, a version that does not load changes nothing: the previous one keeps serving, and the reason is
//! printed.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::RwLock;

use super::Printout;
use super::arguments::{ComponentArguments, RunArguments};
use super::difference::difference;
use super::error::AuthorError;
use super::source::{RunSource, Snapshot, Stage};
use super::workbench::Workbench;
use crate::exposition::Format;

/// How often files are checked: polling works on every file system, and a build takes longer.
const POLL: Duration = Duration::from_millis(300);

/// The stage that serves.
type Serving = Arc<RwLock<Stage>>;

/// Serves until Ctrl-C.
pub(super) fn run(arguments: &RunArguments) -> Result<Printout, AuthorError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(AuthorError::Runtime)?;
    runtime.block_on(serve(arguments))?;
    Ok(Printout { text: String::new(), success: true })
}

async fn serve(arguments: &RunArguments) -> Result<(), AuthorError> {
    let source = RunSource::of(arguments)?;
    let address = arguments.listen.to_string();
    let listener = TcpListener::bind(&address).await;
    let listener = listener.map_err(|source| AuthorError::Listen { address: address.clone(), source })?;
    let address = listener.local_addr().map_or(address, |address| address.to_string());

    let stamps = FileStamps::of(&arguments.component, &source);
    let stage = load(&arguments.component, &source)?;
    let Snapshot { exposition, log } = stage.snapshot().await?;
    print(&format!("{exposition}{log}\nserving on http://{address}/metrics ({})\n", stage.description()));
    let serving: Serving = Arc::new(RwLock::new(stage));

    let router = Router::new().route("/metrics", get(metrics)).with_state(Arc::clone(&serving));
    let server = tokio::spawn(axum::serve(listener, router).into_future());
    let follow = async {
        if arguments.watch {
            watch(&arguments.component, &source, &serving, stamps, exposition).await
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        _ = server => {}
        () = follow => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    Ok(())
}

/// Reloads the component on every change, forever.
async fn watch(
    component: &ComponentArguments,
    source: &RunSource,
    serving: &Serving,
    mut stamps: FileStamps,
    mut exposition: String,
) {
    loop {
        tokio::time::sleep(POLL).await;
        let now = FileStamps::of(component, source);
        if now == stamps {
            continue;
        }
        tokio::time::sleep(POLL).await;
        // Unchanged since: the writer has finished.
        if now != FileStamps::of(component, source) {
            continue;
        }
        stamps = now;
        match reload(component, source, serving).await {
            Ok(Snapshot { exposition: text, log }) => {
                let diff = difference("before", &exposition, "now", &text);
                let diff = if diff.is_empty() { "reloaded; the exposition is the same\n".to_owned() } else { diff };
                print(&format!("{diff}{log}"));
                exposition = text;
            }
            Err(error) => print(&format!("not reloaded, the previous version keeps serving: {error}\n")),
        }
    }
}

fn load(component: &ComponentArguments, source: &RunSource) -> Result<Stage, AuthorError> {
    tokio::task::block_in_place(|| source.stage(Workbench::load(component)?))
}

async fn reload(
    component: &ComponentArguments,
    source: &RunSource,
    serving: &Serving,
) -> Result<Snapshot, AuthorError> {
    let stage = load(component, source)?;
    let snapshot = stage.snapshot().await?;
    *serving.write().await = stage;
    Ok(snapshot)
}

async fn metrics(State(serving): State<Serving>) -> Response {
    match serving.read().await.snapshot().await {
        Ok(Snapshot { exposition, .. }) => {
            ([(header::CONTENT_TYPE, Format::Text.content_type())], exposition).into_response()
        }
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}

/// Prints and flushes, whatever standard output is.
fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    // A reader that closed the pipe has read enough.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Size and modification time of files: if they are the same, the content is.
#[derive(Debug, PartialEq, Eq)]
struct FileStamps(Vec<(PathBuf, Option<(u64, SystemTime)>)>);

impl FileStamps {
    fn of(component: &ComponentArguments, source: &RunSource) -> Self {
        let grant = component.grant_file();
        let mut stamps = Self(Vec::new());
        for path in [Some(&component.file), Some(&grant), source.directory()].into_iter().flatten() {
            stamps.add(path);
        }
        stamps
    }

    fn add(&mut self, path: &Path) {
        let metadata = std::fs::metadata(path).ok();
        if metadata.as_ref().is_some_and(std::fs::Metadata::is_dir) {
            let mut entries: Vec<PathBuf> =
                std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
            entries.sort();
            for entry in entries {
                self.add(&entry);
            }
        } else {
            let stamp = metadata.and_then(|metadata| Some((metadata.len(), metadata.modified().ok()?)));
            self.0.push((path.to_owned(), stamp));
        }
    }
}
