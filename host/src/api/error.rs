//! Why a request failed: the contract's kinds, and words for the log.
//!
//! | Cause | Kind |
//! |---|---|
//! | 401, 403, a refused login | `forbidden` |
//! | 404 of the API, 501, 500 "Configuration file … does not exist" (a guest gone since discovery) | `not_found` |
//! | the module's timeout or the scrape's deadline expired here | `timed_out` |
//! | no connection or a broken one, a TLS error, 400, any other 5xx, 595 to 599 | `unavailable` |
//! | a body over the limit | `too_large` |
//! | not JSON, no `data`, `data` null, a redirect, a proxy's 404, broken compression | `malformed` |
//!
//! 596 "Connection timed out" is `unavailable`: the cluster gave up on one of its nodes and reports it. Only the exporter's own
//! timeouts are `timed_out`.

use crate::contract::FetchErrorKind;
use crate::text::Foreign;

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct FetchError {
    pub kind: FetchErrorKind,
    /// The cause and, if there is one, the remedy. Without secrets.
    pub detail: Foreign,
    /// The HTTP status, if there was a response.
    pub status: Option<u16>,
}

impl FetchError {
    pub(crate) fn new(kind: FetchErrorKind, detail: impl AsRef<str>) -> Self {
        Self { kind, detail: Foreign::new(detail.as_ref()), status: None }
    }

    /// For a status that is not a success. `reason` comes from the server, without secrets; `from_api` says whether the API, and not
    /// a proxy, gave it.
    pub(super) fn of_status(status: u16, reason: &str, from_api: bool) -> Self {
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        let reason: String = reason.trim().chars().map(plain).take(300).collect();
        let mut detail = format!("{status} {reason}");
        let detail_end = detail.trim_end().len();
        detail.truncate(detail_end);
        if let Some(remedy) = remedy(status, &reason, from_api) {
            detail.push_str(": ");
            detail.push_str(remedy);
        }
        Self { status: Some(status), ..Self::new(kind_of_status(status, &reason, from_api), detail) }
    }
}

/// Proxmox VE reports errors in the reason phrase of the status line.
fn kind_of_status(status: u16, reason: &str, from_api: bool) -> FetchErrorKind {
    match status {
        401 | 403 => FetchErrorKind::Forbidden,
        404 if !from_api => FetchErrorKind::Malformed,
        404 | 501 => FetchErrorKind::NotFound,
        500 if reason.ends_with("does not exist") && !is_of_pool(reason) => FetchErrorKind::NotFound,
        300..=399 => FetchErrorKind::Malformed,
        _ => FetchErrorKind::Unavailable,
    }
}

/// Of a backup job whose pool was removed: the list of all guests without a job fails.
fn is_of_pool(reason: &str) -> bool {
    reason.starts_with("pool '")
}

fn remedy(status: u16, reason: &str, from_api: bool) -> Option<&'static str> {
    match status {
        404 if !from_api => {
            Some("this is another web server than the Proxmox VE API; check target, port and path_prefix")
        }
        404 if reason.starts_with("no such file") => {
            Some("the API is not at this path; check target, port and path_prefix")
        }
        429 if !from_api => Some("a proxy in front of the API limits its rate; exempt the exporter from that"),
        502..=504 if !from_api => {
            Some("a proxy in front of the API can't reach it; check the proxy, and pveproxy on the node")
        }
        500 if is_of_pool(reason) => {
            Some("a backup job names a pool that was removed; change the job under Datacenter, Backup")
        }
        301 | 302 | 307 | 308 => Some("redirects are not followed; set target and path_prefix to the API's location"),
        401 => Some("check user, token_name and token_value (or password) in the configuration"),
        403 => Some("grant the role PVEAuditor on / to the user and, with privilege separation, to the token as well"),
        595..=599 => Some("the node behind the API did not answer"),
        _ => None,
    }
}
