//! Who may reload: whoever can only be the operator.

use harness::client;
use reqwest::StatusCode;

use super::pki::{HASH, PASSWORD};
use super::support::Lone;

async fn reload(lone: &Lone, headers: &[(&str, &str)]) -> (StatusCode, String) {
    let mut request = client().post(lone.exporter.url("/-/reload"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    (response.status(), response.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_can_reload() {
    let lone = Lone::start(&[]);
    let own = format!("http://{}", lone.exporter.address);
    for headers in [
        &[("Origin", "https://evil.example"), ("Content-Type", "text/plain")][..],
        &[("Origin", "null")],
        // A name of the attacker's that resolves to the exporter's address.
        &[("Origin", "http://evil.example:9221"), ("Host", "evil.example:9221")],
        &[("Origin", &own)],
        &[("Sec-Fetch-Site", "cross-site")],
        &[("Sec-Fetch-Site", "same-site")],
    ] {
        let (status, text) = reload(&lone, headers).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{headers:?}");
        assert!(text.contains("browser"), "{text}");
    }
    // What `curl -X POST` and `curl -d ''` send.
    assert_eq!(reload(&lone, &[("User-Agent", "curl/8.0"), ("Accept", "*/*")]).await.0, StatusCode::OK);
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    assert_eq!(reload(&lone, &form).await.0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn reloads_are_off_where_anybody_could_ask() {
    let open = ["--web.listen-address", "0.0.0.0:0"];
    let lone = Lone::start(&open);
    let (status, text) = reload(&lone, &[]).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(text.contains("--web.enable-lifecycle"), "{text}");
    let lone = Lone::start(&[&open[..], &["--web.enable-lifecycle"]].concat());
    assert_eq!(reload(&lone, &[]).await.0, StatusCode::OK);
    let lone = Lone::start(&["--no-web.enable-lifecycle"]);
    assert_eq!(reload(&lone, &[]).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn reloads_are_on_where_clients_authenticate() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("web.yml"), format!("basic_auth_users:\n  alice: {HASH}\n")).unwrap();
    let arguments = ["--web.listen-address", "0.0.0.0:0", "--web.config.file", "web.yml"];
    let lone = Lone::in_directory(directory, &arguments);
    assert_eq!(reload(&lone, &[]).await.0, StatusCode::UNAUTHORIZED);
    let request = client().post(lone.exporter.url("/-/reload")).basic_auth("alice", Some(PASSWORD));
    assert_eq!(request.send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_reports_mistakes_of_the_web_configuration() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("web.yml"), "").unwrap();
    let lone = Lone::in_directory(directory, &["--web.config.file", "web.yml"]);
    assert_eq!(reload(&lone, &[]).await.0, StatusCode::OK);
    std::fs::write(lone.path("web.yml"), "tls_server_config:\n  min_version: TLS9\n").unwrap();
    let (status, text) = reload(&lone, &[]).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(text.contains("web configuration not reloaded, the previous one stays in use"), "{text}");
    assert!(text.contains("web.yml:2:3: tls_server_config.min_version: unknown value; write one of TLS10"), "{text}");
}
