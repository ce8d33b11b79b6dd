//! Connections: reuse, limits, replacement, other addresses of a cluster.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use pve_exporter::api::FetchError;
use pve_exporter::config::ClientOptions;
use pve_exporter::contract::FetchErrorKind;
use pve_exporter::request::{Place, Template};
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::server::{Asker, Reply, Server, module};

const GOOD: &str = r#"{"data":1}"#;

#[tokio::test]
async fn connections_are_kept() {
    let server = Server::start(|_| Reply::json(GOOD)).await;
    let asker = Asker::of(&server, "");
    for _ in 0..5 {
        asker.get("/version").await.unwrap();
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_kept_connection_that_died_is_replaced_once() {
    // The second request on a connection gets no answer.
    let server = Server::start(|seen| if seen.number == 1 { Reply::closed() } else { Reply::json(GOOD) }).await;
    let asker = Asker::of(&server, "");
    asker.get("/version").await.unwrap();
    asker.get("/version").await.unwrap();
    assert_eq!((server.connections(), server.seen().len()), (2, 3));
    assert_eq!(asker.log.lines(), ["/version 200", "/version connect", "/version 200"]);

    let server = Server::start(|_| Reply::closed()).await;
    let error = Asker::of(&server, "").error("/version").await;
    assert_eq!((error.kind, server.seen().len()), (FetchErrorKind::Unavailable, 2));
    assert!(error.detail.contains("the connection was closed before a response"), "{}", error.detail);
}

/// All kept connections died: the retry must not take another one of them.
#[tokio::test]
async fn dead_connections_are_replaced_by_new_ones() {
    let server = Server::start(|seen| match seen.number {
        0 => Reply { crowd: 4, ..Reply::json(GOOD) },
        _ => Reply::closed(),
    })
    .await;
    let asker = Asker::of(&server, "");
    let ask_four = || async {
        let answers = tokio::join!(asker.get("/a"), asker.get("/b"), asker.get("/c"), asker.get("/d"));
        for answer in [answers.0, answers.1, answers.2, answers.3] {
            answer.unwrap();
        }
    };
    ask_four().await;
    ask_four().await;
    assert_eq!(server.connections(), 8);
}

#[tokio::test]
async fn an_error_closes_its_connection_and_no_other() {
    let server = Server::start(|seen| match seen.number {
        0 => Reply::json(GOOD),
        _ => Reply { close: true, ..Reply::status("403 Permission check failed", "text/plain", b"") },
    })
    .await;
    let asker = Asker::of(&server, "");
    asker.get("/version").await.unwrap();
    asker.error("/version").await;
    asker.get("/version").await.unwrap();
    assert_eq!((server.connections(), server.seen().len()), (2, 3));
}

#[tokio::test]
async fn requests_in_flight_are_bounded() {
    let server = Server::start(|_| Reply { crowd: 6, ..Reply::json(GOOD) }.after(Duration::from_millis(30))).await;
    let module = module(&format!("verify_ssl: false, target: '{}', max_concurrent: 6", server.address));
    let asker = Arc::new(Asker::new(&module, ClientOptions { max_concurrent_per_node: 2, ..ClientOptions::default() }));
    let status = Template::parse("/nodes/{node}/status").unwrap();
    let tasks: Vec<_> = (0..40)
        .map(|index| {
            let path = status.bind(&Place::node(format!("node{}", index % 4))).unwrap();
            let client = asker.client.clone();
            tokio::spawn(async move { client.get(&path, Instant::now() + Duration::from_secs(20)).await.unwrap() })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!((server.seen().len(), server.peak()), (40, (6, 2)));
}

/// Sends ten requests to a node that does not answer within the time.
fn ask_slow_node(asker: &Asker, time: Duration) -> Vec<JoinHandle<FetchError>> {
    let path = Template::parse("/nodes/{node}/status").unwrap().bind(&Place::node("slow")).unwrap();
    let deadline = Instant::now() + time;
    (0..10)
        .map(|_| {
            let (client, path) = (asker.client.clone(), path.clone());
            tokio::spawn(async move { client.get(&path, deadline).await.unwrap_err() })
        })
        .collect()
}

#[tokio::test]
async fn a_slow_node_holds_up_nobody_else() {
    let server = Server::start(|seen| match seen.path().contains("slow") {
        true => Reply::json(GOOD).after(Duration::from_secs(3600)),
        false => Reply::json(GOOD),
    })
    .await;
    let module = module(&format!("verify_ssl: false, target: '{}', max_concurrent: 4", server.address));
    let limits = || ClientOptions { max_concurrent_per_node: 3, ..ClientOptions::default() };
    let asker = Asker::new(&module, limits());
    let slow = ask_slow_node(&asker, Duration::from_secs(3600));
    server.reached(3).await;
    asker.get("/nodes/fast/status").await.unwrap();
    for task in slow {
        assert!(!task.is_finished());
        task.abort();
    }

    let mut queued = 0;
    for task in ask_slow_node(&Asker::new(&module, limits()), Duration::from_millis(500)) {
        let error = task.await.unwrap();
        assert_eq!(error.kind, FetchErrorKind::TimedOut);
        queued += usize::from(error.detail.starts_with("no free slot before the deadline: other requests to slow"));
    }
    assert_eq!(queued, 7);
}

/// An address that refuses connections. Its socket does not listen, and keeps the port from being used by another test.
fn refusing() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

#[tokio::test]
async fn the_next_address_answers_and_is_remembered() {
    let server = Server::start(|_| Reply::json(GOOD)).await;
    let (_socket, refusing) = refusing();
    let module = module(&format!("verify_ssl: false, target: ['{refusing}', '{}']", server.address));
    let asker = Asker::new(&module, ClientOptions::default());
    asker.get("/version").await.unwrap();
    asker.get("/version").await.unwrap();
    assert_eq!(asker.log.lines(), ["/version connect", "/version 200", "/version 200"]);
}

#[tokio::test]
async fn an_address_that_swallows_packets_is_not_waited_for() {
    // Listens without accepting, so the TLS handshake gets no answer.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server::start(|_| Reply::json(GOOD)).await;
    let targets = format!("['{}', '{}']", silent.local_addr().unwrap(), server.address);
    // The time of a scrape with a timeout of 3 s.
    let asker = Asker::new(&module(&format!("verify_ssl: false, target: {targets}")), ClientOptions::default());
    for _ in 0..2 {
        asker.get_within("/version", Duration::from_millis(2500)).await.unwrap();
    }
    // The second request knows which address responds.
    assert_eq!(asker.log.lines(), ["/version 200", "/version timed_out", "/version 200"]);
}

#[tokio::test]
async fn a_response_is_a_response_at_any_address() {
    let first = Server::start(|_| Reply::status("595 No route to host", "text/plain", b"")).await;
    let second = Server::start(|_| Reply::json(GOOD)).await;
    let targets = format!("['{}', '{}']", first.address, second.address);
    let asker = Asker::new(&module(&format!("verify_ssl: false, target: {targets}")), ClientOptions::default());
    assert_eq!(asker.error("/version").await.status, Some(595));
    assert!(second.seen().is_empty());
}

type Failure = fn() -> Reply;

/// Discovery finds an address where the API responds, whatever others do.
#[tokio::test]
async fn discovery_tries_the_next_address() {
    let failures: [(&str, Failure); 7] = [
        ("hangs", || Reply::json(GOOD).after(Duration::from_secs(3600))),
        ("closes", Reply::closed),
        ("503", || Reply::status("503 Service Unavailable", "text/html", b"<html>")),
        ("596", || Reply::status("596 Connection timed out", "text/plain", b"")),
        ("404", || Reply::status("404 Not Found", "text/plain", b"404 page not found")),
        ("login page", || Reply::status("200 OK", "text/html", b"<html>")),
        ("no HTTP", || Reply::raw(b"SSH-2.0-OpenSSH\r\n")),
    ];
    for (name, reply) in failures {
        let first = Server::start(move |_| reply()).await;
        let second = Server::start(|_| Reply::json(GOOD)).await;
        let targets = format!("['{}', '{}']", first.address, second.address);
        let asker = Asker::new(&module(&format!("verify_ssl: false, target: {targets}")), ClientOptions::default());
        asker.discover("/cluster/status").await.unwrap_or_else(|error| panic!("{name}: {error}"));
        let seen = first.seen().len();
        // Other requests go there too.
        asker.get("/version").await.unwrap();
        assert_eq!((first.seen().len(), second.seen().len()), (seen, 2), "{name}");
        assert_eq!(asker.client.address_in_use().unwrap().target, second.address.to_string(), "{name}");
    }
}

/// A refusal is a response: the next address would refuse as well.
#[tokio::test]
async fn refused_credentials_are_not_tried_elsewhere() {
    let first = Server::start(|_| Reply::status("401 invalid token value!", "text/plain", b"")).await;
    let second = Server::start(|_| Reply::json(GOOD)).await;
    let targets = format!("['{}', '{}']", first.address, second.address);
    let asker = Asker::new(&module(&format!("verify_ssl: false, target: {targets}")), ClientOptions::default());
    assert_eq!(asker.discover("/cluster/status").await.unwrap_err().status, Some(401));
    assert!(second.seen().is_empty());
}

#[tokio::test]
async fn discovery_says_what_every_address_did() {
    let first = Server::start(|_| Reply::status("502 Bad Gateway", "text/html", b"<html>")).await;
    let (_socket, second) = refusing();
    let targets = format!("['{}', '{second}']", first.address);
    let asker = Asker::new(&module(&format!("verify_ssl: false, target: {targets}")), ClientOptions::default());
    let error = asker.discover("/cluster/status").await.unwrap_err();
    let words = format!("{}: 502 Bad Gateway: a proxy in front of the API can't reach it", first.address);
    assert!(error.detail.starts_with(&words), "{}", error.detail);
    assert!(error.detail.contains(&format!("; {second}: connection refused")), "{}", error.detail);
}

#[tokio::test]
async fn nobody_there_is_told_for_every_address() {
    let ((_socket, a), (_other, b)) = (refusing(), refusing());
    let asker = Asker::new(&module(&format!("verify_ssl: false, target: ['{a}', '{b}']")), ClientOptions::default());
    let error = asker.error("/version").await;
    let words = "connection refused: is pveproxy running there, and is the port correct?";
    assert_eq!(error.kind, FetchErrorKind::Unavailable);
    assert_eq!(error.detail, format!("{a}: {words}; {b}: {words}"));

    let asker = Asker::new(&module("target: no-such-host.invalid"), ClientOptions::default());
    let error = asker.error("/version").await;
    assert_eq!(error.kind, FetchErrorKind::Unavailable);
    assert!(error.detail.starts_with("no-such-host.invalid:8006: the host name can't be resolved"), "{}", error.detail);
}
