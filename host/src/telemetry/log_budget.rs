//! Bounds the log, whatever a cluster or clients cause: a number of lines per level and minute. What is dropped is counted.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tracing::Level;

const MINUTE: Duration = Duration::from_secs(60);

/// Lines per minute, by level. Debug and trace are for whoever looks for something, and are bounded for the disk's sake only.
const LEVELS: [(Level, u64); 4] = [(Level::ERROR, 300), (Level::WARN, 600), (Level::INFO, 600), (Level::DEBUG, 60_000)];

/// Lines that were dropped since the start, in the order of [`LEVELS`]. The log belongs to the process, and so do they.
static DROPPED: [AtomicU64; LEVELS.len()] = [const { AtomicU64::new(0) }; LEVELS.len()];

/// Lines dropped since the start, by level.
pub(super) fn dropped() -> impl Iterator<Item = (&'static str, u64)> {
    LEVELS.iter().zip(&DROPPED).map(|((level, _), dropped)| (name(*level), dropped.load(Ordering::Relaxed)))
}

pub(super) fn name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG | Level::TRACE => "debug",
    }
}

/// Decides which lines are written.
#[derive(Debug)]
pub(super) struct LogBudget {
    levels: Mutex<[Window; LEVELS.len()]>,
}

/// The current minute of a level.
#[derive(Debug, Clone, Copy)]
struct Window {
    start: Instant,
    written: u64,
    dropped: u64,
}

/// What to do with a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Admission {
    Write,
    /// Write this notice first.
    WriteAfter(Notice),
    /// Write only this notice.
    WriteInstead(Notice),
    Drop,
}

/// Reports that lines are dropped, or how many were.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Notice {
    Dropping { limit: u64, left: Duration },
    Dropped { lines: u64 },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dropping { limit, left } => {
                write!(
                    f,
                    "more than {limit} lines of this level in a minute: dropping more for {} s",
                    left.as_secs() + 1
                )
            }
            Self::Dropped { lines } => write!(f, "dropped {lines} lines of this level"),
        }
    }
}

impl LogBudget {
    pub(super) fn new(now: Instant) -> Self {
        Self { levels: Mutex::new([Window { start: now, written: 0, dropped: 0 }; LEVELS.len()]) }
    }

    pub(super) fn admit(&self, level: Level, now: Instant) -> Admission {
        let mut levels = self.levels.lock();
        let rows = LEVELS.iter().zip(&DROPPED).zip(levels.iter_mut());
        // Trace is the last one's.
        let row = rows.filter(|(((row, _), _), _)| *row <= level).last();
        row.map_or(Admission::Write, |(((_, limit), all_dropped), window)| window.admit(*limit, all_dropped, now))
    }
}

impl Window {
    fn admit(&mut self, limit: u64, all_dropped: &AtomicU64, now: Instant) -> Admission {
        if now.duration_since(self.start) >= MINUTE {
            let lines = self.dropped;
            *self = Self { start: now, written: 1, dropped: 0 };
            return if lines > 0 { Admission::WriteAfter(Notice::Dropped { lines }) } else { Admission::Write };
        }
        if self.written < limit {
            self.written += 1;
            return Admission::Write;
        }
        self.dropped += 1;
        all_dropped.fetch_add(1, Ordering::Relaxed);
        if self.dropped > 1 {
            return Admission::Drop;
        }
        let left = MINUTE.saturating_sub(now.duration_since(self.start));
        Admission::WriteInstead(Notice::Dropping { limit, left })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_exceeds_a_minute_is_dropped_and_counted() {
        let start = Instant::now();
        let budget = LogBudget::new(start);
        let before: u64 = dropped().map(|(_, lines)| lines).sum();
        for line in 0..600 {
            assert_eq!(budget.admit(Level::WARN, start + Duration::from_millis(line)), Admission::Write);
        }
        let notice = Notice::Dropping { limit: 600, left: Duration::from_secs(50) };
        let full = start + Duration::from_secs(10);
        assert_eq!(budget.admit(Level::WARN, full), Admission::WriteInstead(notice));
        for _ in 0..1000 {
            assert_eq!(budget.admit(Level::WARN, full), Admission::Drop);
        }
        // Other levels have minutes of their own.
        assert_eq!(budget.admit(Level::INFO, full), Admission::Write);
        assert_eq!(budget.admit(Level::ERROR, full), Admission::Write);
        assert!(dropped().map(|(_, lines)| lines).sum::<u64>() >= before + 1001);
        let next = Admission::WriteAfter(Notice::Dropped { lines: 1001 });
        assert_eq!(budget.admit(Level::WARN, start + MINUTE), next);
        assert_eq!(budget.admit(Level::WARN, start + MINUTE), Admission::Write);
    }

    #[test]
    fn every_level_has_a_row() {
        let budget = LogBudget::new(Instant::now());
        for level in [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE] {
            budget.admit(level, Instant::now());
        }
        assert_eq!(budget.levels.lock().map(|window| window.written), [1, 1, 1, 2]);
        assert_eq!(dropped().map(|(level, _)| level).collect::<Vec<_>>(), ["error", "warn", "info", "debug"]);
    }
}
