//! `client_auth_type` in all its values, `client_ca_file` and `client_allowed_sans`.

use rustls::ClientConfig;

use super::pki::{Identity, Pki, address, dns, mail, self_signed, uri};
use super::support::Lone;

const CA: &str = "  client_ca_file: authority.pem\n";

async fn admitted(pki: &Pki, lone: &Lone, config: ClientConfig) -> bool {
    pki.get(lone, config, "/-/healthy").await.is_ok_and(|response| response.starts_with("HTTP/1.1 200 OK\r\n"))
}

async fn with(pki: &Pki, lone: &Lone, identity: &Identity) -> bool {
    admitted(pki, lone, pki.client_config_with(identity)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_policy() {
    let pki = Pki::new();
    let own = pki.issue(&[dns("prometheus.example.org")]);
    let foreign = Pki::new().issue(&[dns("prometheus.example.org")]);
    for (policy, ca, [without, with_foreign, with_own]) in [
        ("NoClientCert", "", [true, true, true]),
        ("RequestClientCert", "", [true, true, true]),
        ("RequireAnyClientCert", "", [false, true, true]),
        ("RequireClientCert", "", [false, true, true]),
        ("VerifyClientCertIfGiven", CA, [true, false, true]),
        ("RequireAndVerifyClientCert", CA, [false, false, true]),
    ] {
        let lone = pki.exporter(&format!("  client_auth_type: {policy}\n{ca}"));
        assert_eq!(admitted(&pki, &lone, pki.client_config(&[])).await, without, "{policy}, none");
        assert_eq!(with(&pki, &lone, &foreign).await, with_foreign, "{policy}, foreign");
        assert_eq!(with(&pki, &lone, &own).await, with_own, "{policy}, own");
    }
}

/// Go accepts a certificate that is itself in the pool, whatever it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_self_signed_certificate_that_is_listed() {
    let pki = Pki::new();
    let (listed, other) = (self_signed("prometheus"), self_signed("prometheus"));
    let directory =
        pki.directory_with("  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: client.pem\n");
    std::fs::write(directory.path().join("client.pem"), &listed.certificate).unwrap();
    let lone = Lone::in_directory(directory, &["--web.config.file", "web.yml"]);
    assert!(with(&pki, &lone, &listed).await);
    assert!(!with(&pki, &lone, &other).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_every_kind() {
    let pki = Pki::new();
    let lone = pki.exporter(&format!(
        "  client_auth_type: RequireAndVerifyClientCert\n{CA}  client_allowed_sans: [prometheus.example.org, 192.0.2.7, \"2001:db8::7\", ops@example.org, \"spiffe://example.org/prometheus\"]\n"
    ));
    for (name, is_allowed) in [
        (dns("prometheus.example.org"), true),
        (address("192.0.2.7"), true),
        (address("2001:db8::7"), true),
        (mail("ops@example.org"), true),
        (uri("spiffe://example.org/prometheus"), true),
        (dns("prometheus.example.com"), false),
        (dns("x.prometheus.example.org"), false),
        (dns("*.example.org"), false),
        (address("192.0.2.8"), false),
        (mail("dev@example.org"), false),
        (uri("spiffe://example.org/prometheus/x"), false),
    ] {
        let identity = pki.issue(&[dns("unrelated"), name]);
        assert_eq!(with(&pki, &lone, &identity).await, is_allowed, "{}", identity.certificate);
    }
    assert!(!with(&pki, &lone, &pki.issue(&[])).await);
    assert!(!with(&pki, &lone, &Pki::new().issue(&[dns("prometheus.example.org")])).await);
}

/// The list means nothing to a client that shows no certificate, so it must show one.
#[tokio::test(flavor = "multi_thread")]
async fn names_make_a_certificate_necessary() {
    let pki = Pki::new();
    let names = "  client_allowed_sans: [prometheus.example.org]\n";
    let lone = pki.exporter(&format!("  client_auth_type: VerifyClientCertIfGiven\n{CA}{names}"));
    assert!(!admitted(&pki, &lone, pki.client_config(&[])).await);
    assert!(with(&pki, &lone, &pki.issue(&[dns("prometheus.example.org")])).await);
}
