//! Verification of the server's certificate.
//!
//! A Proxmox VE cluster signs its nodes' certificates itself, so the system's store rarely knows the issuer. Alternatives, best
//! first: the cluster's CA file, a pinned fingerprint, no verification.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
    verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use sha2::{Digest, Sha256};

use super::certificate::Certificate;
use crate::config::{Module, Verify};
use crate::text;

/// TLS 1.2 and 1.3 with ring, the module's verification and its client certificate. The error is one line.
pub(super) fn client_config(module: &Module) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(verifier(&module.verify, provider)?);
    let mut config = match &module.client_certificate {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let chain = certificates(path, "cert")?;
            let key = PrivateKeyDer::from_pem_file(path)
                .map_err(|error| format!("cert: {}: contains no private key: {error}", text::path(path)))?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| format!("cert: {}: certificate and key can't be used: {error}", text::path(path)))?
        }
    };
    // A resumed session does not send the certificate again, so that a new one would be noticed or not by chance.
    config.resumption = Resumption::disabled();
    Ok(config)
}

fn verifier(verify: &Verify, provider: Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, String> {
    match verify {
        Verify::System => match rustls_platform_verifier::Verifier::new(provider.clone()) {
            Ok(verifier) => Ok(Arc::new(Checker { rule: Rule::System(Box::new(verifier)), provider })),
            Err(error) => Err(format!(
                "the system's certificate store can't be used ({error}): install ca-certificates, or set verify_ssl to a CA file"
            )),
        },
        Verify::CaFile(path) => Ok(Arc::new(Checker { rule: Rule::file(path, &provider)?, provider })),
        Verify::Disabled => Ok(Arc::new(Checker { rule: Rule::Any, provider })),
        Verify::Fingerprints(pins) => Ok(Arc::new(Checker { rule: Rule::Pinned(pins.clone()), provider })),
    }
}

fn certificates(path: &Path, key: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let shown = text::path(path);
    let certificates = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match certificates {
        Ok(found) if found.is_empty() => {
            Err(format!("{key}: {shown}: contains no PEM certificate (-----BEGIN CERTIFICATE-----)"))
        }
        Ok(found) => Ok(found),
        // Without its name: it may be a secret under the wrong key.
        Err(PemError::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(format!("{key} names a file that does not exist; relative paths start at the working directory"))
        }
        Err(PemError::Io(error)) => Err(format!("{key}: {shown}: can't be read: {error}")),
        Err(error) => Err(format!("{key}: {shown}: not a PEM file: {error}")),
    }
}

/// Which server certificates are accepted.
#[derive(Debug)]
enum Rule {
    /// Signed for the name by a CA in the system's store.
    System(Box<dyn ServerCertVerifier>),
    /// Signed for the name by a CA in the file, or in the file itself. A certificate that is not a CA's means exactly this one:
    /// its key must not sign for other servers.
    File { authorities: Option<Arc<WebPkiServerVerifier>>, certificates: Vec<CertificateDer<'static>> },
    /// With one of these SHA-256 digests, whatever its names and dates, as in Proxmox VE's own tools.
    Pinned(Vec<[u8; 32]>),
    /// Any: `verify_ssl: false`.
    Any,
}

impl Rule {
    fn file(path: &Path, provider: &Arc<CryptoProvider>) -> Result<Self, String> {
        let certificates = certificates(path, "verify_ssl")?;
        let mut roots = RootCertStore::empty();
        let is_ca = |der: &&CertificateDer<'_>| Certificate::read(der).is_some_and(|certificate| certificate.is_ca);
        let (usable, _) = roots.add_parsable_certificates(certificates.iter().filter(is_ca).cloned());
        let authorities = if usable == 0 {
            None
        } else {
            let builder = WebPkiServerVerifier::builder_with_provider(roots.into(), provider.clone());
            Some(builder.build().map_err(|error| format!("verify_ssl: {}: {error}", text::path(path)))?)
        };
        Ok(Self::File { authorities, certificates })
    }
}

/// webpki reads none of version 1, and its error depends on where the certificate differs.
const FIRST_VERSION: &str = "the server's certificate is an X.509 version 1 certificate, which can't be verified: pin it with \
     fingerprint, or create a new one on the node with pvecm updatecerts --force";

#[derive(Debug)]
struct Checker {
    rule: Rule,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Checker {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.rule {
            Rule::Any => Ok(ServerCertVerified::assertion()),
            Rule::Pinned(pins) => {
                let digest: [u8; 32] = Sha256::digest(end_entity).into();
                if pins.contains(&digest) {
                    return Ok(ServerCertVerified::assertion());
                }
                let shown: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
                Err(Error::General(format!(
                    "the server's certificate has the fingerprint {}: if this is the right server, set fingerprint to it",
                    shown.join(":")
                )))
            }
            Rule::File { certificates, .. } if certificates.iter().any(|known| known == end_entity) => {
                Ok(ServerCertVerified::assertion())
            }
            _ if first_version(end_entity).is_some() => Err(Error::General(FIRST_VERSION.to_owned())),
            Rule::System(system) => {
                system.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            }
            Rule::File { authorities: Some(authorities), .. } => {
                authorities.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            }
            Rule::File { authorities: None, .. } => Err(rustls::CertificateError::UnknownIssuer.into()),
        }
    }

    // The server must sign with its certificate's key, or pins would be worthless. Only if nothing is verified is this skipped
    // too, so that unusual certificates work there.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        match (&self.rule, first_version(certificate)) {
            (Rule::Any, _) => Ok(HandshakeSignatureValid::assertion()),
            (_, Some(old)) => verify_tls12_signature_with_key(message, old, signature, algorithms),
            _ => verify_tls12_signature(message, certificate, signature, algorithms),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        match (&self.rule, first_version(certificate)) {
            (Rule::Any, _) => Ok(HandshakeSignatureValid::assertion()),
            (_, Some(old)) => verify_tls13_signature_with_raw_key(message, &old.key_info.into(), signature, algorithms),
            _ => verify_tls13_signature(message, certificate, signature, algorithms),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// A certificate of version 1, which webpki does not read. It has no names that could be verified, but its digest can be.
fn first_version<'a>(certificate: &'a CertificateDer<'_>) -> Option<Certificate<'a>> {
    Certificate::read(certificate).filter(|certificate| certificate.version == 1)
}

/// What rustls does for other certificates, without reading this one.
fn verify_tls12_signature_with_key(
    message: &[u8],
    certificate: Certificate<'_>,
    signature: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error> {
    let bad = || Error::from(rustls::CertificateError::BadSignature);
    let (key_algorithm, key) = certificate.key().ok_or_else(bad)?;
    let candidates = algorithms.mapping.iter().filter(|(scheme, _)| *scheme == signature.scheme);
    let valid = candidates.flat_map(|(_, algorithms)| *algorithms).any(|algorithm| {
        algorithm.public_key_alg_id().as_ref() == key_algorithm
            && algorithm.verify_signature(key, message, signature.signature()).is_ok()
    });
    if valid { Ok(HandshakeSignatureValid::assertion()) } else { Err(bad()) }
}
