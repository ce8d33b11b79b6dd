//! Why a request has no answer, in the contract's kinds, and in words for the log.
//!
//! | what happened | kind |
//! |---|---|
//! | 401, 403, a login refused | `forbidden` |
//! | 404, 501, 500 "… does not exist" (a guest gone since discovery) | `not_found` |
//! | the module's time-out or the scrape's deadline ran out here | `timed_out` |
//! | no connection or one that broke, TLS refused, 400, any other 5xx, 595 to 599 | `unavailable` |
//! | a body beyond the cap | `too_large` |
//! | no JSON, no `data`, `data` null, a redirect, broken compression | `malformed` |
//!
//! 596 "Connection timed out" is `unavailable`: there it was the cluster that gave up on one of its nodes, and it
//! said so. `timed_out` is what only we know.

use std::fmt;

/// The contract's `fetch-error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FetchErrorKind {
    /// The credentials lack a right, or are none.
    Forbidden,
    /// This version of Proxmox VE does not have it, or the object is gone.
    NotFound,
    /// No answer in time.
    TimedOut,
    /// The API or the node behind it is out of reach or in trouble.
    Unavailable,
    /// Longer than the cap.
    TooLarge,
    /// Not what the API sends.
    Malformed,
}

impl FetchErrorKind {
    /// All, for metrics that are initialised ahead.
    pub const ALL: [Self; 6] =
        [Self::Forbidden, Self::NotFound, Self::TimedOut, Self::Unavailable, Self::TooLarge, Self::Malformed];

    /// As a label value: `forbidden`, `not_found`, `timed_out`, `unavailable`, `too_large`, `malformed`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::TimedOut => "timed_out",
            Self::Unavailable => "unavailable",
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
        }
    }

    /// What a status that is no success means; `reason` is the status line's, where Proxmox VE says what is wrong.
    pub fn of_status(status: u16, reason: &str) -> Self {
        match status {
            401 | 403 => Self::Forbidden,
            404 | 501 => Self::NotFound,
            500 if reason.ends_with("does not exist") => Self::NotFound,
            300..=399 => Self::Malformed,
            _ => Self::Unavailable,
        }
    }
}

impl fmt::Display for FetchErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct FetchError {
    /// For labels and for the collector.
    pub kind: FetchErrorKind,
    /// One line for the log: what happened and, where one is known, the remedy. Never a secret.
    pub detail: String,
    /// The HTTP status, where there was one.
    pub status: Option<u16>,
}

impl FetchError {
    pub(super) fn new(kind: FetchErrorKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), status: None }
    }

    /// For a status that is no success. `reason` comes from the wire: control characters do not reach the log.
    pub(super) fn of_status(status: u16, reason: &str) -> Self {
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        let reason: String = reason.trim().chars().map(plain).take(300).collect();
        let mut detail = format!("{status} {reason}");
        let detail_end = detail.trim_end().len();
        detail.truncate(detail_end);
        if let Some(remedy) = remedy(status) {
            detail.push_str(": ");
            detail.push_str(remedy);
        }
        Self { kind: FetchErrorKind::of_status(status, &reason), detail, status: Some(status) }
    }
}

fn remedy(status: u16) -> Option<&'static str> {
    match status {
        301 | 302 | 307 | 308 => Some("redirects are not followed; set target and path_prefix to where the API is"),
        401 => Some("check user, token_name and token_value (or password) in the configuration"),
        403 => Some("grant the role PVEAuditor on / to the user and, with privilege separation, to the token as well"),
        595..=599 => Some("the node behind the API did not answer"),
        _ => None,
    }
}
