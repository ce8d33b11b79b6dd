//! `tls_server_config` on the wire: versions, cipher suites, curves, HTTP/2, and files that change.

use harness::wait_for;
use reqwest::Version;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{CipherSuite, ClientConfig, NamedGroup, ProtocolVersion, SupportedCipherSuite};
use tokio::io::AsyncWriteExt as _;

use super::pki::Pki;
use super::support::{GET, Lone, read_to_end};

/// What a client with all that rustls has, in its order of preference, agrees on.
async fn agreed(pki: &Pki, lone: &Lone) -> (ProtocolVersion, CipherSuite, NamedGroup) {
    let stream = pki.connect(lone.exporter.address, pki.client_config(&[])).await.unwrap();
    let (_, session) = stream.get_ref();
    let (version, suite) = (session.protocol_version().unwrap(), session.negotiated_cipher_suite().unwrap().suite());
    (version, suite, session.negotiated_key_exchange_group().unwrap().name())
}

#[tokio::test(flavor = "multi_thread")]
async fn versions() {
    let pki = Pki::new();
    let lone = pki.exporter("");
    assert_eq!(agreed(&pki, &lone).await.0, ProtocolVersion::TLSv1_3);
    let lone = pki.exporter("  max_version: TLS12\n");
    assert_eq!(agreed(&pki, &lone).await.0, ProtocolVersion::TLSv1_2);
    let lone = pki.exporter("  min_version: TLS13\n");
    let roots = pki.client_config(&[]);
    let old = ClientConfig::builder_with_protocol_versions(&[&rustls::version::TLS12]);
    let old = old.with_root_certificates(pki.roots()).with_no_client_auth();
    assert!(pki.connect(lone.exporter.address, old).await.is_err());
    assert!(pki.connect(lone.exporter.address, roots).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn cipher_suites_in_the_servers_order_or_the_clients() {
    use CipherSuite::{
        TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 as AES, TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 as CHACHA,
    };
    let pki = Pki::new();
    let two = "  max_version: TLS12\n  cipher_suites:\n  - TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256\n  - TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384\n";
    // rustls's clients prefer AES.
    let lone = pki.exporter(two);
    assert_eq!(agreed(&pki, &lone).await.1, CHACHA);
    let lone = pki.exporter(&format!("{two}  prefer_server_cipher_suites: false\n"));
    assert_eq!(agreed(&pki, &lone).await.1, AES);
    let mut provider = rustls::crypto::ring::default_provider();
    let listed = |suite: &SupportedCipherSuite| suite.suite() == AES || suite.suite() == CHACHA;
    provider.cipher_suites.retain(|suite| !listed(suite));
    let others = ClientConfig::builder_with_provider(provider.into()).with_safe_default_protocol_versions().unwrap();
    let others = others.with_root_certificates(pki.roots()).with_no_client_auth();
    assert!(pki.connect(lone.exporter.address, others).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_not_supported_are_ignored_with_a_warning() {
    let pki = Pki::new();
    let lone = pki.exporter(
        "  min_version: TLS10\n  cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA]\n  curve_preferences: [CurveP521, CurveP384]\n",
    );
    let (version, _, group) = agreed(&pki, &lone).await;
    assert_eq!((version, group), (ProtocolVersion::TLSv1_3, NamedGroup::secp384r1));
    let log = lone.exporter.log_with("TLS 1.0 and 1.1 are not supported");
    assert!(log.contains("not supported and ignored: TLS_RSA_WITH_AES_128_CBC_SHA"), "{log}");
    assert!(log.contains("CurveP521 is not supported and ignored"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn http_2_unless_it_is_off() {
    let pki = Pki::new();
    let alpn: [&[u8]; 2] = [b"h2", b"http/1.1"];
    for (http2, expected) in [("true", alpn[0]), ("false", alpn[1])] {
        let lone = pki.exporter(&format!("http_server_config:\n  http2: {http2}\n"));
        let stream = pki.connect(lone.exporter.address, pki.client_config(&alpn)).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(expected));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn http_2_serves_what_http_1_does() {
    let pki = Pki::new();
    let lone = pki.exporter("");
    let stream = pki.connect(lone.exporter.address, pki.client_config(&[b"h2"])).await.unwrap();
    let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    for (path, status) in [("/metrics", 200), ("/-/healthy", 200), ("/nothing", 404)] {
        let request = hyper::http::Request::get(format!("https://localhost{path}")).body(()).unwrap();
        let (response, _) = client.send_request(request, true).unwrap();
        let response = response.await.unwrap();
        assert_eq!((response.status().as_u16(), response.version()), (status, Version::HTTP_2), "{path}");
        assert!(response.headers().contains_key("content-security-policy"));
        let (mut body, mut length) = (response.into_body(), 0);
        while let Some(data) = body.data().await {
            let data = data.unwrap();
            length += data.len();
            body.flow_control().release_capacity(data.len()).unwrap();
        }
        assert!(length > 0, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_on_an_https_port() {
    let pki = Pki::new();
    let lone = pki.exporter("");
    let mut stream = lone.connect().await;
    stream.write_all(GET).await.unwrap();
    let response = read_to_end(&mut stream).await;
    assert!(response.starts_with("HTTP/1.0 400 Bad Request\r\n") && response.contains("HTTPS"), "{response}");
    assert_eq!(pki.closed(&lone, "handshake").await, 1.0);
}

/// The exporter's certificate as a new connection sees it.
async fn certificate(pki: &Pki, lone: &Lone) -> Option<CertificateDer<'static>> {
    let stream = pki.connect(lone.exporter.address, pki.client_config(&[])).await.ok()?;
    Some(stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned())
}

async fn until_certificate(pki: &Pki, lone: &Lone, expected: &str) {
    let expected = CertificateDer::from_pem_slice(expected.as_bytes()).unwrap();
    let served = async {
        while certificate(pki, lone).await.as_ref() != Some(&expected) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(harness::PATIENCE, served).await.expect("the certificate is never served");
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_read_again_when_they_change() {
    let pki = Pki::new();
    let renewed = pki.issue(&[super::pki::dns("localhost")]);
    for flags in
        [&["--web.config.file", "web.yml"][..], &["--server.certfile=server.pem", "--server.keyfile=server.key"]]
    {
        let lone = Lone::in_directory(pki.directory(), flags);
        until_certificate(&pki, &lone, &pki.server.certificate).await;
        // The certificate without its key is no pair: the previous one stays.
        std::fs::write(lone.path("server.pem"), &renewed.certificate).unwrap();
        let log = lone.exporter.log_with("web configuration not reloaded, the previous one stays in use");
        assert!(log.contains("can't be used with the certificate"), "{log}");
        until_certificate(&pki, &lone, &pki.server.certificate).await;
        let failed = pki.get(&lone, pki.client_config(&[]), "/metrics").await.unwrap();
        assert!(failed.contains("\npve_exporter_web_config_last_reload_successful 0\n"), "{failed}");
        std::fs::write(lone.path("server.key"), &renewed.key).unwrap();
        until_certificate(&pki, &lone, &renewed.certificate).await;
        let repaired = pki.get(&lone, pki.client_config(&[]), "/metrics").await.unwrap();
        assert!(repaired.contains("\npve_exporter_web_config_last_reload_successful 1\n"), "{repaired}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_can_be_switched_on_without_a_restart() {
    let pki = Pki::new();
    let directory = pki.directory();
    let tls = std::fs::read_to_string(directory.path().join("web.yml")).unwrap();
    std::fs::write(directory.path().join("web.yml"), "").unwrap();
    let lone = Lone::in_directory(directory, &["--web.config.file", "web.yml"]);
    assert_eq!(lone.get("/-/healthy").await.status(), 200);
    std::fs::write(lone.path("web.yml"), tls).unwrap();
    until_certificate(&pki, &lone, &pki.server.certificate).await;
    wait_for("the log", || lone.exporter.log().contains("web configuration reloaded").then_some(()));
}
