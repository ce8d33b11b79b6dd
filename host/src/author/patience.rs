//! A word to whoever waits: compiling a component with an interpreter in it takes from seconds to a minute.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// How long nothing is said: code that was kept is there sooner.
const SILENCE: Duration = Duration::from_secs(1);

/// Does `work`, and says on standard error what is done if that takes its time.
pub(super) fn patiently<T>(what: String, work: impl FnOnce() -> T) -> T {
    spoken(SILENCE, move || eprintln!("{what}"), work)
}

fn spoken<T>(silence: Duration, say: impl FnOnce() + Send, work: impl FnOnce() -> T) -> T {
    let (working, is_over) = channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if is_over.recv_timeout(silence) == Err(RecvTimeoutError::Timeout) {
                say();
            }
        });
        let result = work();
        drop(working);
        result
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_takes_its_time_is_worth_a_word() {
        for (silence, expected) in [(Duration::from_secs(60), false), (Duration::ZERO, true)] {
            let mut said = false;
            let work = || {
                std::thread::sleep(Duration::from_millis(50));
                7
            };
            assert_eq!((spoken(silence, || said = true, work), said), (7, expected));
        }
    }
}
