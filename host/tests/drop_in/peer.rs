//! prometheus-pve-exporter as a process.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use harness::{Optional, isolate, repository, wait_for};

/// How long it may take to end by itself.
const END: Duration = Duration::from_secs(10);

/// A program of its virtual environment.
pub(crate) fn program(name: &str) -> PathBuf {
    repository().join("target/peer/bin").join(name)
}

/// Whether it is installed.
pub(crate) fn available() -> bool {
    Optional::Peer.found("prometheus-pve-exporter", program("pve_exporter").exists())
}

/// A running prometheus-pve-exporter. Dropping it ends the process and its worker.
pub(crate) struct Peer {
    child: Child,
    pub(crate) address: SocketAddr,
    log: PathBuf,
}

impl Peer {
    /// Starts it in this time zone, on which its due dates depend. Its log is a file next to the configuration.
    pub(crate) fn start(config: &Path, time_zone: &str) -> Self {
        let log = config.with_extension("log");
        let mut command = Command::new(program("pve_exporter"));
        command.arg("--config.file").arg(config).args(["--web.listen-address", "127.0.0.1:0"]);
        let mut child = isolate(&mut command)
            .env("TZ", time_zone)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let address = wait_for("prometheus-pve-exporter to listen", || {
            let log = std::fs::read_to_string(&log).unwrap();
            assert!(child.try_wait().unwrap().is_none(), "prometheus-pve-exporter ended:\n{log}");
            let (_, rest) = log.split_once("Listening at: http://")?;
            rest.split_once(' ')?.0.parse().ok()
        });
        Self { child, address, log }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Its log, which explains a response with the status 500.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // The master ends its worker; a killed master would leave the worker behind for a while.
        let _ = Command::new("kill").args(["-s", "QUIT", &self.child.id().to_string()]).status();
        let start = Instant::now();
        while self.child.try_wait().is_ok_and(|ended| ended.is_none()) && start.elapsed() < END {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
