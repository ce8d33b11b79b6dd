//! The processes to measure: the simulated cluster, our exporter and the peer, each in its default configuration.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use harness::PEER_COLLECTORS;
use pve_exporter::catalog::builtins;
use pve_sim::Spec;
use tempfile::TempDir;

use crate::http::{self, Scraper};
use crate::process::{Server, free_address};

#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) nodes: usize,
    pub(crate) guests: usize,
}

impl Size {
    pub(crate) const SMALL: Self = Self { nodes: 5, guests: 200 };
    pub(crate) const MIDDLE: Self = Self { nodes: 16, guests: 2_000 };
    pub(crate) const LARGE: Self = Self { nodes: 32, guests: 10_000 };
}

/// Paths of the programs.
pub(crate) struct Programs {
    pub(crate) exporter: PathBuf,
    pub(crate) sim: PathBuf,
    pub(crate) peer: PathBuf,
}

/// A running simulator with configuration files for both exporters.
pub(crate) struct Cluster {
    _sim: Server,
    control: SocketAddr,
    api: SocketAddr,
    directory: TempDir,
    programs: (PathBuf, PathBuf),
}

impl Cluster {
    /// Starts it with frozen values, so scrapes can be compared.
    pub(crate) fn start(programs: &Programs, size: Size, latency_ms: u64) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let (ready, ca) = (directory.path().join("ready.json"), directory.path().join("ca.pem"));
        let mut command = Command::new(&programs.sim);
        command
            .args(["--nodes", &size.nodes.to_string(), "--guests", &size.guests.to_string()])
            .args(["--latency-ms", &latency_ms.to_string(), "--tick-ms", "0"])
            .arg("--ready-file")
            .arg(&ready)
            .arg("--ca-file")
            .arg(&ca);
        let sim = Server::spawn(command, ([127, 0, 0, 1], 0).into())?;
        let start = Instant::now();
        while !ready.exists() {
            ensure!(start.elapsed() < Duration::from_secs(60), "{} does not become ready", programs.sim.display());
            std::thread::sleep(Duration::from_millis(10));
        }
        let addresses: serde_json::Value = serde_json::from_slice(&std::fs::read(&ready)?)?;
        let address = |name: &str, scheme: &str| -> Result<SocketAddr> {
            let url = addresses.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
            url.strip_prefix(scheme)
                .and_then(|address| address.parse().ok())
                .context("no address in the simulator's ready file")
        };
        let (api, control) = (address("api", "https://")?, address("control", "http://")?);
        let spec = Spec::default();
        let (user, token) = spec.token_id.split_once('!').context("the token id has no '!'")?;
        let config = format!(
            "default:\n  user: {user}\n  token_name: {token}\n  token_value: {}\n  verify_ssl: {}\n  target: {api}\n",
            spec.token_secret,
            ca.display()
        );
        std::fs::write(directory.path().join("pve.yml"), config)?;
        // The peer takes the target only from the request, and no CA file.
        let config = format!(
            "default:\n  user: {user}\n  token_name: {token}\n  token_value: {}\n  verify_ssl: false\n",
            spec.token_secret
        );
        std::fs::write(directory.path().join("peer.yml"), config)?;
        let programs = (programs.exporter.clone(), programs.peer.clone());
        Ok(Self { _sim: sim, control, api, directory, programs })
    }

    /// Our exporter with all collectors. Compiled code is cached in the cluster's directory.
    pub(crate) fn exporter(&self) -> Result<Server> {
        let address = free_address()?;
        Self::start_exporter(self.exporter_command(address), address)
    }

    /// Our exporter with only the peer's series.
    pub(crate) fn exporter_as_peer(&self) -> Result<Server> {
        let address = free_address()?;
        let mut command = self.exporter_command(address);
        let beyond = builtins().iter().map(|(name, _)| *name).filter(|name| !PEER_COLLECTORS.contains(name));
        command.args(beyond.map(|collector| format!("--no-collector.{collector}")));
        Self::start_exporter(command, address)
    }

    fn start_exporter(command: Command, address: SocketAddr) -> Result<Server> {
        let exporter = Server::start(command, address)?;
        // It listens before the collectors are compiled; start time is measured separately.
        http::scrape(address, "/-/ready", Scraper::Plain)?;
        Ok(exporter)
    }

    pub(crate) fn exporter_command(&self, address: SocketAddr) -> Command {
        let mut command = Command::new(&self.programs.0);
        command
            .arg("--config.file")
            .arg(self.path().join("pve.yml"))
            .arg("--sandbox.cache-directory")
            .arg(self.path().join("code"))
            .args(["--log.level", "error", "--web.listen-address", &address.to_string()]);
        command
    }

    /// prometheus-pve-exporter with all of its collectors.
    pub(crate) fn peer(&self) -> Result<Server> {
        let address = free_address()?;
        let mut command = Command::new(&self.programs.1);
        command
            .arg("--config.file")
            .arg(self.path().join("peer.yml"))
            .args(["--web.listen-address", &address.to_string()])
            .env("PYTHONWARNINGS", "ignore");
        let server = Server::start(command, address)?;
        // gunicorn's master listens before its workers are ready.
        http::scrape(address, "/", Scraper::Plain)?;
        Ok(server)
    }

    /// The path for scraping this cluster from either exporter.
    pub(crate) fn pve(&self, cluster: u8, node: u8) -> String {
        format!("/pve?target={}&module=default&cluster={cluster}&node={node}", self.api)
    }

    pub(crate) fn set_latency(&self, milliseconds: u64) -> Result<()> {
        http::post(self.control, &format!("/control/latency?ms={milliseconds}")).map(drop)
    }

    pub(crate) fn reset_counters(&self) -> Result<()> {
        http::post(self.control, "/control/counters/reset").map(drop)
    }

    pub(crate) fn counters(&self) -> Result<serde_json::Value> {
        Ok(serde_json::from_slice(&http::scrape(self.control, "/control/counters", Scraper::Plain)?.body)?)
    }

    /// Requests since the counters were reset.
    pub(crate) fn requests(&self) -> Result<u64> {
        self.counters()?.get("total").and_then(serde_json::Value::as_u64).context("the counters have no total")
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }
}
