//! Lines for the exporter's log, which the host limits in rate and length.
//!
//! In a component they go through the contract's `log` import; natively the test harness keeps them, and outside of it
//! they go to stderr. For what is odd in an answer prefer [`Output::warn`](crate::Output::warn): it is counted too.

use crate::contract::Level;

/// A line for the author of the collector.
///
/// ```
/// pve_collector::log::debug("17 disks, 3 without a serial number");
/// ```
pub fn debug(message: &str) {
    write(Level::Debug, message);
}

/// A normal line, worth keeping.
pub fn info(message: &str) {
    write(Level::Info, message);
}

/// Something odd.
pub fn warn(message: &str) {
    write(Level::Warn, message);
}

/// Something that makes the call fail.
pub fn error(message: &str) {
    write(Level::Error, message);
}

#[cfg(target_arch = "wasm32")]
fn write(level: Level, message: &str) {
    crate::wasm::bindings::log(level, message);
}

/// Makes a panic say where and why, in one line, before it ends the call: a trap alone says neither.
#[cfg(target_arch = "wasm32")]
pub(crate) fn hook_panics() {
    std::panic::set_hook(Box::new(|panic| error(&panic.to_string().replace('\n', " "))));
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use native::capture;
#[cfg(not(target_arch = "wasm32"))]
use native::write;

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use std::cell::RefCell;

    use crate::contract::Level;

    thread_local! {
        static CAPTURED: RefCell<Option<Vec<(Level, String)>>> = const { RefCell::new(None) };
    }

    pub(super) fn write(level: Level, message: &str) {
        CAPTURED.with_borrow_mut(|captured| match captured {
            Some(lines) => lines.push((level, message.to_owned())),
            None => eprintln!("{}: {message}", level.as_str()),
        });
    }

    /// Runs `body` and gives what it logged on this thread beside its result.
    pub(crate) fn capture<T>(body: impl FnOnce() -> T) -> (T, Vec<(Level, String)>) {
        CAPTURED.set(Some(Vec::new()));
        let result = body();
        (result, CAPTURED.take().unwrap_or_default())
    }
}
