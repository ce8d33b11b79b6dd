//! How much clients can take: connections in all and each, headers, bodies, memory for responses, file descriptors.

use std::time::Duration;

use harness::{PATIENCE, Setup, client};
use pve_sim::{Fault, Spec};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::support::{Lone, read_to_end};

/// Half-open connections make room; whoever sends a request is served.
#[tokio::test(flavor = "multi_thread")]
async fn connections_without_a_request_make_room() {
    let lone = Lone::start(&["--web.max-connections", "4"]);
    let mut silent = Vec::new();
    for _ in 0..20 {
        let mut stream = lone.connect().await;
        stream.write_all(b"GET /metrics HTTP/1.1\r\n").await.unwrap();
        silent.push(stream);
    }
    assert_eq!(lone.get("/-/healthy").await.status(), 200);
    // The oldest have been closed, long before their timeout.
    for stream in &mut silent[..16] {
        assert_eq!(read_to_end(stream).await, "");
    }
    assert!(lone.closed("evicted").await >= 16.0);
    let open = lone.metrics().await.value("pve_exporter_http_connections").unwrap();
    assert!((1.0..=4.0).contains(&open), "{open}");
}

/// Two scrapes in progress, one connection more.
async fn third_connection(limit: &str) -> (Setup, f64) {
    let setup = Setup::start(Spec::default(), &[limit, "2"]).await;
    let delay = Duration::from_secs(4);
    setup.sim.fault(Fault { path: "/cluster/resources".to_owned(), delay, ..Fault::default() });
    // Different scopes, so that each has a run of its own that the cluster's counters show.
    let mut scrapes = Vec::new();
    for path in ["/metrics", "/pve?cluster=1&node=0"] {
        let mut stream = TcpStream::connect(setup.exporter.address).await.unwrap();
        stream
            .write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes())
            .await
            .unwrap();
        scrapes.push(stream);
    }
    let asked = async {
        while setup.sim.counters().count("/cluster/status") < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.unwrap();
    let mut third = TcpStream::connect(setup.exporter.address).await.unwrap();
    assert_eq!(read_to_end(&mut third).await, "");
    for scrape in &mut scrapes {
        let response = read_to_end(scrape).await;
        assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    }
    setup.sim.clear_faults();
    let reason = limit.trim_start_matches("--web.max-connections").replace("-per-client", "client_") + "limit";
    let series = format!("pve_exporter_http_connections_closed_total{{reason=\"{reason}\"}}");
    let counted = setup.scrape().await.value(&series);
    (setup, counted.unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_too_many() {
    let (setup, counted) = third_connection("--web.max-connections").await;
    assert_eq!(counted, 1.0);
    setup.exporter.log_with("all that --web.max-connections allows have requests in them");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_too_many_of_one_client() {
    let (setup, counted) = third_connection("--web.max-connections-per-client").await;
    assert_eq!(counted, 1.0);
    setup.exporter.log_with("all that --web.max-connections-per-client allows have requests in them");
}

/// Open files do not run out, whatever clients do.
#[tokio::test(flavor = "multi_thread")]
async fn half_of_the_descriptors_are_not_for_clients() {
    let sim = pve_sim::Sim::start(Spec { nodes: 3, guests: 20, ..Spec::default() }).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let config = harness::configure(&sim, directory.path());
    let mut command = std::process::Command::new("sh");
    harness::isolate(&mut command).args(["-c", "ulimit -n 128; exec \"$0\" \"$@\""]).arg(harness::binary());
    command.arg("--config.file").arg(&config).args(["--web.listen-address", "127.0.0.1:0"]);
    let exporter = harness::Exporter::of(&mut command);
    let mut silent = Vec::new();
    for _ in 0..300 {
        let mut stream = TcpStream::connect(exporter.address).await.unwrap();
        let _ = stream.write_all(b"GET /metrics HTTP/1.1\r\n").await;
        silent.push(stream);
    }
    let answer = client().get(exporter.url("/metrics")).send().await.unwrap();
    let exposition = harness::Exposition(answer.text().await.unwrap());
    assert_eq!(exposition.value("pve_exporter_target_up"), Some(1.0));
    assert!(exposition.samples("pve_exporter_collector_failed_places").is_empty());
    assert!(exporter.resources().descriptors < 120, "{:?}", exporter.resources());
    let log = exporter.log_with("fewer connections than --web.max-connections: only 128 files may be open");
    assert!(!log.contains("Too many open files") && !log.contains("could not be accepted"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_and_bodies_have_a_size() {
    let lone = Lone::start(&[]);
    for (request, status) in [
        (format!("GET /-/healthy?{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(200_000)), "431"),
        (format!("GET /-/healthy HTTP/1.1\r\nHost: x\r\n{}\r\n", "X-Header: y\r\n".repeat(200)), "431"),
        ("POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n".to_owned(), "413"),
    ] {
        let mut stream = lone.connect().await;
        let _ = stream.write_all(request.as_bytes()).await;
        let response = read_to_end(&mut stream).await;
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{response}");
    }
}
