//! A word to whoever waits: compiling a component with an interpreter in it takes from seconds to a minute.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::Builder;
use std::time::Duration;

/// How long nothing is said: code that was kept is there sooner.
const SILENCE: Duration = Duration::from_secs(1);

/// Does `work`, and says so if that takes its time.
pub(crate) fn patiently<T>(say: impl FnOnce() + Send, work: impl FnOnce() -> T) -> T {
    spoken(SILENCE, say, work)
}

fn spoken<T>(silence: Duration, say: impl FnOnce() + Send, work: impl FnOnce() -> T) -> T {
    let (working, is_over) = channel::<()>();
    std::thread::scope(|scope| {
        // Where there is no thread to be had, the word is all that is lost.
        let _ = Builder::new().spawn_scoped(scope, move || {
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
    fn what_is_quick_is_not_worth_a_word() {
        let mut said = false;
        assert_eq!(spoken(Duration::from_secs(3600), || said = true, || 7), 7);
        assert!(!said);
    }

    #[test]
    fn what_takes_its_time_is() {
        // The work ends when the word was said: no clock decides.
        let (say, said) = channel();
        assert!(spoken(Duration::ZERO, move || say.send(()).unwrap(), || said.recv_timeout(PATIENCE).is_ok()));
    }

    const PATIENCE: Duration = Duration::from_secs(60);
}
