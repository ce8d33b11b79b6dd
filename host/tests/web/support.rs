//! An exporter without a cluster, whose `/metrics` has its own metrics only, and raw connections to it.

use std::path::{Path, PathBuf};

use harness::{Exporter, Exposition, client};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(super) const GET: &[u8] = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n";

pub(super) struct Lone {
    pub(super) exporter: Exporter,
    directory: tempfile::TempDir,
}

impl Lone {
    pub(super) fn start(arguments: &[&str]) -> Self {
        Self::in_directory(tempfile::tempdir().unwrap(), arguments)
    }

    /// With the files of a directory, where it runs.
    pub(super) fn in_directory(directory: tempfile::TempDir, arguments: &[&str]) -> Self {
        let mut command = harness::command();
        command.args(["--config.file", "pve.yml", "--web.listen-address", "127.0.0.1:0"]).args(arguments);
        Self::of(&mut command, directory)
    }

    pub(super) fn of(command: &mut std::process::Command, directory: tempfile::TempDir) -> Self {
        write_config(directory.path());
        let exporter = Exporter::of(command.current_dir(directory.path()));
        Self { exporter, directory }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(super) async fn get(&self, path: &str) -> reqwest::Response {
        client().get(self.exporter.url(path)).send().await.unwrap()
    }

    pub(super) async fn metrics(&self) -> Exposition {
        Exposition(self.get("/metrics").await.text().await.unwrap())
    }

    pub(super) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.exporter.address).await.unwrap()
    }

    /// How many connections were closed for a reason.
    pub(super) async fn closed(&self, reason: &str) -> f64 {
        let series = format!("pve_exporter_http_connections_closed_total{{reason=\"{reason}\"}}");
        self.metrics().await.value(&series).unwrap_or_default()
    }
}

/// A configuration whose module has no target.
pub(super) fn write_config(directory: &Path) {
    let text = "default:\n  user: a@pve\n  token_name: x\n  token_value: y\n";
    std::fs::write(directory.join("pve.yml"), text).unwrap();
}

/// What the other end sends until it closes the connection, which it must within the patience of tests.
pub(super) async fn read_to_end(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut received = Vec::new();
    // A reset is an end as well.
    let end = tokio::time::timeout(harness::PATIENCE, stream.read_to_end(&mut received)).await;
    assert!(end.is_ok(), "not closed after {}", String::from_utf8_lossy(&received));
    String::from_utf8_lossy(&received).into_owned()
}

/// A request on a connection that stays open, and its response, whose body ends with `end`.
pub(super) async fn exchange(stream: &mut TcpStream, request: &[u8], end: &str) -> String {
    stream.write_all(request).await.unwrap();
    let mut received = Vec::new();
    while !received.ends_with(end.as_bytes()) {
        let read = tokio::time::timeout(harness::PATIENCE, stream.read_buf(&mut received)).await.unwrap().unwrap();
        assert!(read > 0, "closed after {}", String::from_utf8_lossy(&received));
    }
    String::from_utf8(received).unwrap()
}
