//! Client certificates: Go's policies on top of webpki.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme};

use super::subject_names::{ParsedCertificate, subject_names};

#[derive(Debug)]
pub(super) struct ClientCertificates {
    /// `None`: any certificate will do, as long as the client has its key.
    chains: Option<Arc<dyn ClientCertVerifier>>,
    /// Certificates of `client_ca` that are accepted themselves. webpki refuses an authority as a client, and a self-signed
    /// certificate often is one.
    exact: Vec<CertificateDer<'static>>,
    algorithms: WebPkiSupportedAlgorithms,
    pub(super) required: bool,
    /// One of these must be among the certificate's subject alternative names; empty: no matter.
    pub(super) allowed_names: BTreeSet<String>,
}

impl ClientCertificates {
    pub(super) fn any(provider: &CryptoProvider) -> Self {
        Self {
            chains: None,
            exact: Vec::new(),
            algorithms: provider.signature_verification_algorithms,
            required: false,
            allowed_names: BTreeSet::new(),
        }
    }

    /// Issued by one of these authorities; by one of the system's if there are none.
    pub(super) fn verified(
        provider: &Arc<CryptoProvider>,
        authorities: Vec<CertificateDer<'static>>,
    ) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        if authorities.is_empty() {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        for authority in &authorities {
            roots.add(authority.clone()).map_err(|error| format!("not usable as an authority: {error}"))?;
        }
        let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
        // Whether one is required is decided here.
        let chains = builder.allow_unauthenticated().build();
        let chains = chains.map_err(|_| "missing, and the system has no certificate authorities".to_owned())?;
        Ok(Self { chains: Some(chains), exact: authorities, ..Self::any(provider) })
    }

    fn verify_chain(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let Some(chains) = &self.chains else { return Ok(()) };
        if self.exact.iter().any(|exact| exact == certificate) {
            return ParsedCertificate::new(certificate)?.check_validity(now);
        }
        chains.verify_client_cert(certificate, intermediates, now).map(drop)
    }

    fn verify_names(&self, certificate: &CertificateDer<'_>) -> Result<(), Error> {
        if self.allowed_names.is_empty() {
            return Ok(());
        }
        let names = subject_names(&ParsedCertificate::new(certificate)?)?;
        let allowed = names.iter().any(|name| self.allowed_names.contains(name));
        if allowed { Ok(()) } else { Err(CertificateError::NotValidForName.into()) }
    }
}

impl ClientCertVerifier for ClientCertificates {
    fn client_auth_mandatory(&self) -> bool {
        self.required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.chains.as_ref().map_or(&[], |chains| chains.root_hint_subjects())
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.verify_chain(certificate, intermediates, now)?;
        self.verify_names(certificate)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
