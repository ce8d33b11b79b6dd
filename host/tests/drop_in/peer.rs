//! prometheus-pve-exporter as a process: its own command, its own server.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use harness::wait_for;

/// How long it may take to end by itself.
const END: Duration = Duration::from_secs(10);

/// A program of its virtual environment.
pub(crate) fn program(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/peer/bin").join(name)
}

/// Whether it is installed; says so where it is not.
pub(crate) fn available() -> bool {
    let found = program("pve_exporter").exists();
    let demanded = std::env::var_os("PVE_EXPORTER_DEMAND_PEER").is_some();
    assert!(found || !demanded, "prometheus-pve-exporter is not installed; run `make peer`");
    if !found {
        eprintln!("skipped: prometheus-pve-exporter is not installed; `make peer` installs it");
    }
    found
}

/// A running prometheus-pve-exporter. Dropping it ends the process, and with it its worker.
pub(crate) struct Peer {
    child: Child,
    pub(crate) address: SocketAddr,
    log: PathBuf,
}

impl Peer {
    /// Starts it in this time zone, which its due dates depend on. Its log goes beside the configuration.
    pub(crate) fn start(config: &Path, time_zone: &str) -> Self {
        // It does not tell which port the system gave it, so one is asked for first.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let log = config.with_extension("log");
        let mut command = Command::new(program("pve_exporter"));
        command.arg("--config.file").arg(config).args(["--web.listen-address", &address.to_string()]);
        for name in ["PVE_USER", "WEB_CONCURRENCY", "GUNICORN_CMD_ARGS", "HTTPS_PROXY", "https_proxy"] {
            command.env_remove(name);
        }
        let child = command
            .env("TZ", time_zone)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut peer = Self { child, address, log };
        wait_for("prometheus-pve-exporter to listen", || {
            assert!(peer.child.try_wait().unwrap().is_none(), "it ended:\n{}", peer.log());
            TcpStream::connect(address).ok()
        });
        peer
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What it has to say about an answer with the status 500.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Its master ends its worker; a master that is killed would leave the worker behind for a while.
        let _ = Command::new("kill").args(["-s", "QUIT", &self.child.id().to_string()]).status();
        let start = Instant::now();
        while self.child.try_wait().is_ok_and(|ended| ended.is_none()) && start.elapsed() < END {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
