//! What webpki does not tell of a certificate: its subject alternative names as Go writes them, and its validity alone.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::{CertificateError, Error};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

pub(super) struct ParsedCertificate(Certificate);

impl ParsedCertificate {
    pub(super) fn new(certificate: &CertificateDer<'_>) -> Result<Self, Error> {
        Certificate::from_der(certificate).map(Self).map_err(|_| CertificateError::BadEncoding.into())
    }

    pub(super) fn check_validity(&self, now: UnixTime) -> Result<(), Error> {
        let validity = self.0.tbs_certificate().validity();
        if now.as_secs() < validity.not_before.to_unix_duration().as_secs() {
            return Err(CertificateError::NotValidYet.into());
        }
        if now.as_secs() > validity.not_after.to_unix_duration().as_secs() {
            return Err(CertificateError::Expired.into());
        }
        Ok(())
    }
}

/// DNS names, mail addresses, IP addresses and URIs.
pub(super) fn subject_names(certificate: &ParsedCertificate) -> Result<Vec<String>, Error> {
    let extension = certificate.0.tbs_certificate().get_extension::<SubjectAltName>();
    let extension = extension.map_err(|_| Error::from(CertificateError::BadEncoding))?;
    let names = extension.map(|(_, names)| names.0).unwrap_or_default();
    Ok(names.iter().filter_map(text).collect())
}

fn text(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(text) | GeneralName::Rfc822Name(text) | GeneralName::UniformResourceIdentifier(text) => {
            Some(text.to_string())
        }
        GeneralName::IpAddress(octets) => address(octets.as_bytes()).map(|address| address.to_string()),
        _ => None,
    }
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(octets).map(|octets| IpAddr::from(Ipv4Addr::from(octets)));
    let v6 = <[u8; 16]>::try_from(octets).map(|octets| IpAddr::from(Ipv6Addr::from(octets)).to_canonical());
    v4.or(v6).ok()
}
