//! PEM text from a file or from the configuration itself.

use std::fmt;
use std::path::{Path, PathBuf};

use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::place::Place;
use super::section::{Problems, Section};
use super::sources::Sources;
use crate::text;

pub(super) struct Pem {
    /// The key or flag that named it.
    place: Place,
    content: Vec<u8>,
    file: Option<PathBuf>,
}

/// Never the content: it may be a private key.
impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pem").field("place", &self.place).finish_non_exhaustive()
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
                problems.add(&section.places.of(key), format!("{file_key} is set too: remove one"));
                None
            }
            (Some(text), None) => Some(Self { place: section.places.of(key), content: text.into_bytes(), file: None }),
            (None, Some(file)) => Self::of_file(section.places.of(file_key), &file, sources, problems),
            (None, None) => None,
        }
    }

    /// From a file that a flag names.
    pub(super) fn of_flag(flag: &str, file: &Path, sources: &mut Sources, problems: &mut Problems) -> Option<Self> {
        Self::of_file(Place::flag(format!("{flag}: {}", text::path(file))), file, sources, problems)
    }

    fn of_file(place: Place, file: &Path, sources: &mut Sources, problems: &mut Problems) -> Option<Self> {
        match sources.read(file) {
            Ok(content) => Some(Self { place, content, file: Some(file.to_owned()) }),
            Err(error) => {
                // Its name is not shown: it may be the text of a key.
                problems.add(&place, format!("the file {error}"));
                None
            }
        }
    }

    /// The file, if it is one.
    pub(super) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
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
                self.problem(format!("not PEM: {}", words(&error)), problems);
                Vec::new()
            }
        }
    }

    pub(super) fn private_key(&self, problems: &mut Problems) -> Option<PrivateKeyDer<'static>> {
        PrivateKeyDer::from_pem_slice(&self.content)
            .map_err(|error| self.problem(format!("no private key: {}", words(&error)), problems))
            .ok()
    }

    pub(super) fn problem(&self, problem: impl fmt::Display, problems: &mut Problems) {
        problems.add(&self.place, problem);
    }
}

/// The error without the text that it quotes.
fn words(error: &pem::Error) -> &'static str {
    match error {
        pem::Error::MissingSectionEnd { .. } => "a section has no -----END line",
        pem::Error::IllegalSectionStart { .. } => "a -----BEGIN line has no dashes at its end",
        pem::Error::Base64Decode(_) => "a section is not Base64",
        pem::Error::NoItemsFound => "no such section (-----BEGIN PRIVATE KEY-----, without a passphrase)",
        _ => "not readable",
    }
}
