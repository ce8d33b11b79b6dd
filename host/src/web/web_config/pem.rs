//! PEM text from a file or from the configuration itself.

use std::fmt;
use std::path::{Path, PathBuf};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::section::{Problems, Section};
use super::sources::Sources;

pub(super) struct Pem {
    /// The key or flag that named it, with the file if it is one.
    at: String,
    content: Vec<u8>,
}

/// Never the content: it may be a private key.
impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pem").field("at", &self.at).finish_non_exhaustive()
    }
}

impl Pem {
    /// From `key` (the text itself) or `file_key` (a file).
    pub(super) fn read(
        section: &mut Section,
        [key, file_key]: [&'static str; 2],
        folder: &Path,
        sources: &mut Sources,
        problems: &mut Problems,
    ) -> Option<Self> {
        let inline = section.text(key, problems);
        let file = section.path(file_key, folder, problems);
        match (inline, file) {
            (Some(_), Some(_)) => {
                problems.add(&section.at(key), format!("{file_key} is given too: remove one"));
                None
            }
            (Some(text), None) => Some(Self { at: section.at(key), content: text.into_bytes() }),
            (None, Some(file)) => Self::of_file(&section.at(file_key), &file, sources, problems),
            (None, None) => None,
        }
    }

    pub(super) fn of_file(at: &str, file: &Path, sources: &mut Sources, problems: &mut Problems) -> Option<Self> {
        let at = format!("{at}: {}", PathBuf::from(file).display());
        match sources.read(file) {
            Ok(content) => Some(Self { at, content }),
            Err(error) => {
                problems.add(&at, format!("can't be read: {error}"));
                None
            }
        }
    }

    pub(super) fn certificates(&self, problems: &mut Problems) -> Vec<CertificateDer<'static>> {
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.content).collect();
        match certificates {
            Ok(certificates) if certificates.is_empty() => {
                self.problem("no PEM certificate in it (-----BEGIN CERTIFICATE-----)", problems);
                certificates
            }
            Ok(certificates) => certificates,
            Err(error) => {
                self.problem(format!("not PEM: {error}"), problems);
                Vec::new()
            }
        }
    }

    pub(super) fn private_key(&self, problems: &mut Problems) -> Option<PrivateKeyDer<'static>> {
        PrivateKeyDer::from_pem_slice(&self.content)
            .map_err(|error| self.problem(format!("no private key: {error}"), problems))
            .ok()
    }

    pub(super) fn problem(&self, problem: impl fmt::Display, problems: &mut Problems) {
        problems.add(&self.at, problem);
    }
}
