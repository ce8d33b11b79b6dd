//! Whether the machine was too busy to measure: a thread that sleeps and works in turn takes far longer than it should.

use std::hint::black_box;
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;

const SLEEP: Duration = Duration::from_millis(50);
/// Rounds of arithmetic: some milliseconds.
const WORK: u64 = 5_000_000;
/// How long both may take.
const LATE: Duration = Duration::from_millis(200);

/// When the thread was late: from and to.
static LATE_TIMES: LazyLock<Mutex<Vec<(SystemTime, SystemTime)>>> = LazyLock::new(|| {
    std::thread::spawn(|| {
        loop {
            let (start, wall) = (Instant::now(), SystemTime::now());
            std::thread::sleep(SLEEP);
            black_box((0..WORK).fold(0, |sum: u64, n| sum.wrapping_mul(31) ^ black_box(n)));
            if start.elapsed() > LATE {
                LATE_TIMES.lock().push((wall, SystemTime::now()));
            }
        }
    });
    Mutex::default()
});

/// Starts the thread.
pub(super) fn start() {
    LazyLock::force(&LATE_TIMES);
}

/// Whether it was late between two times.
pub(super) fn was_late(from: SystemTime, to: SystemTime) -> bool {
    LATE_TIMES.lock().iter().any(|(start, end)| *start < to && *end > from)
}
