//! Certificates of servers, good and odd.

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SigningKey,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ALL_VERSIONS, SupportedProtocolVersion};

/// The server's certificate and key.
pub(crate) struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
    /// What `verify_ssl` should name.
    pub(crate) ca_pem: String,
    pub(crate) versions: &'static [&'static SupportedProtocolVersion],
}

impl Identity {
    fn new(certificate: CertificateDer<'static>, key: &KeyPair, ca_pem: String) -> Self {
        let key = key.serialize_der().try_into().unwrap();
        Self { chain: vec![certificate], key, ca_pem, versions: ALL_VERSIONS }
    }

    /// A certificate signed by a new CA.
    pub(crate) fn signed(names: &[&str]) -> Self {
        Authority::new().sign(names).identity()
    }

    /// A self-signed certificate, of a CA or not.
    pub(crate) fn self_signed(is_ca: IsCa) -> Self {
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        params.is_ca = is_ca;
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self::new(certificate.der().clone(), &key, certificate.pem())
    }

    /// A self-signed certificate of version 1, which rcgen does not make: one of version 3 without its version and its extensions,
    /// signed anew.
    pub(crate) fn first_version() -> Self {
        let key = KeyPair::generate().unwrap();
        let third = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
        let parts = elements(third.der());
        let body: Vec<Vec<u8>> =
            elements(&parts[0]).into_iter().filter(|part| !matches!(part[0], 0xa0 | 0xa3)).collect();
        let body = element(0x30, &body.concat());
        let signature = element(0x03, &[&[0], key.sign(&body).unwrap().as_slice()].concat());
        let der = element(0x30, &[body, parts[1].clone(), signature].concat());
        let pem = pem_of(&der);
        Self::new(der.into(), &key, pem)
    }
}

/// A cluster's CA.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    pub(crate) fn sign(&self, names: &[&str]) -> Leaf {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
        Leaf { certificate: params.signed_by(&key, &self.0).unwrap(), params, key, authority: self.pem() }
    }
}

/// The certificate of a server.
pub(crate) struct Leaf {
    certificate: Certificate,
    params: CertificateParams,
    key: KeyPair,
    authority: String,
}

impl Leaf {
    pub(crate) fn identity(&self) -> Identity {
        Identity::new(self.certificate.der().clone(), &self.key, self.authority.clone())
    }

    pub(crate) fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// A certificate for another server, signed with this one's key.
    pub(crate) fn sign_another(&self, names: &[&str]) -> Identity {
        let mut params = self.params.clone();
        // Says so to rcgen alone: the issuer's own certificate stays what it is.
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let issuer = Issuer::from_params(&params, &self.key);
        let key = KeyPair::generate().unwrap();
        let names = names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
        Identity::new(certificate.der().clone(), &key, self.pem())
    }
}

/// The elements of DER, each with its tag and length.
fn elements(der: &[u8]) -> Vec<Vec<u8>> {
    // The outermost element is taken apart.
    let mut rest = content(der);
    let mut found = Vec::new();
    while !rest.is_empty() {
        let inner = content(rest);
        let end = inner.as_ptr() as usize - rest.as_ptr() as usize + inner.len();
        found.push(rest[..end].to_vec());
        rest = &rest[end..];
    }
    found
}

/// What is in the first element.
fn content(der: &[u8]) -> &[u8] {
    match der[1] {
        short @ 0..0x80 => &der[2..2 + usize::from(short)],
        long => {
            let bytes = usize::from(long & 0x7f);
            let length = der[2..2 + bytes].iter().fold(0, |length, byte| length * 256 + usize::from(*byte));
            &der[2 + bytes..2 + bytes + length]
        }
    }
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x82, length[0], length[1]], content].concat()
}

fn pem_of(der: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    for chunk in der.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            let six = (word >> (18 - 6 * digit)) & 63;
            text.push(if digit > chunk.len() { '=' } else { char::from(DIGITS[six as usize]) });
        }
    }
    text.push_str("\n-----END CERTIFICATE-----\n");
    text
}
