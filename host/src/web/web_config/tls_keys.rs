//! `tls_server_config`: its keys, parsed.

use std::path::Path;

use rustls::crypto::SupportedKxGroup;
use rustls::{CipherSuite, ProtocolVersion};

use super::pem::Pem;
use super::place::Places;
use super::section::{Problems, Section};
use super::sources::Sources;
use super::tls_names::{CIPHERS, CURVES, VERSIONS, find};

/// Go's policies for client certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClientAuth {
    None,
    Request,
    RequireAny,
    VerifyIfGiven,
    RequireAndVerify,
}

const CLIENT_AUTH: [(&str, ClientAuth); 6] = [
    ("NoClientCert", ClientAuth::None),
    ("RequestClientCert", ClientAuth::Request),
    ("RequireAnyClientCert", ClientAuth::RequireAny),
    // The toolkit's former name of the one above.
    ("RequireClientCert", ClientAuth::RequireAny),
    ("VerifyClientCertIfGiven", ClientAuth::VerifyIfGiven),
    ("RequireAndVerifyClientCert", ClientAuth::RequireAndVerify),
];

#[derive(Debug)]
pub(super) struct TlsKeys {
    pub(super) places: Places,
    pub(super) certificate: Pem,
    pub(super) key: Pem,
    pub(super) client_auth: ClientAuth,
    pub(super) client_ca: Option<Pem>,
    pub(super) client_allowed_sans: Vec<String>,
    pub(super) versions: (ProtocolVersion, ProtocolVersion),
    /// In order of preference; empty: all.
    pub(super) ciphers: Vec<CipherSuite>,
    /// In order of preference, by name; empty: all.
    pub(super) curves: Vec<(&'static str, Option<&'static dyn SupportedKxGroup>)>,
    pub(super) prefer_server_ciphers: bool,
}

impl TlsKeys {
    /// `None` without any key, or if certificate or key are missing.
    pub(super) fn read(
        mut section: Section,
        folder: &Path,
        sources: &mut Sources,
        problems: &mut Problems,
    ) -> Option<Self> {
        if section.is_empty() {
            return None;
        }
        let certificate = ["cert", "cert_file"];
        let certificate = required(&mut section, certificate, folder, sources, problems);
        let key = required(&mut section, ["key", "key_file"], folder, sources, problems);
        let client_ca = Pem::read(&mut section, ["client_ca", "client_ca_file"], folder, sources, problems);
        let client_auth = one_of("client_auth_type", &CLIENT_AUTH, &mut section, problems).unwrap_or(ClientAuth::None);
        let sans = section.texts("client_allowed_sans", problems);
        if client_auth == ClientAuth::None {
            let remedy = "needs client_auth_type: RequireAndVerifyClientCert";
            if let Some(ca) = &client_ca {
                ca.problem(remedy, problems);
            }
            if !sans.is_empty() {
                problems.add(&section.places.of("client_allowed_sans"), remedy);
            }
        }
        let minimum = one_of("min_version", &VERSIONS, &mut section, problems).unwrap_or(ProtocolVersion::TLSv1_2);
        let maximum = one_of("max_version", &VERSIONS, &mut section, problems).unwrap_or(ProtocolVersion::TLSv1_3);
        let ciphers = all_of("cipher_suites", &CIPHERS, &mut section, problems);
        let curves = all_of("curve_preferences", &CURVES.map(|curve| (curve.0, curve)), &mut section, problems);
        let prefer_server_ciphers = section.boolean("prefer_server_cipher_suites", true, problems);
        let places = section.places.clone();
        section.finish(problems);
        Some(Self {
            places,
            certificate: certificate?,
            key: key?,
            client_auth,
            client_ca,
            client_allowed_sans: sans.into_iter().map(|(_, name)| name).collect(),
            versions: (minimum, maximum),
            ciphers,
            curves,
            prefer_server_ciphers,
        })
    }

    /// Defaults around the two files that the flags name.
    pub(super) fn of_flags(
        certificate: &Path,
        key: &Path,
        sources: &mut Sources,
        problems: &mut Problems,
    ) -> Option<Self> {
        let certificate = Pem::of_flag("--server.certfile", certificate, sources, problems);
        let key = Pem::of_flag("--server.keyfile", key, sources, problems);
        Some(Self {
            places: Places::default(),
            certificate: certificate?,
            key: key?,
            client_auth: ClientAuth::None,
            client_ca: None,
            client_allowed_sans: Vec::new(),
            versions: (ProtocolVersion::TLSv1_2, ProtocolVersion::TLSv1_3),
            ciphers: Vec::new(),
            curves: Vec::new(),
            prefer_server_ciphers: true,
        })
    }
}

fn required(
    section: &mut Section,
    [key, file_key]: [&'static str; 2],
    folder: &Path,
    sources: &mut Sources,
    problems: &mut Problems,
) -> Option<Pem> {
    let problem = !section.has(key) && !section.has(file_key);
    if problem {
        problems.add(&section.places.of(file_key), format!("missing; TLS needs it, or {key} with the PEM text itself"));
    }
    Pem::read(section, [key, file_key], folder, sources, problems)
}

fn one_of<T: Copy>(
    key: &'static str,
    names: &[(&str, T)],
    section: &mut Section,
    problems: &mut Problems,
) -> Option<T> {
    let name = section.text(key, problems)?;
    let value = find(&name, names);
    if value.is_none() {
        problems.add(&section.places.of(key), format!("unknown value; write one of {}", list(names)));
    }
    value
}

fn all_of<T: Copy>(key: &'static str, names: &[(&str, T)], section: &mut Section, problems: &mut Problems) -> Vec<T> {
    let mut found = Vec::new();
    for (at, name) in section.texts(key, problems) {
        match find(&name, names) {
            Some(value) => found.push(value),
            None => {
                let place = section.places.of(key).at(at);
                problems.add(&place, format!("unknown value; write one of {}", list(names)));
            }
        }
    }
    found
}

fn list<T>(names: &[(&str, T)]) -> String {
    names.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}
