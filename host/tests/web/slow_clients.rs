//! Clients that say nothing, say it slowly, or never read: each is disconnected by its timeout, and counted.

use std::time::{Duration, Instant};

use harness::PATIENCE;
use pve_sim::{Fault, Spec};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::pki::Pki;
use super::support::{GET, Lone, exchange, read_to_end};

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_is_never_finished() {
    let lone = Lone::start(&["--web.read-timeout", "300ms"]);
    for beginning in ["", "G", "GET /metrics HTTP/1.1\r\nHost: x\r\n"] {
        let start = Instant::now();
        let mut stream = lone.connect().await;
        stream.write_all(beginning.as_bytes()).await.unwrap();
        assert_eq!(read_to_end(&mut stream).await, "");
        assert!(start.elapsed() >= Duration::from_millis(300), "{beginning:?}");
    }
    assert_eq!(lone.closed("read_timeout").await, 3.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_without_a_further_request() {
    let lone = Lone::start(&["--web.idle-timeout", "300ms"]);
    let mut stream = lone.connect().await;
    let response = exchange(&mut stream, GET, "is healthy\n").await;
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert_eq!(read_to_end(&mut stream).await, "");
    assert_eq!(lone.closed("idle_timeout").await, 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_further_header_that_is_never_finished() {
    let lone = Lone::start(&["--web.read-timeout", "300ms", "--web.idle-timeout", "1h"]);
    let mut stream = lone.connect().await;
    exchange(&mut stream, GET, "is healthy\n").await;
    stream.write_all(&GET[..20]).await.unwrap();
    assert_eq!(read_to_end(&mut stream).await, "");
    assert_eq!(lone.closed("read_timeout").await, 1.0);
}

/// It sends requests without reading the responses, until the connection is closed.
#[tokio::test(flavor = "multi_thread")]
async fn responses_that_are_never_read() {
    let lone = Lone::start(&["--web.write-timeout", "300ms"]);
    let mut stream = lone.connect().await;
    let requests = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100);
    let send = async { while stream.write_all(requests.as_bytes()).await.is_ok() {} };
    tokio::time::timeout(PATIENCE, send).await.expect("never closed");
    assert_eq!(lone.closed("write_timeout").await, 1.0);
}

/// In HTTP/2 a client can keep the connection going and give no room for the body.
#[tokio::test(flavor = "multi_thread")]
async fn an_http_2_response_without_room() {
    let pki = Pki::new();
    let lone = Lone::in_directory(pki.directory(), &["--web.config.file", "web.yml", "--web.write-timeout", "300ms"]);
    let stream = pki.connect(lone.exporter.address, pki.client_config(&[b"h2"])).await.unwrap();
    let handshake = h2::client::Builder::new().initial_window_size(0).handshake::<_, bytes::Bytes>(stream);
    let (mut client, connection) = handshake.await.unwrap();
    let connection = tokio::spawn(connection);
    let request = hyper::http::Request::get("https://localhost/").body(()).unwrap();
    let (response, _) = client.send_request(request, true).unwrap();
    let response = response.await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(tokio::time::timeout(PATIENCE, connection).await.expect("never closed").unwrap().is_err());
    assert_eq!(pki.closed(&lone, "write_timeout").await, 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_never_begins() {
    let pki = Pki::new();
    let lone = Lone::in_directory(pki.directory(), &["--web.config.file", "web.yml", "--web.read-timeout", "300ms"]);
    for beginning in [&b""[..], b"\x16\x03\x01"] {
        let mut stream = lone.connect().await;
        stream.write_all(beginning).await.unwrap();
        assert_eq!(read_to_end(&mut stream).await, "");
    }
    assert_eq!(pki.closed(&lone, "read_timeout").await, 2.0);
}

/// Scrapers that share a scrape share its body.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_exists_once_however_many_are_slow_to_read_it() {
    const CLIENTS: usize = 60;
    let setup = harness::Setup::start(Spec { nodes: 5, guests: 1500, ..Spec::default() }, &[]).await;
    let size = setup.scrape().await.0.len();
    assert!(size > 2 << 20, "{size}");
    let before = setup.exporter.resources().memory_kib;
    // So that all of them join one run.
    let delay = Duration::from_secs(3);
    setup.sim.fault(Fault { path: "/cluster/resources".to_owned(), delay, ..Fault::default() });
    setup.sim.reset_counters();
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let mut stream = TcpStream::connect(setup.exporter.address).await.unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        clients.push(stream);
    }
    for client in &mut clients {
        let mut status = [0; 12];
        tokio::time::timeout(PATIENCE, client.read_exact(&mut status)).await.unwrap().unwrap();
        assert_eq!(&status, b"HTTP/1.1 200");
    }
    assert_eq!(setup.sim.counters().count("/cluster/resources"), 1, "not one run");
    let grown = setup.exporter.resources().memory_kib.saturating_sub(before) as usize * 1024;
    assert!(grown < CLIENTS * size / 4, "{grown} bytes more for {CLIENTS} bodies of {size}");
}

/// A response that is being read has time, however long the scrape took.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_scrape_is_no_slow_client() {
    let timeouts = ["--web.read-timeout", "300ms", "--web.idle-timeout", "300ms", "--web.write-timeout", "300ms"];
    let setup = harness::Setup::start(Spec::default(), &timeouts).await;
    let delay = Duration::from_secs(2);
    setup.sim.fault(Fault { path: "/cluster/resources".to_owned(), delay, ..Fault::default() });
    assert_eq!(setup.scrape().await.value("pve_exporter_target_up"), Some(1.0));
}
