//! `collector run`: one component, served while it is written.
//!
//! As in the exporter, a version that does not load changes nothing: the one before it goes on serving, and the reason is
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

use super::Report;
use super::arguments::{Run, Subject};
use super::difference::difference;
use super::error::AuthorError;
use super::source::{Source, Stage};
use super::workbench::Workbench;
use crate::exposition::Format;

/// How often files are looked at: polling works on every file system, and a build takes longer.
const POLL: Duration = Duration::from_millis(300);

/// The stage that serves.
type Serving = Arc<RwLock<Stage>>;

/// Serves until Ctrl-C.
pub(super) fn run(arguments: &Run) -> Result<Report, AuthorError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(AuthorError::Runtime)?;
    runtime.block_on(serve(arguments))?;
    Ok(Report { text: String::new(), success: true })
}

async fn serve(arguments: &Run) -> Result<(), AuthorError> {
    let source = Source::of(arguments)?;
    let address = arguments.listen.to_string();
    let listener = TcpListener::bind(&address).await;
    let listener = listener.map_err(|source| AuthorError::Listen { address: address.clone(), source })?;
    let address = listener.local_addr().map_or(address, |address| address.to_string());

    let mut stamp = Stamp::of(&arguments.subject, &source);
    let stage = tokio::task::block_in_place(|| source.stage(Workbench::load(&arguments.subject)?))?;
    let (mut exposition, log) = stage.exposition().await?;
    say(&format!("{exposition}{log}\nserving on http://{address}/metrics ({})\n", stage.subject()));
    let serving: Serving = Arc::new(RwLock::new(stage));

    let router = Router::new().route("/metrics", get(metrics)).with_state(Arc::clone(&serving));
    let server = tokio::spawn(axum::serve(listener, router).into_future());
    let follow = async {
        loop {
            tokio::time::sleep(POLL).await;
            let now = Stamp::of(&arguments.subject, &source);
            // Twice the same: whoever writes has finished.
            if now == stamp || !arguments.watch || now != settled(&arguments.subject, &source).await {
                continue;
            }
            stamp = now;
            match reload(&arguments.subject, &source, &serving).await {
                Ok((text, log)) => {
                    let diff = difference("before", &exposition, "now", &text);
                    let diff = if diff.is_empty() { "loaded; the exposition is as before\n".to_owned() } else { diff };
                    say(&format!("{diff}{log}"));
                    exposition = text;
                }
                Err(error) => say(&format!("not loaded, the version before it serves: {error}\n")),
            }
        }
    };
    tokio::select! {
        _ = server => {}
        () = follow => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    Ok(())
}

async fn settled(subject: &Subject, source: &Source) -> Stamp {
    tokio::time::sleep(POLL).await;
    Stamp::of(subject, source)
}

async fn reload(subject: &Subject, source: &Source, serving: &Serving) -> Result<(String, String), AuthorError> {
    let stage = tokio::task::block_in_place(|| source.stage(Workbench::load(subject)?))?;
    let given = stage.exposition().await?;
    *serving.write().await = stage;
    Ok(given)
}

async fn metrics(State(serving): State<Serving>) -> Response {
    match serving.read().await.exposition().await {
        Ok((text, _)) => ([(header::CONTENT_TYPE, Format::Text.content_type())], text).into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}

/// Prints at once, whoever reads.
fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    // Whoever closed the pipe has read enough.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// What files look like from outside: another length or time is another content.
#[derive(Debug, PartialEq, Eq)]
struct Stamp(Vec<(PathBuf, Option<(u64, SystemTime)>)>);

impl Stamp {
    fn of(subject: &Subject, source: &Source) -> Self {
        let grant = subject.grant.clone().unwrap_or_else(|| subject.file.with_extension("yml"));
        let mut stamp = Self(Vec::new());
        for path in [Some(&subject.file), Some(&grant), source.folder()].into_iter().flatten() {
            stamp.add(path);
        }
        stamp
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
            let seen = metadata.and_then(|metadata| Some((metadata.len(), metadata.modified().ok()?)));
            self.0.push((path.to_owned(), seen));
        }
    }
}
