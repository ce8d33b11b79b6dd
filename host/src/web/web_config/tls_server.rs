//! What rustls serves with, from the keys of `tls_server_config`.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, SupportedKxGroup, ring};
use rustls::server::danger::ClientCertVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{CipherSuite, ProtocolVersion, ServerConfig, SupportedCipherSuite, SupportedProtocolVersion};

use super::client_certificates::ClientCertificates;
use super::section::Problems;
use super::tls_keys::{ClientAuth, TlsKeys};
use super::tls_names::CIPHERS;

/// ALPN names.
const HTTP_1_1: &[u8] = b"http/1.1";
pub(in super::super) const HTTP_2: &[u8] = b"h2";

pub(in super::super) struct Tls {
    pub(in super::super) server: Arc<ServerConfig>,
    /// Whether only clients with a verified certificate get in.
    pub(super) authenticates: bool,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("authenticates", &self.authenticates).finish_non_exhaustive()
    }
}

impl Tls {
    /// `None` if something is wrong with the keys.
    pub(super) fn new(
        keys: &TlsKeys,
        http2: bool,
        warnings: &mut Vec<String>,
        problems: &mut Problems,
    ) -> Option<Self> {
        let provider = Arc::new(CryptoProvider {
            cipher_suites: cipher_suites(keys, warnings),
            kx_groups: curves(keys, warnings, problems),
            ..ring::default_provider()
        });
        let versions = versions(keys, &provider.cipher_suites, warnings, problems);
        let clients = clients(keys, &provider, problems);
        let chain = keys.certificate.certificates(problems);
        let key = keys.key.private_key(problems)?;
        if chain.is_empty() || versions.is_empty() || provider.kx_groups.is_empty() {
            return None;
        }
        let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(&versions);
        let server = builder.and_then(|builder| match clients? {
            Some(clients) => builder.with_client_cert_verifier(clients).with_single_cert(chain, key),
            None => builder.with_no_client_auth().with_single_cert(chain, key),
        });
        let mut server = match server {
            Ok(server) => server,
            Err(error) => {
                keys.key.problem(format!("can't be used with the certificate: {error}"), problems);
                return None;
            }
        };
        server.ignore_client_order = keys.prefer_server_ciphers;
        server.alpn_protocols = if http2 { vec![HTTP_2.into(), HTTP_1_1.into()] } else { vec![HTTP_1_1.into()] };
        Some(Self { server: Arc::new(server), authenticates: keys.client_auth == ClientAuth::RequireAndVerify })
    }
}

/// The suites of TLS 1.2 that `cipher_suites` names, in its order, after all of TLS 1.3.
fn cipher_suites(keys: &TlsKeys, warnings: &mut Vec<String>) -> Vec<SupportedCipherSuite> {
    let available = ring::default_provider().cipher_suites;
    if keys.ciphers.is_empty() {
        return available;
    }
    let of = |wanted: &CipherSuite| available.iter().find(|suite| suite.suite() == *wanted);
    let ignored = keys.ciphers.iter().filter(|wanted| of(wanted).is_none());
    let ignored: Vec<&str> = ignored.flat_map(name_of).collect();
    if !ignored.is_empty() {
        warnings.push(format!("cipher_suites: not supported and ignored: {}", ignored.join(", ")));
    }
    let is_tls13 = |suite: &&SupportedCipherSuite| suite.version().version == ProtocolVersion::TLSv1_3;
    let named = keys.ciphers.iter().filter_map(of).filter(|suite| !is_tls13(suite));
    available.iter().filter(is_tls13).chain(named).copied().collect()
}

fn name_of(suite: &CipherSuite) -> Option<&'static str> {
    CIPHERS.iter().find(|(_, known)| known == suite).map(|(name, _)| *name)
}

fn curves(keys: &TlsKeys, warnings: &mut Vec<String>, problems: &mut Problems) -> Vec<&'static dyn SupportedKxGroup> {
    if keys.curves.is_empty() {
        return ring::default_provider().kx_groups;
    }
    let groups: Vec<_> = keys.curves.iter().filter_map(|(_, group)| *group).collect();
    for (name, _) in keys.curves.iter().filter(|(_, group)| group.is_none()) {
        warnings.push(format!("curve_preferences: {name} is not supported and ignored"));
    }
    if groups.is_empty() {
        problems.add(&keys.places.of("curve_preferences"), "none is supported; add X25519, CurveP256 or CurveP384");
    }
    groups
}

fn versions(
    keys: &TlsKeys,
    suites: &[SupportedCipherSuite],
    warnings: &mut Vec<String>,
    problems: &mut Problems,
) -> Vec<&'static SupportedProtocolVersion> {
    let (minimum, maximum) = keys.versions;
    let number = |version: ProtocolVersion| u16::from(version);
    if number(minimum) > number(maximum) {
        problems.add(&keys.places.of("min_version"), "is above max_version");
        return Vec::new();
    }
    if number(minimum) < number(ProtocolVersion::TLSv1_2) {
        warnings.push("min_version: TLS 1.0 and 1.1 are not supported; TLS12 is the minimum".to_owned());
    }
    let wanted = |version: &&SupportedProtocolVersion| {
        (number(minimum)..=number(maximum)).contains(&number(version.version))
            && suites.iter().any(|suite| suite.version().version == version.version)
    };
    let versions: Vec<_> = [&TLS12, &TLS13].into_iter().filter(wanted).collect();
    if versions.is_empty() {
        let place = keys.places.of("max_version");
        problems
            .add(&place, "leaves nothing to serve with; TLS12 needs a supported suite in cipher_suites, TLS13 none");
    }
    versions
}

/// `None`: no certificate is requested.
fn clients(
    keys: &TlsKeys,
    provider: &Arc<CryptoProvider>,
    problems: &mut Problems,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, rustls::Error> {
    let authorities = keys.client_ca.as_ref().map(|ca| (ca, ca.certificates(problems)));
    let required = matches!(keys.client_auth, ClientAuth::RequireAny | ClientAuth::RequireAndVerify);
    let mut certificates = match keys.client_auth {
        ClientAuth::None => return Ok(None),
        ClientAuth::Request | ClientAuth::RequireAny => ClientCertificates::any(provider),
        ClientAuth::VerifyIfGiven | ClientAuth::RequireAndVerify => {
            let (ca, authorities) = authorities.unzip();
            let verified = ClientCertificates::verified(provider, authorities.unwrap_or_default());
            match (verified, ca) {
                (Ok(certificates), _) => certificates,
                (Err(error), Some(ca)) => {
                    ca.problem(error, problems);
                    return Ok(None);
                }
                (Err(error), None) => {
                    problems.add(&keys.places.of("client_ca_file"), error);
                    return Ok(None);
                }
            }
        }
    };
    certificates.allowed_names = keys.client_allowed_sans.iter().cloned().collect::<BTreeSet<_>>();
    certificates.required = required || !certificates.allowed_names.is_empty();
    Ok(Some(Arc::new(certificates)))
}
