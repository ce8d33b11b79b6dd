//! The secrets of a client, kept out of what comes back: a server, or a proxy in front of it, may repeat what it was sent.

use memchr::memmem;
use parking_lot::RwLock;
use percent_encoding::{percent_encode, utf8_percent_encode};

use super::encoding::{FORM, HEADER};
use super::error::FetchError;
use crate::config::{Credentials, Secret};
use crate::text::{Foreign, Secrets};

/// Shortest secret that a whole body is searched for. Shorter ones may be part of other words.
const IN_BODY: usize = 16;

/// The secrets of one set of credentials, tickets included.
#[derive(Debug, Default)]
pub(super) struct Redactor(RwLock<Secrets>);

impl Redactor {
    pub(super) fn new(credentials: &Credentials) -> Self {
        let redactor = Self::default();
        credentials.secrets().for_each(|secret| redactor.add(secret));
        redactor
    }

    /// Adds a secret as it is, and as it is sent.
    pub(super) fn add(&self, secret: &Secret) {
        let secret = secret.reveal();
        let mut secrets = self.0.write();
        secrets.add(secret);
        secrets.add(&utf8_percent_encode(secret, HEADER).to_string());
        secrets.add(&percent_encode(secret.as_bytes(), FORM).to_string());
    }

    pub(super) fn redact(&self, text: &str) -> String {
        self.0.read().redact(text).into_owned()
    }

    /// For errors on their way out of the client.
    pub(super) fn clean(&self, error: FetchError) -> FetchError {
        let detail = match self.0.read().redact(&error.detail) {
            std::borrow::Cow::Borrowed(_) => return error,
            std::borrow::Cow::Owned(redacted) => Foreign::new(&redacted),
        };
        FetchError { detail, ..error }
    }

    /// Whether a body repeats a secret. Its text becomes labels and log lines, so it must not be used.
    pub(super) fn is_repeated_in(&self, body: &[u8]) -> bool {
        self.0
            .read()
            .iter()
            .filter(|secret| secret.len() >= IN_BODY)
            .any(|secret| memmem::find(body, secret.as_bytes()).is_some())
    }
}
