//! The toolkit's names of TLS versions, cipher suites and curves, which are Go's.
//!
//! rustls implements only what is considered safe today. A name of Go's that it lacks is ignored with a warning, so a file made for
//! other exporters works here; nothing weaker is ever used in its place.

use rustls::crypto::SupportedKxGroup;
use rustls::crypto::ring::kx_group::{SECP256R1, SECP384R1, X25519};
use rustls::{CipherSuite, ProtocolVersion};

pub(super) const VERSIONS: [(&str, ProtocolVersion); 4] = [
    ("TLS10", ProtocolVersion::TLSv1_0),
    ("TLS11", ProtocolVersion::TLSv1_1),
    ("TLS12", ProtocolVersion::TLSv1_2),
    ("TLS13", ProtocolVersion::TLSv1_3),
];

/// Cipher suites; those of TLS 1.3 are always on, as in Go.
pub(super) const CIPHERS: [(&str, CipherSuite); 17] = [
    ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
    ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384),
    ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256),
    ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256),
    ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384),
    ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256),
    ("TLS_AES_128_GCM_SHA256", CipherSuite::TLS13_AES_128_GCM_SHA256),
    ("TLS_AES_256_GCM_SHA384", CipherSuite::TLS13_AES_256_GCM_SHA384),
    ("TLS_CHACHA20_POLY1305_SHA256", CipherSuite::TLS13_CHACHA20_POLY1305_SHA256),
    ("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA),
    ("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA),
    ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA),
    ("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA),
    ("TLS_RSA_WITH_AES_128_CBC_SHA", CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA),
    ("TLS_RSA_WITH_AES_256_CBC_SHA", CipherSuite::TLS_RSA_WITH_AES_256_CBC_SHA),
    ("TLS_RSA_WITH_AES_128_GCM_SHA256", CipherSuite::TLS_RSA_WITH_AES_128_GCM_SHA256),
    ("TLS_RSA_WITH_AES_256_GCM_SHA384", CipherSuite::TLS_RSA_WITH_AES_256_GCM_SHA384),
];

/// `None`: a curve that rustls lacks.
pub(super) const CURVES: [(&str, Option<&'static dyn SupportedKxGroup>); 4] =
    [("CurveP256", Some(SECP256R1)), ("CurveP384", Some(SECP384R1)), ("CurveP521", None), ("X25519", Some(X25519))];

pub(super) fn find<T: Copy>(name: &str, names: &[(&str, T)]) -> Option<T> {
    names.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}
