//! Lines for the exporter's log. The host limits their number and length.
//!
//! A component logs through the contract's `log` import. Natively the test harness captures the lines; outside of it they go
//! to stderr. For oddities in answers prefer [`Output::warn`](crate::Output::warn), which the host also counts.
//!
//! ```
//! use pve_collector::testing::Case;
//! # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
//! use zfs::Zfs; // from the documentation of `testing`; calls log::info
//!
//! let case = Case::new().answer("/nodes/node01/disks/zfs", r#"[{"name":"backup"}]"#).setting("skip", "backup");
//! assert_eq!(case.collect::<Zfs>().log(), "node01: info: backup is skipped\n");
//! ```

use crate::contract::Level;

/// Logs a line for the author of the collector.
///
/// ```
/// use pve_collector::log;
///
/// let disks = ["S664NN0WB201", "", "ZR5B2ABC"];
/// let nameless = disks.iter().filter(|serial| serial.is_empty()).count();
/// log::debug(&format!("{} disks, {nameless} without a serial number", disks.len()));
/// ```
pub fn debug(message: &str) {
    write(Level::Debug, message);
}

/// Logs something normal that is worth a line.
///
/// ```
/// use pve_collector::{FetchError, log};
///
/// fn note(answer: Result<&str, FetchError>) {
///     if let Err(FetchError::NotFound) = answer {
///         log::info("this node has no ZFS");
///     }
/// }
/// # note(Err(FetchError::NotFound));
/// ```
pub fn info(message: &str) {
    write(Level::Info, message);
}

/// Logs something odd.
///
/// ```
/// use pve_collector::log;
///
/// // `Output::warn` is for answers; this is about a setting.
/// let threshold = "200";
/// if threshold.parse().is_ok_and(|percent: u8| percent > 100) {
///     log::warn(&format!("the setting threshold is {threshold} %, which no pool will reach"));
/// }
/// ```
pub fn warn(message: &str) {
    write(Level::Warn, message);
}

/// Logs something that makes the call fail.
///
/// ```
/// use pve_collector::{Failure, log};
///
/// fn release(version: &str) -> Result<u32, Failure> {
///     let major = version.split('.').next().and_then(|major| major.parse().ok());
///     major.ok_or_else(|| {
///         // The status page shows the failure, so it is short; the log has room for the details.
///         log::error(&format!("the whole version is {version:?}"));
///         Failure::Malformed("version is not a release".to_owned())
///     })
/// }
///
/// assert_eq!(release("9.1.4").unwrap(), 9);
/// assert_eq!(release("").unwrap_err().to_string(), "malformed: version is not a release");
/// ```
pub fn error(message: &str) {
    write(Level::Error, message);
}

#[cfg(target_arch = "wasm32")]
fn write(level: Level, message: &str) {
    crate::wasm::bindings::log(level, message);
}

/// Logs a panic's location and message in one line before it ends the call: the trap alone has neither.
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

    /// Runs `body`; returns its result and what it logged on this thread.
    pub(crate) fn capture<T>(body: impl FnOnce() -> T) -> (T, Vec<(Level, String)>) {
        CAPTURED.set(Some(Vec::new()));
        let result = body();
        (result, CAPTURED.take().unwrap_or_default())
    }
}
