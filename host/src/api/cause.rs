//! Errors below HTTP, in words with a remedy. reqwest's errors display as "error sending request" and hide the cause four sources
//! deep.

use std::error::Error;
use std::io;
use std::time::Duration;

use rustls::{AlertDescription, CertificateError};

use super::error::FetchError;
use crate::contract::FetchErrorKind;

/// A request without a response.
pub(super) struct ExchangeError {
    /// For the observer: `timed_out`, `connect`, `tls` or `body`.
    pub(super) stage: &'static str,
    /// There was no connection: another address may work.
    pub(super) unconnected: bool,
    /// The connection was closed before the first byte of a response: a retry is safe and likely to succeed.
    pub(super) closed: bool,
    pub(super) error: FetchError,
}

impl ExchangeError {
    pub(super) fn new(stage: &'static str, kind: FetchErrorKind, detail: impl AsRef<str>) -> Self {
        Self { stage, unconnected: false, closed: false, error: FetchError::new(kind, detail) }
    }

    /// Without a connection after this time.
    pub(super) fn unconnected(address: &str, waited: Duration) -> Self {
        let detail = format!("{address}: {}", no_connection(waited));
        Self { unconnected: true, ..Self::new("timed_out", FetchErrorKind::TimedOut, detail) }
    }

    /// For a name without an address.
    pub(super) fn unresolved(error: FetchError) -> Self {
        Self { stage: "connect", unconnected: true, closed: false, error }
    }

    /// Whether the request was sent, and nothing came back in time.
    pub(super) fn had_no_response(&self) -> bool {
        self.stage == "timed_out" && !self.unconnected
    }

    /// From an error up to the end of the response's head.
    pub(super) fn of_send(address: &str, waited: Duration, error: &reqwest::Error) -> Self {
        let tls = find::<rustls::Error>(error);
        let unconnected = error.is_connect();
        let (stage, kind, words) = if let Some(tls) = tls {
            ("tls", FetchErrorKind::Unavailable, describe_tls(tls))
        } else if unconnected && error.is_timeout() {
            ("timed_out", FetchErrorKind::TimedOut, no_connection(waited))
        } else if unconnected {
            ("connect", FetchErrorKind::Unavailable, describe_io(error))
        } else if find::<hyper::Error>(error).is_some_and(hyper::Error::is_parse) {
            ("body", FetchErrorKind::Malformed, "the response is not HTTP".to_owned() + &reason(error))
        } else {
            (
                "connect",
                FetchErrorKind::Unavailable,
                "the connection was closed before a response".to_owned() + &reason(error),
            )
        };
        // In TLS 1.3 a client certificate is refused after the handshake, and a retry will not help.
        let closed = !unconnected && tls.is_none() && stage == "connect";
        Self { stage, unconnected, closed, error: FetchError::new(kind, format!("{address}: {words}")) }
    }

    /// From an error after `read` bytes of the body.
    pub(super) fn of_body(address: &str, read: usize, error: &reqwest::Error) -> Self {
        if find::<hyper::Error>(error).is_none() && error.is_decode() {
            let detail = format!("{address}: the response can't be decompressed after {read} bytes");
            return Self::new("body", FetchErrorKind::Malformed, detail);
        }
        let detail = format!("{address}: the connection was closed in the middle of the response, after {read} bytes");
        Self::new("body", FetchErrorKind::Unavailable, detail)
    }
}

/// A login that failed, so that the request was not sent.
impl From<FetchError> for ExchangeError {
    fn from(error: FetchError) -> Self {
        Self { stage: "login", unconnected: false, closed: false, error }
    }
}

impl From<ExchangeError> for FetchError {
    fn from(failure: ExchangeError) -> Self {
        failure.error
    }
}

fn no_connection(waited: Duration) -> String {
    let waited = waited.as_secs_f64();
    format!("no connection within {waited:.1} s: is the host up, is there a firewall in between?")
}

/// The first `T` among an error's sources. `io::Error::source` skips the error it wraps, so `get_ref` is used there.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

/// The innermost source: ` (no such host)`.
fn reason(error: &(dyn Error + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    format!(" ({last})")
}

fn describe_io(error: &reqwest::Error) -> String {
    let kind = find::<io::Error>(error).map(io::Error::kind);
    match kind {
        Some(io::ErrorKind::ConnectionRefused) => {
            "connection refused: is pveproxy running there, and is the port correct?".to_owned()
        }
        Some(io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable) => "no route to the host".to_owned(),
        Some(io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset) => {
            "the connection was closed during the TLS handshake: is this the API's port (8006)?".to_owned()
        }
        _ => "can't connect".to_owned() + &reason(error),
    }
}

fn describe_tls(error: &rustls::Error) -> String {
    match error {
        // A CA of another cluster with the same name results in a bad signature.
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            "the server's certificate is signed by an unknown authority: set verify_ssl to the cluster's CA file \
             (/etc/pve/pve-root-ca.pem of a node, copied here), or pin the certificate with fingerprint"
                .to_owned()
        }
        rustls::Error::InvalidCertificate(
            problem @ (CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }),
        ) => format!(
            "{problem}: use a name that is in the certificate as target, or pin the certificate with fingerprint"
        ),
        rustls::Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "the server's certificate has expired: renew it on the node with pvecm updatecerts --force".to_owned()
        }
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        ) => "the server's certificate is not valid yet: check the clocks of both machines".to_owned(),
        rustls::Error::InvalidCertificate(CertificateError::Other(other))
            if other.to_string().contains("CaUsedAsEndEntity") =>
        {
            "the server uses a CA's certificate: add it to the verify_ssl file, or pin it with fingerprint".to_owned()
        }
        rustls::Error::AlertReceived(AlertDescription::CertificateRequired | AlertDescription::HandshakeFailure) => {
            "the server requires a client certificate: set cert".to_owned()
        }
        rustls::Error::InvalidMessage(_) => "the server does not use TLS: is this the API's port (8006)?".to_owned(),
        // From our own checks.
        rustls::Error::General(text) => text.clone(),
        other => format!("TLS: {other}"),
    }
}
