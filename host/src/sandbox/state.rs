//! What host functions can reach during a call.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::log::LogBudget;
use super::meter::Meter;
use super::wasi_state::Wasi;

pub(super) struct HostState {
    pub(super) meter: Meter,
    /// Shared with the streams of WASI.
    pub(super) log: Arc<Mutex<LogBudget>>,
    /// The time of the scrape since 1970: the component's only clock.
    pub(super) now: Duration,
    pub(super) wasi: Option<Box<Wasi>>,
}
