//! Responses and the errors they become.

use std::io::Write as _;
use std::time::Duration;

use pve_exporter::api::Answer;
use pve_exporter::config::ClientOptions;
use pve_exporter::contract::FetchErrorKind;

use super::server::{Asker, Reply, Server, module, module_of};

const JSON: &str = "application/json;charset=UTF-8";

#[tokio::test]
async fn data_is_handed_over_as_it_came() {
    let server = Server::start(|_| Reply::json(r#"{"total":1, "data" : [ {"a":"ü\u00e4"} , 1e3 ] ,"x":null}"#)).await;
    let asker = Asker::of(&server, "");
    let answer = asker.get("/nodes/pve1/status?full=1").await.unwrap();
    assert_eq!(answer.data(), r#"[ {"a":"ü\u00e4"} , 1e3 ]"#);
    assert_eq!(answer.clone().data(), answer.data());
    let seen = &server.seen()[0];
    assert_eq!(seen.path(), "/nodes/pve1/status?full=1");
    assert_eq!(seen.header("authorization"), Some("PVEAPIToken=p@pve!x=sesame"));
    assert_eq!((seen.header("cookie"), seen.header("accept-encoding")), (None, Some("gzip")));
    assert_eq!(asker.log.lines(), ["/nodes/pve1/status?full=1 200"]);
}

#[tokio::test]
async fn the_prefix_stands_before_the_root() {
    let server = Server::start(|seen| {
        assert!(seen.head.starts_with("GET /pve/api2/json/version HTTP/1.1\n"), "{}", seen.head);
        Reply::json(r#"{"data":{}}"#)
    })
    .await;
    assert_eq!(Asker::of(&server, "path_prefix: pve").get("/version").await.unwrap().data(), "{}");
}

/// Status lines that Proxmox VE 7 to 9 send.
#[tokio::test]
async fn the_status_line_says_what_is_wrong() {
    use FetchErrorKind::{Forbidden, Malformed, NotFound, Unavailable};
    let token = ": check user, token_name and token_value (or password) in the configuration";
    let role = ": grant the role PVEAuditor on / to the user and, with privilege separation, to the token as well";
    let node = ": the node behind the API did not answer";
    let moved = ": redirects are not followed; set target and path_prefix to the API's location";
    let cases = [
        ("400 Parameter verification failed.", Unavailable, ""),
        ("401 invalid token value!", Forbidden, token),
        ("401 no such token 'exporter' for user 'prom@pve'", Forbidden, token),
        ("401 No ticket", Forbidden, token),
        ("403 Permission check failed (/, Sys.Audit)", Forbidden, role),
        (
            "404 no such file '/x/version'",
            NotFound,
            ": the API is not at this path; check target, port and path_prefix",
        ),
        ("500 binary not installed: /usr/bin/ceph-mon", Unavailable, ""),
        ("500 cluster not ready - no quorum?", Unavailable, ""),
        ("500 Configuration file 'nodes/pve1/qemu-server/100.conf' does not exist", NotFound, ""),
        ("501 Method 'GET /cluster/metrics/export' not implemented", NotFound, ""),
        (
            "500 pool 'archive' does not exist",
            Unavailable,
            ": a backup job names a pool that was removed; change the job under Datacenter, Backup",
        ),
        ("595 No route to host", Unavailable, node),
        ("595 Connection refused", Unavailable, node),
        ("596 Connection timed out", Unavailable, node),
        ("596 tls_process_server_certificate: certificate verify failed", Unavailable, node),
        ("599 Too many redirections", Unavailable, node),
        ("301 Moved Permanently", Malformed, moved),
    ];
    for (line, kind, remedy) in cases {
        let server = Server::start(move |_| Reply {
            close: true,
            ..Reply::status(line, JSON, br#"{"data":null,"message":"other words\n"}"#)
        })
        .await;
        let asker = Asker::of(&server, "");
        let error = asker.error("/version").await;
        assert_eq!((error.kind, error.detail.as_str()), (kind, format!("{line}{remedy}").as_str()));
        assert_eq!(error.status.map(|status| status.to_string()).as_deref(), line.get(..3));
        assert_eq!(asker.log.lines(), [format!("/version {}", &line[..3])]);
        assert_eq!(server.seen().len(), 1, "{line} was asked again");
    }
}

/// Proxies replace the reason phrase, and HTTP/2 has none.
#[tokio::test]
async fn the_body_says_what_a_usual_status_line_does_not() {
    let gone = "Configuration file 'nodes/pve1/qemu-server/100.conf' does not exist";
    let message = format!(r#"{{"data":null,"message":"{gone}\n"}}"#);
    let cases = [
        ("500 Internal Server Error", message.as_str(), FetchErrorKind::NotFound, gone),
        ("500", message.as_str(), FetchErrorKind::NotFound, gone),
        (
            "400 Bad Request",
            r#"{"message":"Parameter verification failed.","errors":{"full":"type check failed"}}"#,
            FetchErrorKind::Unavailable,
            "Parameter verification failed.; full: type check failed",
        ),
        ("500 Internal Server Error", r#"{"data":null}"#, FetchErrorKind::Unavailable, "Internal Server Error"),
        // The phrase is the API's.
        ("500 no quorum!", message.as_str(), FetchErrorKind::Unavailable, "no quorum!"),
    ];
    for (line, body, kind, words) in cases {
        let body = body.to_owned();
        let server = Server::start(move |_| Reply::status(line, JSON, body.as_bytes())).await;
        let error = Asker::of(&server, "").error("/version").await;
        assert_eq!((error.kind, error.detail.as_str()), (kind, format!("{} {words}", &line[..3]).as_str()), "{line}");
    }
}

/// Another web server, or a proxy that answers itself.
#[tokio::test]
async fn what_is_not_the_api_is_recognised() {
    use FetchErrorKind::{Malformed, Unavailable};
    for (line, content_type, kind, remedy) in [
        ("404 Not Found", "text/plain", Malformed, "check target, port and path_prefix"),
        ("404 Not Found", "text/html", Malformed, "check target, port and path_prefix"),
        ("429 Too Many Requests", "text/html", Unavailable, "limits its rate"),
        ("502 Bad Gateway", "text/html", Unavailable, "check the proxy"),
        ("503 Service Unavailable", "text/plain", Unavailable, "check the proxy"),
        ("504 Gateway Time-out", "text/html", Unavailable, "check the proxy"),
        ("302 Found", "text/html", Malformed, "set target and path_prefix"),
    ] {
        let server = Server::start(move |_| Reply::status(line, content_type, b"<html>go away")).await;
        let error = Asker::of(&server, "").error("/version").await;
        assert!(error.detail.contains(remedy), "{line}: {}", error.detail);
        assert_eq!(error.kind, kind, "{line}");
    }
}

/// An error's body that never ends does not keep the request waiting.
#[tokio::test]
async fn the_body_of_an_error_may_be_missing() {
    let server = Server::start(|_| Reply {
        bytes: b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 100\r\n\r\n{".to_vec(),
        ..Reply::default()
    })
    .await;
    let error = Asker::of(&server, "").error("/version").await;
    assert_eq!(error.detail, "500 Internal Server Error");
}

#[tokio::test]
async fn control_characters_do_not_reach_the_log() {
    let server = Server::start(|_| Reply::raw(b"HTTP/1.1 500 a\tb\r\nContent-Length: 0\r\n\r\n")).await;
    assert_eq!(Asker::of(&server, "").error("/version").await.detail, "500 a b");
}

#[tokio::test]
async fn what_is_no_answer_is_malformed() {
    let cases: [(&str, &[u8], &str); 9] = [
        (
            "text/html",
            b"<!DOCTYPE html><html>Login",
            "the response is an HTML page, not JSON: is there a proxy or a login",
        ),
        (JSON, b"\n <html>", "the response is an HTML page, not JSON"),
        (JSON, br#"{"data":[{"a":1},{"#, "the JSON ends too early, after 18 bytes"),
        (JSON, br#"{"data":null}"#, "the response has no data (missing or null)"),
        (JSON, br#"{"errors":{}}"#, "the response has no data (missing or null)"),
        (JSON, b"", "the response is empty"),
        (JSON, br#"{"data":[1,]}"#, "the response is not the API's JSON"),
        ("text/plain", b"Unexpected content", "the response is not the API's JSON"),
        (JSON, b"{\"data\":\"\xff\"}", "the response is not UTF-8 at byte 9"),
    ];
    for (content_type, body, detail) in cases {
        let server = Server::start(move |_| Reply::status("200 OK", content_type, body)).await;
        let error = Asker::of(&server, "").error("/version").await;
        assert_eq!((error.kind, error.status), (FetchErrorKind::Malformed, Some(200)), "{detail}");
        assert!(error.detail.starts_with(detail), "{} is not {detail}", error.detail);
    }
}

#[test]
fn answers_are_checked_to_the_end() {
    for bad in [r#"{"data":1}x"#, r#"{"data":1,"data":2}"#, r#"[1]"#, r#"{"x":[1 2],"data":1}"#, "null", "\u{feff}{}"] {
        assert_eq!(Answer::parse(bad.as_bytes().to_vec(), JSON).unwrap_err().kind, FetchErrorKind::Malformed, "{bad}");
    }
    // Deep nesting does not overflow the stack.
    let deep = format!("{{\"data\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(Answer::parse(deep.into_bytes(), JSON).map(|answer| answer.data().len()).ok(), Some(200_000));
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn compressed(body: &[u8]) -> Reply {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.len());
    Reply { bytes: [head.as_bytes(), body].concat(), ..Reply::default() }
}

#[tokio::test]
async fn compressed_answers_are_opened() {
    let text = format!(r#"{{"data":"{}"}}"#, "x".repeat(1 << 20));
    let body = gzip(text.as_bytes());
    let server = Server::start({
        let body = body.clone();
        move |_| compressed(&body)
    })
    .await;
    assert_eq!(Asker::of(&server, "").get("/version").await.unwrap().data().len(), (1 << 20) + 2);

    let mut broken = body;
    let end = broken.len() - 8;
    broken[end] ^= 0xff;
    let server = Server::start(move |_| compressed(&broken)).await;
    let error = Asker::of(&server, "").error("/version").await;
    assert_eq!(error.kind, FetchErrorKind::Malformed, "{}", error.detail);
    assert!(error.detail.contains("can't be decompressed"), "{}", error.detail);
}

#[tokio::test]
async fn the_cap_is_on_what_is_held() {
    let text = format!(r#"{{"data":"{}"}}"#, "x".repeat(100_000));
    let replies = [
        Reply::json(&text),
        compressed(&gzip(text.as_bytes())),
        // Without a length: the body ends with the connection.
        Reply::raw(format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{text}").as_bytes()),
        // With a false length, for which no memory may be reserved.
        Reply::raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n{}"),
    ];
    for reply in replies {
        let server = Server::start(move |_| reply.clone()).await;
        let module = module(&format!("verify_ssl: false, target: '{}'", server.address));
        let asker = Asker::new(&module, ClientOptions { max_body: 100_000, ..ClientOptions::default() });
        let error = asker.error("/version").await;
        assert_eq!(error.kind, FetchErrorKind::TooLarge);
        assert!(
            error.detail.ends_with("the response is longer than 100000 bytes (--api.max-body)"),
            "{}",
            error.detail
        );
        assert_eq!(asker.log.lines(), ["/version body"]);
        let asker = Asker::new(&module, ClientOptions { max_body: 100_011, ..ClientOptions::default() });
        assert_ne!(asker.get("/version").await.map_err(|error| error.kind).err(), Some(FetchErrorKind::Forbidden));
    }
}

#[tokio::test]
async fn a_broken_body_is_not_an_answer() {
    let server = Server::start(|_| Reply::raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"data\":1}")).await;
    let asker = Asker::of(&server, "");
    let error = asker.error("/version").await;
    assert_eq!(error.kind, FetchErrorKind::Unavailable);
    assert!(error.detail.contains("the connection was closed in the middle of the response"), "{}", error.detail);
    assert_eq!((server.seen().len(), asker.log.lines()), (1, vec!["/version body".to_owned()]));

    let server = Server::start(|_| Reply::raw(b"SSH-2.0-OpenSSH\r\n\r\n")).await;
    let error = Asker::of(&server, "").error("/version").await;
    assert_eq!(error.kind, FetchErrorKind::Malformed);
    assert!(error.detail.contains("the response is not HTTP"), "{}", error.detail);
}

/// The seconds that an error says the request took, after these words.
fn seconds(detail: &str, words: &str) -> f64 {
    let (_, rest) = detail.split_once(words).unwrap_or_else(|| panic!("{detail}"));
    rest.split(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn time_runs_out_at_the_modules_time_out_or_the_deadline() {
    let slow = Duration::from_secs(30);
    let server = Server::start(move |_| Reply::json(r#"{"data":1}"#).after(slow)).await;
    let asker = Asker::of(&server, "timeout: 0.9");
    let error = asker.error("/version").await;
    assert_eq!(error.kind, FetchErrorKind::TimedOut);
    // More than the timeout on a busy machine, but not what the response takes.
    assert!(seconds(&error.detail, ": no response within ") < 20.0, "{}", error.detail);
    assert_eq!(asker.log.lines(), ["/version timed_out"]);

    let asker = Asker::of(&server, "timeout: 10");
    let start = std::time::Instant::now();
    let error = asker.get_within("/version", Duration::from_millis(200)).await.unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::TimedOut);
    assert!(start.elapsed() < Duration::from_secs(5));

    let server = Server::start(|_| Reply {
        bytes: b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_vec(),
        ..Reply::default()
    })
    .await;
    let error = Asker::of(&server, "timeout: 0.9").error("/version").await;
    assert!(seconds(&error.detail, ": only a part of the response within ") < 20.0, "{}", error.detail);
}

/// What a debugging proxy does. The tokens of these tests end in `sesame`, this one is as long as Proxmox VE's.
#[tokio::test]
async fn secrets_that_come_back_are_not_shown() {
    const SECRET: &str = "01234567-89ab-cdef-0123-456789abcdef";
    let keys = |server: &Server| format!("token: p@pve!x={SECRET}, verify_ssl: false, target: '{}'", server.address);
    let upper = SECRET.to_ascii_uppercase();
    let page = format!("<html>{}PVEAPIToken=p@pve!x={SECRET}", "x".repeat(30));
    let cases = [
        head_of(&format!("401 PVEAPIToken=p@pve!x={SECRET}")),
        head_of(&format!("500 {}{upper}", "x".repeat(290))),
        Reply::status("200 OK", &format!("text/{SECRET}"), b"no JSON"),
        Reply::status("200 OK", "text/html", page.as_bytes()),
        Reply::json(&format!("\"{SECRET}\"")),
        Reply::json(&format!(r#"{{"data":[{{"name":"{SECRET}"}}]}}"#)),
    ];
    for reply in cases {
        let server = Server::start(move |_| Reply { close: true, ..reply.clone() }).await;
        let asker = Asker::new(&module_of(&keys(&server)), ClientOptions::default());
        let error = asker.error("/version").await;
        let lower = error.detail.to_ascii_lowercase();
        assert!(!lower.contains("01234567") && !lower.contains("89ab"), "{}", error.detail);
    }
    // The ticket of a login as well.
    let server = Server::start(|seen| match seen.head.starts_with("POST") {
        true => Reply::json(r#"{"data":{"ticket":"PVE:p@pve:0123456789"}}"#),
        false => head_of(&format!("500 {}", seen.header("cookie").unwrap())),
    })
    .await;
    let keys = format!("user: p@pve, password: sesame, verify_ssl: false, target: '{}'", server.address);
    let error = Asker::new(&module_of(&keys), ClientOptions::default()).error("/version").await;
    assert_eq!(error.detail, "500 PVEAuthCookie=<secret>");
}

fn head_of(status: &str) -> Reply {
    Reply::raw(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").as_bytes())
}

#[tokio::test]
async fn what_a_server_says_is_escaped_and_short() {
    let reason = format!("500 a\u{1b}]0;x\u{9b}31m\u{202e}{}", "x".repeat(5000));
    let server = Server::start(move |_| head_of(&reason)).await;
    let detail = Asker::of(&server, "").error("/version").await.detail;
    assert!(detail.chars().count() < 1100 && !detail.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{detail}");
}
