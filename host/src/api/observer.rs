//! Who is notified of requests.

use std::time::Duration;

/// Observes every HTTP request, including retries and logins.
pub trait Observer: Send + Sync {
    /// `path` is the template, never a bound path. `status` is the HTTP status (`200`, `595`) or, without a response, `timed_out`,
    /// `connect`, `tls` or `body`. `duration` is from sending to the end of the body.
    fn request(&self, path: &str, status: &str, duration: Duration);
}

#[derive(Debug, Clone, Copy, Default)]
pub struct NoObserver;

impl Observer for NoObserver {
    fn request(&self, _path: &str, _status: &str, _duration: Duration) {}
}
