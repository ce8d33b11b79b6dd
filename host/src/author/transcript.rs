//! What a collector writes to the log, kept instead of printed: it belongs to what is expected of it.

use std::fmt::{Debug, Write as _};
use std::sync::Arc;

use parking_lot::Mutex;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};

/// Lines with their level, in order.
type Lines = Arc<Mutex<Vec<(&'static str, String)>>>;

/// Runs `call` and gives what collectors logged meanwhile, on this thread: level and line.
pub(super) fn transcript<T>(call: impl FnOnce() -> T) -> (T, Vec<(&'static str, String)>) {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::registry().with(Keep(Arc::clone(&lines)));
    let result = tracing::subscriber::with_default(subscriber, call);
    let kept = std::mem::take(&mut *lines.lock());
    (result, kept)
}

struct Keep(Lines);

impl<S: Subscriber> Layer<S> for Keep {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let mut line = Line::default();
        event.record(&mut line);
        // Others, such as the host's own of a quarantine, name no place.
        if line.of_place {
            self.0.lock().push((level(event), line.message));
        }
    }
}

fn level(event: &Event<'_>) -> &'static str {
    match *event.metadata().level() {
        tracing::Level::ERROR => "error",
        tracing::Level::WARN => "warn",
        tracing::Level::INFO => "info",
        tracing::Level::DEBUG | tracing::Level::TRACE => "debug",
    }
}

#[derive(Default)]
struct Line {
    message: String,
    of_place: bool,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "message" => drop(write!(self.message, "{value:?}")),
            "place" => self.of_place = true,
            _ => {}
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.message.push_str(value);
        }
        self.of_place |= field.name() == "place";
    }
}
