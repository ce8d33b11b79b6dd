//! A message when work takes long: compiling a component with an interpreter in it takes seconds to a minute.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::Builder;
use std::time::Duration;

/// When to print the message: cached code loads sooner.
const SILENCE: Duration = Duration::from_secs(1);

/// Runs `work`, and calls `say` if it takes long.
pub(crate) fn patiently<T>(say: impl FnOnce() + Send, work: impl FnOnce() -> T) -> T {
    spoken(SILENCE, say, work)
}

fn spoken<T>(silence: Duration, say: impl FnOnce() + Send, work: impl FnOnce() -> T) -> T {
    let (working, is_over) = channel::<()>();
    std::thread::scope(|scope| {
        // Without a thread, only the message is lost.
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
    fn quick_work_prints_nothing() {
        let mut said = false;
        assert_eq!(spoken(Duration::from_secs(3600), || said = true, || 7), 7);
        assert!(!said);
    }

    #[test]
    fn slow_work_prints_a_message() {
        // The work ends once the message was printed: no clock decides.
        let (say, said) = channel();
        assert!(spoken(Duration::ZERO, move || say.send(()).unwrap(), || said.recv_timeout(PATIENCE).is_ok()));
    }

    const PATIENCE: Duration = Duration::from_secs(60);
}
