//! The real Prometheus scrapes with a password and a client certificate.

use harness::Prometheus;

use super::pki::{HASH, PASSWORD, Pki, dns};
use super::support::Lone;

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_scrapes_with_password_and_certificate() {
    if !Prometheus::is_installed() {
        return;
    }
    let pki = Pki::new();
    let directory = pki.directory_with(&format!(
        "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: authority.pem\n  client_allowed_sans: [prometheus.example.org]\nbasic_auth_users:\n  alice: {HASH}\n"
    ));
    let client = pki.issue(&[dns("prometheus.example.org")]);
    std::fs::write(directory.path().join("client.pem"), &client.certificate).unwrap();
    std::fs::write(directory.path().join("client.key"), &client.key).unwrap();
    let lone = Lone::in_directory(directory, &["--web.config.file", "web.yml"]);
    let path = |name: &str| lone.path(name).display().to_string();
    let (ca, certificate, key) = (path("authority.pem"), path("client.pem"), path("client.key"));
    let tls = format!("ca_file: {ca}, server_name: localhost");
    let identity = format!("cert_file: {certificate}, key_file: {key}");
    let address = lone.exporter.address;
    let job = |name: &str, tls: &str, password: &str| {
        format!(
            "  - job_name: {name}\n    scheme: https\n    tls_config: {{ {tls} }}\n    basic_auth: {{ username: alice, password: {password} }}\n    static_configs: [{{ targets: ['{address}'] }}]\n"
        )
    };
    let jobs = [
        job("both", &format!("{tls}, {identity}"), PASSWORD),
        job("no-certificate", &tls, PASSWORD),
        job("wrong-password", &format!("{tls}, {identity}"), "wrong"),
    ];
    let prometheus = Prometheus::start(&format!("scrape_configs:\n{}", jobs.concat()));
    let scraped = |series: &[(serde_json::Value, f64)]| series.len() == 3 && series.iter().all(|(_, n)| *n >= 2.0);
    prometheus.query_until("count_over_time(up[5m])", scraped).await;
    for (job, up) in [("both", 1.0), ("no-certificate", 0.0), ("wrong-password", 0.0)] {
        let series = prometheus.query(&format!("up{{job=\"{job}\"}}")).await;
        assert_eq!(series[0].1, up, "{job}: {}", prometheus.get("targets").await);
    }
}
