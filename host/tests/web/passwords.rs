//! `basic_auth_users`, `rate_limit` and `headers`, over plain HTTP.

use harness::{client, wait_for};
use reqwest::StatusCode;

use super::pki::{HASH, PASSWORD};
use super::support::Lone;

/// 2^12 rounds: 200 ms of one processor and more.
const EXPENSIVE: &str = "$2y$12$abcdefghijklmnopqrstuuFDJRuYeKkCzo3Wy7h8SxhBSHBAHiPK2";

fn start(web: &str) -> Lone {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("web.yml"), web).unwrap();
    Lone::in_directory(directory, &["--web.config.file", "web.yml"])
}

async fn get(lone: &Lone, path: &str, user: &str, password: &str) -> reqwest::Response {
    client().get(lone.exporter.url(path)).basic_auth(user, Some(password)).send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_path_needs_a_password() {
    let lone = start(&format!("basic_auth_users:\n  alice: {HASH}\n"));
    for path in ["/", "/metrics", "/pve", "/sd", "/-/healthy", "/-/ready", "/-/reload", "/nothing"] {
        let response = lone.get(path).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{path}");
        assert!(response.headers()["www-authenticate"].to_str().unwrap().starts_with("Basic"), "{path}");
    }
    for (user, password, status) in
        [("alice", PASSWORD, 200), ("alice", "wrong", 401), ("bob", PASSWORD, 401), ("alice", "", 401), ("", "", 401)]
    {
        // Remembered, the verdict is the same.
        for _ in 0..2 {
            assert_eq!(get(&lone, "/-/healthy", user, password).await.status(), status, "{user} {password}");
        }
    }
    let metrics = get(&lone, "/metrics", "alice", PASSWORD).await.text().await.unwrap();
    assert!(metrics.contains("pve_exporter_http_requests_total{code=\"401\",handler=\"metrics\"} 1\n"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_hashed_once() {
    let lone = start(&format!("basic_auth_users:\n  alice: {EXPENSIVE}\n"));
    let spent = async |user: &str, password: &str, times: usize| {
        let before = lone.exporter.resources().cpu;
        let status = if (user, password) == ("alice", PASSWORD) { 200 } else { 401 };
        for _ in 0..times {
            assert_eq!(get(&lone, "/-/healthy", user, password).await.status(), status);
        }
        lone.exporter.resources().cpu - before
    };
    let right = spent("alice", PASSWORD, 1).await;
    let wrong = spent("alice", "wrong", 1).await;
    let unknown = spent("nobody", PASSWORD, 1).await;
    let repeated = spent("alice", PASSWORD, 20).await + spent("alice", "wrong", 20).await;
    // An unknown user costs as much as a wrong password: the time tells nothing.
    let hash = right.min(wrong).min(unknown);
    assert!(hash > right.max(wrong).max(unknown) / 3, "right {right:?}, wrong {wrong:?}, unknown {unknown:?}");
    assert!(repeated < hash, "40 requests {repeated:?}, one hash {hash:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn users_change_without_a_restart() {
    let lone = start("");
    assert_eq!(lone.get("/-/healthy").await.status(), 200);
    std::fs::write(lone.path("web.yml"), format!("basic_auth_users:\n  alice: {HASH}\n")).unwrap();
    lone.exporter.log_with("web configuration reloaded");
    assert_eq!(lone.get("/-/healthy").await.status(), 401);
    // A file that is gone or wrong opens nothing.
    std::fs::remove_file(lone.path("web.yml")).unwrap();
    lone.exporter.log_with("web configuration not reloaded");
    assert_eq!(lone.get("/-/healthy").await.status(), 401);
    assert_eq!(get(&lone, "/-/healthy", "alice", PASSWORD).await.status(), 200);
    std::fs::write(lone.path("web.yml"), "").unwrap();
    wait_for("the reload", || (lone.exporter.log().matches("web configuration reloaded").count() == 2).then_some(()));
    assert_eq!(lone.get("/-/healthy").await.status(), 200);
}

/// No password, right or wrong, and no hash is ever logged or shown.
#[tokio::test(flavor = "multi_thread")]
async fn passwords_stay_secret() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("web.yml"), format!("basic_auth_users:\n  alice: {HASH}\n")).unwrap();
    let lone = Lone::in_directory(directory, &["--web.config.file", "web.yml", "--log.level", "debug"]);
    let mut seen = get(&lone, "/-/healthy", "alice", "hunter2").await.text().await.unwrap();
    for path in ["/", "/metrics", "/sd"] {
        seen += &get(&lone, path, "alice", PASSWORD).await.text().await.unwrap();
    }
    std::fs::write(lone.path("web.yml"), "basic_auth_users:\n  alice: hunter2\n").unwrap();
    seen += &lone.exporter.log_with("is not a bcrypt hash");
    for secret in ["hunter2", PASSWORD, HASH] {
        assert!(!seen.contains(secret), "{seen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_of_requests() {
    let lone = start("rate_limit:\n  interval: 1h\n  burst: 3\n");
    assert_eq!(lone.get("/-/healthy").await.status(), 200);
    assert_eq!(lone.get("/nothing").await.status(), 404);
    // A reload does not fill the bucket.
    let reload = client().post(lone.exporter.url("/-/reload")).send().await.unwrap();
    assert_eq!(reload.status(), 200);
    let refused = lone.get("/metrics").await;
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key("content-security-policy"));
    std::fs::write(lone.path("web.yml"), "").unwrap();
    wait_for("the reload", || (lone.exporter.log().matches("web configuration reloaded").count() == 2).then_some(()));
    let metrics = lone.metrics().await;
    let counted = metrics.value("pve_exporter_http_requests_total{code=\"429\",handler=\"metrics\"}");
    assert_eq!(counted, Some(1.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn configured_headers_replace_the_exporters() {
    let lone = start(
        "http_server_config:\n  headers:\n    X-Frame-Options: sameorigin\n    Strict-Transport-Security: max-age=60\n    X-XSS-Protection: 1\n",
    );
    let headers = lone.get("/").await.headers().clone();
    assert_eq!(headers["x-frame-options"], "sameorigin");
    assert_eq!(headers["strict-transport-security"], "max-age=60");
    assert_eq!(headers["x-xss-protection"], "1");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    // The policy would win over X-Frame-Options.
    assert!(headers["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'self'"));
    let lone = start("http_server_config:\n  headers:\n    Content-Security-Policy: \"\"\n");
    assert!(!lone.get("/").await.headers().contains_key("content-security-policy"));
}
