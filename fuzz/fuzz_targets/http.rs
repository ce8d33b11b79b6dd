//! Arbitrary bytes on a connection to a running exporter: it responds with HTTP or closes the connection, and stays healthy.

#![no_main]
#![allow(clippy::expect_used, clippy::panic, reason = "a fuzz target fails by panicking")]

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use pve_exporter::catalog::builtin_names;
use pve_exporter::config::{Config, Environment, Flags};
use pve_exporter::exporter;

const HEALTH: &[u8] = b"GET /-/healthy HTTP/1.1\r\nHost: fuzz\r\nConnection: close\r\n\r\n";
const PATIENCE: Duration = Duration::from_secs(20);

static EXPORTER: LazyLock<SocketAddr> = LazyLock::new(start);
static INPUTS: AtomicU64 = AtomicU64::new(0);

fuzz_target!(|bytes: &[u8]| {
    // Closed for writing: a slow client is a test of its own, and an unfinished request would take until its timeout.
    let response = exchange(bytes, true).unwrap_or_default();
    assert!(response.is_empty() || response.starts_with(b"HTTP/1."), "{}", response.escape_ascii());
    if INPUTS.fetch_add(1, Ordering::Relaxed).is_multiple_of(256) {
        let response = exchange(HEALTH, false).expect("a response");
        assert!(response.starts_with(b"HTTP/1.1 200 OK\r\n"), "{}", response.escape_ascii());
    }
});

fn exchange(bytes: &[u8], half_close: bool) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(*EXPORTER)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(bytes)?;
    if half_close {
        stream.shutdown(Shutdown::Write)?;
    }
    let mut response = Vec::new();
    match stream.read_to_end(&mut response) {
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("no end after {PATIENCE:?}"),
        // A reset after what was sent too much.
        _ => Ok(response),
    }
}

fn start() -> SocketAddr {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    std::thread::spawn(move || {
        let config = std::env::temp_dir().join(format!("pve-exporter-fuzz-http-{}.yml", std::process::id()));
        std::fs::write(&config, "default:\n  user: a@pve\n  token_name: x\n  token_value: y\n  target: 127.0.0.1:1\n")
            .expect("a temporary file");
        let names: Vec<&str> = builtin_names().collect();
        let mut arguments = vec!["pve-exporter".to_owned(), format!("--web.listen-address={free}")];
        // One collector is enough, and its compilation is quick.
        arguments.extend(names.iter().filter(|name| **name != "version").map(|name| format!("--no-collector.{name}")));
        let flags = Flags::from_matches(&Flags::command(&names).get_matches_from(arguments), &names).expect("flags");
        let config = Config::load(&config, &Environment::default()).expect("a configuration");
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(exporter::run(flags, config, std::future::pending())).expect("an exporter");
    });
    let began = Instant::now();
    while TcpStream::connect(free).is_err() {
        assert!(began.elapsed() < PATIENCE, "the exporter does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    free
}
