//! Where a component's words go: into the exporter's log, bounded in length, in lines a call and in lines a second.

use std::num::NonZeroU32;
use std::sync::Arc;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use super::contract::Level;
use super::limits::Limits;

/// Lines a second that one collector may write over all its calls, and how many of them at once. 32 nodes that each
/// have one thing to say fit; a flood does not.
const LINES_PER_SECOND: NonZeroU32 = NonZeroU32::new(20).unwrap();
const LINES_AT_ONCE: NonZeroU32 = NonZeroU32::new(200).unwrap();

/// Lines kept for the error where the call traps: a panic of Rust's std takes three.
const LAST_WORDS: usize = 3;

/// One collector's access to the log, shared by its calls.
#[derive(Clone, Debug)]
pub struct CollectorLog {
    collector: Arc<str>,
    rate: Arc<DefaultDirectRateLimiter>,
}

impl CollectorLog {
    /// The log of the collector (or file) of this name.
    #[must_use]
    pub fn new(collector: &str) -> Self {
        let quota = Quota::per_second(LINES_PER_SECOND).allow_burst(LINES_AT_ONCE);
        Self { collector: collector.into(), rate: Arc::new(RateLimiter::direct(quota)) }
    }
}

/// What is left of one call's right to log.
pub(super) struct LogBudget {
    log: CollectorLog,
    place: String,
    lines_left: usize,
    message_bytes: usize,
    suppressed: usize,
    last_words: Vec<String>,
}

impl LogBudget {
    pub(super) fn new(log: &CollectorLog, place: String, limits: &Limits) -> Self {
        Self {
            log: log.clone(),
            place,
            lines_left: limits.log_lines,
            message_bytes: limits.message_bytes,
            suppressed: 0,
            last_words: Vec::new(),
        }
    }

    /// The last lines logged as errors or warnings (standard error): where the call traps, most likely a panic's message.
    pub(super) fn last_words(&self) -> Option<String> {
        (!self.last_words.is_empty()).then(|| self.last_words.join(" "))
    }

    /// Bytes kept of one line.
    pub(super) fn message_bytes(&self) -> usize {
        self.message_bytes
    }

    pub(super) fn line(&mut self, level: Level, message: &str) {
        let message = shorten(message, self.message_bytes);
        if matches!(level, Level::Warn | Level::Error) {
            if self.last_words.len() == LAST_WORDS {
                self.last_words.remove(0);
            }
            self.last_words.push(message.to_owned());
        }
        if self.lines_left == 0 || self.log.rate.check().is_err() {
            self.suppressed += 1;
            return;
        }
        self.lines_left -= 1;
        let (collector, place) = (&*self.log.collector, self.place.as_str());
        match level {
            Level::Debug => tracing::debug!(collector, place, "{message}"),
            Level::Info => tracing::info!(collector, place, "{message}"),
            Level::Warn => tracing::warn!(collector, place, "{message}"),
            Level::Error => tracing::error!(collector, place, "{message}"),
        }
    }
}

impl Drop for LogBudget {
    fn drop(&mut self) {
        if self.suppressed > 0 && self.log.rate.check().is_ok() {
            let (collector, place) = (&*self.log.collector, self.place.as_str());
            tracing::warn!(collector, place, "{} log lines suppressed", self.suppressed);
        }
    }
}

/// The beginning of `text`, at most `bytes` long, cut at a character.
#[must_use]
pub fn shorten(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}
