//! The exporter and the real Prometheus as the tutorial's reader has them running, each ended with its test.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use pve_sim::Sim;

use super::support::{Bench, exporter};

/// Prometheus and promtool; demanded in CI.
pub(crate) fn prometheus_is_there() -> bool {
    let found = ["prometheus", "promtool"]
        .into_iter()
        .all(|program| Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success()));
    let demanded = std::env::var_os("PVE_EXPORTER_DEMAND_PROMETHEUS").is_some();
    assert!(found || !demanded, "prometheus is not installed; run `make prometheus`");
    if !found {
        eprintln!("skipped: prometheus is not installed; `make prometheus` installs it");
    }
    found
}

/// A process that ends with its owner.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An exporter with a collectors folder.
pub(crate) struct Exporter {
    pub(crate) address: String,
    _process: Server,
}

impl Exporter {
    pub(crate) fn start(bench: &Bench, sim: &Sim, collectors: &Path) -> Self {
        bench.write("ca.pem", sim.ca_pem());
        let (user, token) = sim.spec().token_id.split_once('!').unwrap();
        let config = format!(
            "default:\n  user: {user}\n  token_name: {token}\n  token_value: {}\n  verify_ssl: {}\n  target: {}\n",
            sim.spec().token_secret,
            bench.path("ca.pem").display(),
            sim.addr(),
        );
        bench.write("pve.yml", config);
        let process = exporter()
            .args(["--web.listen-address", "127.0.0.1:0", "--config.file"])
            .arg(bench.path("pve.yml"))
            .arg("--collectors.directory")
            .arg(collectors)
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(bench.path("exporter.log")).unwrap())
            .spawn()
            .unwrap();
        let process = Server(process);
        let began = Instant::now();
        loop {
            let log = bench.read("exporter.log");
            let line = log.lines().find(|line| line.contains("message=listening"));
            let address =
                line.and_then(|line| line.split_whitespace().find_map(|field| field.strip_prefix("address=")));
            if let Some(address) = address {
                return Self { address: address.to_owned(), _process: process };
            }
            assert!(began.elapsed() < Duration::from_secs(60), "{log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A Prometheus with these jobs, scraping every second.
pub(crate) struct Prometheus {
    pub(crate) address: String,
    _process: Server,
}

impl Prometheus {
    pub(crate) fn start(bench: &Bench, jobs: &str) -> Self {
        bench.write("prometheus.yml", format!("global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\n{jobs}"));
        // Prometheus does not tell which port the system gave it, so one is asked for first.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        let process = Command::new("prometheus")
            .args(["--config.file", "prometheus.yml", "--storage.tsdb.path", "data", "--log.level", "warn"])
            .arg(format!("--web.listen-address={address}"))
            .current_dir(bench.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { address, _process: Server(process) }
    }
}
