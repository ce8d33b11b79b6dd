//! What is worth a log line, but not one each time.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

const INTERVAL: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(super) struct Occasionally(Mutex<Option<Instant>>);

impl Occasionally {
    /// True at most once a minute.
    pub(super) fn now(&self) -> bool {
        let mut last = self.0.lock();
        if last.is_some_and(|last| last.elapsed() < INTERVAL) {
            return false;
        }
        *last = Some(Instant::now());
        true
    }
}
