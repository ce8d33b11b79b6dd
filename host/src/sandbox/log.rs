//! Log lines of components: bounded in length, per call and per second.

use std::num::NonZeroU32;
use std::sync::Arc;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use parking_lot::Mutex;

use crate::contract::LogLevel;
use crate::limits::Limits;
use crate::text::shorten;

/// Lines per second that one collector may log over all its calls, and the burst. One line for each of 32 nodes fits; a flood
/// does not.
const LINES_PER_SECOND: NonZeroU32 = NonZeroU32::new(20).unwrap();
const LINES_AT_ONCE: NonZeroU32 = NonZeroU32::new(200).unwrap();

/// Lines kept for the error when the call traps: a panic of Rust's std takes three.
const LAST_WORDS: usize = 3;

/// Where the log lines of a collector's calls go.
#[derive(Clone, Debug)]
pub struct CollectorLog(Sink);

#[derive(Clone, Debug)]
enum Sink {
    Exporter { collector: Arc<str>, rate: Arc<DefaultDirectRateLimiter> },
    Buffer(LogBuffer),
}

/// Lines kept instead of logged, with their levels.
#[derive(Clone, Debug, Default)]
pub struct LogBuffer(Arc<Mutex<Vec<(LogLevel, String)>>>);

impl LogBuffer {
    /// Empties the buffer.
    #[must_use]
    pub fn take(&self) -> Vec<(LogLevel, String)> {
        std::mem::take(&mut *self.0.lock())
    }
}

impl CollectorLog {
    /// The exporter's log, for the collector or file with this name.
    #[must_use]
    pub fn new(collector: &str) -> Self {
        let quota = Quota::per_second(LINES_PER_SECOND).allow_burst(LINES_AT_ONCE);
        Self(Sink::Exporter { collector: collector.into(), rate: Arc::new(RateLimiter::direct(quota)) })
    }

    /// A buffer of the caller's. Lines are bounded per call only: the rate limit protects the exporter's log.
    #[must_use]
    pub fn buffered(buffer: &LogBuffer) -> Self {
        Self(Sink::Buffer(buffer.clone()))
    }

    fn has_room(&self) -> bool {
        match &self.0 {
            Sink::Exporter { rate, .. } => rate.check().is_ok(),
            Sink::Buffer(_) => true,
        }
    }

    fn write(&self, place: &str, level: LogLevel, message: &str) {
        let collector = match &self.0 {
            Sink::Exporter { collector, .. } => &**collector,
            Sink::Buffer(buffer) => {
                buffer.0.lock().push((level, message.to_owned()));
                return;
            }
        };
        match level {
            LogLevel::Debug => tracing::debug!(collector, place, "{message}"),
            LogLevel::Info => tracing::info!(collector, place, "{message}"),
            LogLevel::Warn => tracing::warn!(collector, place, "{message}"),
            LogLevel::Error => tracing::error!(collector, place, "{message}"),
        }
    }
}

/// What one call may still log.
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

    /// The last lines logged as errors or warnings (standard error): if the call traps, most likely a panic's message.
    pub(super) fn last_words(&self) -> Option<String> {
        (!self.last_words.is_empty()).then(|| self.last_words.join(" "))
    }

    /// Bytes kept of one line.
    pub(super) fn message_bytes(&self) -> usize {
        self.message_bytes
    }

    pub(super) fn line(&mut self, level: LogLevel, message: &str) {
        let message = shorten(message, self.message_bytes);
        if matches!(level, LogLevel::Warn | LogLevel::Error) {
            if self.last_words.len() == LAST_WORDS {
                self.last_words.remove(0);
            }
            self.last_words.push(message.to_owned());
        }
        if self.lines_left == 0 || !self.log.has_room() {
            self.suppressed += 1;
            return;
        }
        self.lines_left -= 1;
        self.log.write(&self.place, level, message);
    }
}

impl Drop for LogBudget {
    fn drop(&mut self) {
        if self.suppressed > 0 && self.log.has_room() {
            self.log.write(&self.place, LogLevel::Warn, &format!("{} log lines suppressed", self.suppressed));
        }
    }
}
