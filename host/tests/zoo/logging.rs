//! Collectors' log lines are limited and can't imitate other lines.

use std::io::Write;
use std::sync::Arc;

use parking_lot::Mutex;
use pve_exporter::collector::{Collection, Collector, Origin};
use pve_exporter::config::LogFormat;
use pve_exporter::request::Place;
use pve_exporter::telemetry::LineFormat;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

use super::support::{limits, sandbox};
use harness::zoo_component;

/// A log in memory.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Kept {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Calls a component and returns the outcome of each call, and the log's lines as `telemetry` writes them.
fn logged(component: &str, case: &str, calls: usize, json: bool) -> (Vec<Collection>, Vec<String>) {
    let sandbox = sandbox();
    let mut collector = Collector::load(&sandbox, &zoo_component(component), Origin::Builtin, limits()).unwrap();
    collector.settings = vec![("case".to_owned(), case.to_owned())];
    let kept = Kept::default();
    let run = || (0..calls).map(|_| collector.collect(1_763_000_000, &Place::cluster(), &[])).collect();
    let registry = tracing_subscriber::registry().with(LevelFilter::INFO);
    let format = if json { LogFormat::Json } else { LogFormat::Logfmt };
    let layer = tracing_subscriber::fmt::layer().event_format(LineFormat::new(format)).with_writer(kept.clone());
    let collections = tracing::subscriber::with_default(registry.with(layer), run);
    let text = String::from_utf8(std::mem::take(&mut *kept.0.lock())).unwrap();
    (collections, text.lines().map(str::to_owned).collect())
}

#[test]
fn a_flood_is_bounded_a_call_and_a_second() {
    for (component, case, kept) in [("floods", "log", "line 19 "), ("wasi", "stdout-flood", "xxxx")] {
        let (collections, lines) = logged(component, case, 1, false);
        assert!(collections[0].outcome.is_ok(), "{:?}", collections[0].outcome);
        // 20 lines, and one with the number of suppressed ones.
        assert_eq!(lines.len(), 21, "{case}: {lines:#?}");
        assert!(lines[19].contains(kept) && lines[20].contains("log lines suppressed"), "{case}: {lines:#?}");
        // At most 1024 bytes from the collector, and the rest of the line.
        assert!(lines.iter().all(|line| line.len() < 1024 + 300), "{case}: {lines:#?}");
    }
    // 200 at once and 20 per second, over all calls.
    let began = std::time::Instant::now();
    let (_, lines) = logged("floods", "log", 40, false);
    let allowed = 200 + 20 * (began.elapsed().as_secs() as usize + 1);
    assert!((200..=allowed).contains(&lines.len()), "{} lines of 400,000", lines.len());
}

#[test]
fn a_flood_of_warnings_is_bounded() {
    let (collections, _) = logged("floods", "warnings", 1, false);
    let warnings = &collections[0].warnings;
    assert_eq!(warnings.len(), 10);
    // Truncated at a character boundary.
    assert!(warnings.iter().all(|warning| (1000..=1024).contains(&warning.len())), "{warnings:?}");
}

#[test]
fn no_line_of_a_collector_can_pass_for_the_exporters() {
    for json in [false, true] {
        let (_, lines) = logged("floods", "forgery", 1, json);
        assert_eq!(lines.len(), 1, "{lines:#?}");
        assert!(lines[0].contains("floods") && lines[0].contains("forged"), "{lines:#?}");
        assert!(!lines[0].chars().any(char::is_control), "{lines:#?}");
    }
    let (_, lines) = logged("wasi", "stdout", 1, false);
    let words: Vec<bool> = ["one", "two", "complaint", "three without an end"]
        .iter()
        .map(|word| lines.iter().any(|line| line.contains(word)))
        .collect();
    assert_eq!((lines.len(), words), (4, vec![true; 4]), "{lines:#?}");
}

/// A panic's message is in the log, also after other lines of the collector, and in the error.
#[test]
fn a_panic_is_logged() {
    let (collections, lines) = logged("panics", "", 1, false);
    assert!(
        lines.iter().any(|line| line.contains("level=error") && line.contains("the zoo is closed today")),
        "{lines:#?}"
    );
    let error = collections[0].outcome.as_ref().unwrap_err();
    assert!(error.to_string().contains("the zoo is closed today"), "{error}");
    let (collections, _) = logged("breaks-down", "long", 1, false);
    let error = collections[0].outcome.as_ref().unwrap_err().to_string();
    assert!(error.len() < 1200, "{} bytes", error.len());
}
