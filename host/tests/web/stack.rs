//! What concerns every request: counting, security headers, error responses.

use harness::client;
use reqwest::Method;

use super::support::Lone;

/// Method, path, status and the handler it counts under.
const REQUESTS: [(Method, &str, u16, &str); 12] = [
    (Method::GET, "/", 200, "status"),
    (Method::HEAD, "/", 200, "status"),
    (Method::GET, "/sd", 200, "sd"),
    (Method::GET, "/-/healthy", 200, "healthy"),
    (Method::GET, "/-/ready", 200, "ready"),
    (Method::POST, "/-/reload", 200, "reload"),
    (Method::GET, "/-/reload", 405, "reload"),
    (Method::DELETE, "/metrics", 405, "metrics"),
    (Method::GET, "/metrics?module=nowhere", 400, "metrics"),
    (Method::GET, "/pve?module=nowhere", 400, "pve"),
    (Method::GET, "/wp-login.php", 404, "other"),
    (Method::POST, "/%0A\"}", 404, "other"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_request_is_counted_by_route_and_status() {
    let lone = Lone::start(&[]);
    for (method, path, status, _) in &REQUESTS {
        let response = client().request(method.clone(), lone.exporter.url(path)).send().await.unwrap();
        assert_eq!(response.status(), *status, "{method} {path}");
    }
    let metrics = lone.metrics().await;
    for (_, path, status, handler) in &REQUESTS {
        let counted = REQUESTS.iter().filter(|(_, _, s, h)| s == status && h == handler).count();
        let series = format!("pve_exporter_http_requests_total{{code=\"{status}\",handler=\"{handler}\"}}");
        assert_eq!(metrics.value(&series), Some(counted as f64), "{path}: {series}");
    }
    let handlers = ["metrics", "pve", "sd", "status", "reload", "healthy", "ready", "other"];
    for sample in metrics.samples("pve_exporter_http_requests_total") {
        assert!(handlers.iter().any(|handler| sample.contains(&format!("handler=\"{handler}\""))), "{sample}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_response_has_security_headers() {
    let lone = Lone::start(&[]);
    for (method, path, ..) in &REQUESTS {
        let response = client().request(method.clone(), lone.exporter.url(path)).send().await.unwrap();
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let policy = header("content-security-policy").unwrap_or_else(|| panic!("{method} {path}"));
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(header("x-content-type-options").as_deref(), Some("nosniff"), "{method} {path}");
        assert_eq!(header("x-frame-options").as_deref(), Some("DENY"), "{method} {path}");
        assert_eq!(header("referrer-policy").as_deref(), Some("no-referrer"), "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_plain_text() {
    let lone = Lone::start(&[]);
    for (path, text) in [
        ("/pve?module=nowhere", "Module 'nowhere' not found in config"),
        ("/metrics?module=default", "Module 'default' names no target; add `target:` to it, or use /pve?target="),
        ("/nothing", "not found; see / for what there is\n"),
    ] {
        let response = lone.get(path).await;
        assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8", "{path}");
        assert_eq!(response.text().await.unwrap(), text);
    }
    let response = client().put(lone.exporter.url("/metrics")).send().await.unwrap();
    assert_eq!(response.headers()["allow"], "GET,HEAD");
    assert_eq!(response.text().await.unwrap(), "method not allowed\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_style_sheet_is_the_one_the_policy_allows() {
    use base64::Engine as _;
    use sha2::Digest as _;
    let response = Lone::start(&[]).get("/").await;
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    let page = response.text().await.unwrap();
    let (_, rest) = page.split_once("<style>").unwrap();
    let (style, _) = rest.split_once("</style>").unwrap();
    let digest = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(style));
    assert!(policy.contains(&format!("style-src 'sha256-{digest}'")), "{policy}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_page_escapes_what_comes_from_outside() {
    let collectors = tempfile::tempdir().unwrap();
    std::fs::write(collectors.path().join("<img src=x onerror='alert(1)'>.wasm"), "not a component").unwrap();
    let lone = Lone::start(&["--collectors.directory", collectors.path().to_str().unwrap()]);
    let page = lone.get("/").await.text().await.unwrap();
    assert!(page.contains("&lt;img src=x onerror='alert(1)'&gt;"), "{page}");
    assert!(!page.contains("<img"), "{page}");
}
