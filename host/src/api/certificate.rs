//! What of an X.509 certificate decides how far it is trusted: its version, whether it is a CA's, and its key.
//!
//! webpki does not say whether a certificate is a CA's, and reads none of version 1. This reads only the structure around these
//! facts; signatures are verified elsewhere.

/// `2.5.29.19`.
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
/// `[0]`, the version of a certificate.
const VERSION: u8 = 0xa0;
/// `[3]`, its extensions.
const EXTENSIONS: u8 = 0xa3;

/// A certificate in DER.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Certificate<'a> {
    /// 1 to 3.
    pub(super) version: u8,
    /// Whether it says that it may sign others.
    pub(super) is_ca: bool,
    /// The SubjectPublicKeyInfo.
    pub(super) key_info: &'a [u8],
}

impl<'a> Certificate<'a> {
    /// `None` for anything that is not a certificate.
    pub(super) fn read(der: &'a [u8]) -> Option<Self> {
        let mut certificate = Reader(der).expect(SEQUENCE)?;
        let mut body = certificate.expect(SEQUENCE)?;
        let version = match body.optional(VERSION) {
            Some(mut version) => version.expect(INTEGER)?.0.first()?.checked_add(1)?,
            None => 1,
        };
        body.expect(INTEGER)?;
        for _ in ["signature", "issuer", "validity", "subject"] {
            body.expect(SEQUENCE)?;
        }
        let key_info = body.whole(SEQUENCE)?;
        let mut is_ca = false;
        while let Some((tag, content)) = body.next() {
            if tag == EXTENSIONS {
                is_ca = says_ca(content)?;
            }
        }
        Some(Self { version, is_ca, key_info })
    }

    /// The content of the key's AlgorithmIdentifier, and the key.
    pub(super) fn key(&self) -> Option<(&'a [u8], &'a [u8])> {
        let mut info = Reader(self.key_info).expect(SEQUENCE)?;
        let algorithm = info.expect(SEQUENCE)?.0;
        // The first byte is the number of unused bits: none.
        let (0, key) = info.expect(BIT_STRING)?.0.split_first()? else { return None };
        Some((algorithm, key))
    }
}

/// Whether extensions include a basic constraint that is true.
fn says_ca(extensions: Reader<'_>) -> Option<bool> {
    let mut list = { extensions }.expect(SEQUENCE)?;
    while let Some((SEQUENCE, mut extension)) = list.next() {
        if extension.expect(OBJECT_IDENTIFIER)?.0 == BASIC_CONSTRAINTS {
            let _critical = extension.optional(BOOLEAN);
            let mut constraints = extension.expect(OCTET_STRING)?.expect(SEQUENCE)?;
            return Some(constraints.optional(BOOLEAN).is_some_and(|ca| ca.0 == [0xff]));
        }
    }
    Some(false)
}

/// Elements of DER, one after the other.
#[derive(Debug, Clone, Copy)]
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The tag of the next element, and what is in it.
    fn next(&mut self) -> Option<(u8, Reader<'a>)> {
        let (tag, rest) = self.0.split_first()?;
        let (first, mut rest) = rest.split_first()?;
        let mut length = usize::from(*first);
        if length > 0x7f {
            let (bytes, after) =
                rest.split_at_checked(length - 0x80).filter(|(bytes, _)| (1..=4).contains(&bytes.len()))?;
            length =
                bytes.iter().try_fold(0_usize, |length, byte| length.checked_mul(256)?.checked_add((*byte).into()))?;
            rest = after;
        }
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((*tag, Reader(content)))
    }

    fn expect(&mut self, tag: u8) -> Option<Reader<'a>> {
        self.next().filter(|(found, _)| *found == tag).map(|(_, content)| content)
    }

    fn optional(&mut self, tag: u8) -> Option<Reader<'a>> {
        if self.0.first() == Some(&tag) { self.expect(tag) } else { None }
    }

    /// The next element with its tag and length.
    fn whole(&mut self, tag: u8) -> Option<&'a [u8]> {
        let before = self.0;
        self.expect(tag)?;
        before.get(..before.len() - self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};

    use super::*;

    #[test]
    fn who_is_a_ca() {
        for (is_ca, expected) in [
            (IsCa::NoCa, false),
            (IsCa::ExplicitNoCa, false),
            (IsCa::Ca(BasicConstraints::Unconstrained), true),
            (IsCa::Ca(BasicConstraints::Constrained(0)), true),
        ] {
            let mut params = CertificateParams::new(vec!["x".to_owned()]).unwrap();
            params.is_ca = is_ca;
            let key = KeyPair::generate().unwrap();
            let certificate = params.self_signed(&key).unwrap();
            let read = Certificate::read(certificate.der()).unwrap();
            assert_eq!((read.version, read.is_ca), (3, expected));
            assert_eq!(read.key().unwrap().1, key.public_key_raw());
        }
    }

    #[test]
    fn anything_else_is_none() {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["x".to_owned()]).unwrap().self_signed(&key).unwrap();
        let der = certificate.der();
        for end in 0..der.len() {
            assert_eq!(Certificate::read(&der[..end]), None);
        }
        for at in 0..der.len() {
            let mut broken = der.to_vec();
            broken[at] ^= 0xff;
            // Whatever it is, it does not panic.
            let _ = Certificate::read(&broken).and_then(|certificate| certificate.key().map(|_| ()));
        }
        assert_eq!(Certificate::read(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
    }
}
