//! Whether the machine was too busy to measure: then a thread that only sleeps does not wake up in time.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How long the thread sleeps.
const BEAT: Duration = Duration::from_millis(20);
/// How late it must wake up to count.
const LATE: Duration = Duration::from_millis(200);

/// When the thread last woke up late.
static LAST_LATE: LazyLock<Mutex<Option<Instant>>> = LazyLock::new(|| {
    std::thread::spawn(|| {
        loop {
            let start = Instant::now();
            std::thread::sleep(BEAT);
            if start.elapsed() > BEAT + LATE {
                *LAST_LATE.lock() = Some(Instant::now());
            }
        }
    });
    Mutex::default()
});

/// Starts the thread.
pub(super) fn start() {
    LazyLock::force(&LAST_LATE);
}

/// Whether that happened since then.
pub(super) fn was_late_since(start: Instant) -> bool {
    LAST_LATE.lock().is_some_and(|late| late > start)
}
