//! A cluster and an exporter for one row.

use std::fmt;
use std::fs::Permissions;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use pve_sim::{Connections, Fault, FaultKind, Pve, Qdevice, Rights, Sim, Spec};

use harness::{Exporter, PATIENCE, client, command, prioritized};

use super::deaf::{self, Deaf};
use super::row::{Act, Addresses, Row, Settings};
use super::series::Exposed;

/// What is scraped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum View {
    Metrics,
    /// `/pve?nodes=all`
    AllNodes,
    /// `/pve`
    LocalNode,
}

impl View {
    pub(super) const ALL: [Self; 3] = [Self::Metrics, Self::AllNodes, Self::LocalNode];
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Metrics => "/metrics",
            Self::AllNodes => "/pve?nodes=all",
            Self::LocalNode => "/pve",
        })
    }
}

/// A name in the certificate of pve-sim.
const NAME: &str = "localhost";

/// Who plays the cluster, and by which addresses.
struct Cast {
    sims: Vec<Sim>,
    /// For `target` in `pve.yml`.
    targets: Vec<String>,
    /// Addresses of [`NAME`].
    hosts: Option<[&'static str; 2]>,
    deaf: Option<Deaf>,
}

impl Cast {
    async fn assemble(settings: &Settings, pve: Pve) -> Self {
        let auth_delay = settings.auth_delay;
        let start = async |listen| Sim::start(Spec { auth_delay, listen, ..spec(pve) }).await.unwrap();
        let any: SocketAddr = ([127, 0, 0, 1], 0).into();
        let mut cast = Self { sims: Vec::new(), targets: Vec::new(), hosts: None, deaf: None };
        let names = matches!(settings.addresses, Addresses::NameFirstRefuses | Addresses::NameFirstDropsPackets);
        cast.deaf = match settings.addresses {
            Addresses::FirstDropsPackets | Addresses::NameFirstDropsPackets => Some(Deaf::drops_packets(any).await),
            Addresses::NameFirstRefuses => Some(Deaf::refuses(any)),
            Addresses::One | Addresses::Two => None,
        };
        if let Some(deaf) = cast.deaf.as_ref().filter(|_| names) {
            let port = deaf.address.port();
            cast.sims.push(start(([127, 0, 0, 3], port).into()).await);
            // The resolver puts 127.0.0.1 first, because packets to it come from the same address.
            cast.hosts = Some(["127.0.0.1", "127.0.0.3"]);
            cast.targets.push(format!("{NAME}:{port}"));
            return cast;
        }
        cast.targets.extend(cast.deaf.as_ref().map(|deaf| deaf.address.to_string()));
        for _ in 0..if settings.addresses == Addresses::Two { 2 } else { 1 } {
            let sim = start(any).await;
            cast.targets.push(sim.addr().to_string());
            cast.sims.push(sim);
        }
        cast
    }
}

pub(super) struct Stage {
    /// One for each address.
    sims: Vec<Sim>,
    pub(super) exporter: Exporter,
    /// The address in URLs; none if the module has several.
    target: Option<String>,
    _deaf: Option<Deaf>,
    _directory: tempfile::TempDir,
}

/// A small cluster with everything that collectors read: HA, replication, a quorum device, odd names.
pub(super) fn spec(pve: Pve) -> Spec {
    Spec { nodes: 4, guests: 24, pve, qdevice: Qdevice::Connected, ..Spec::default() }
}

/// One client for all rows: it takes longer to make than a scrape.
static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(client);

/// A scrape and how long it took.
pub(super) struct Scraped {
    /// Or a status other than 200.
    pub(super) exposed: Result<Exposed, String>,
    pub(super) took: Duration,
}

impl Stage {
    pub(super) async fn start(row: &Row, pve: Pve) -> Self {
        let settings = &row.settings;
        let Cast { sims, targets, hosts, deaf } = Cast::assemble(settings, pve).await;
        let directory = tempfile::tempdir().unwrap();
        let mut command = command();
        if let Some(addresses) = hosts {
            command = deaf::hosts(command, directory.path(), NAME, &addresses);
        }
        configure(settings, &sims, &targets, directory.path());
        command.arg("--config.file").arg(directory.path().join("pve.yml"));
        // Kept answers would hide what fails.
        command.args(["--api.max-age", "0s", "--web.listen-address", "127.0.0.1:0"]);
        let exporter = tokio::task::spawn_blocking(move || Exporter::of(&mut prioritized(&command))).await.unwrap();
        let target = if let [only] = targets.as_slice() { Some(only.clone()) } else { None };
        Self { sims, exporter, target, _deaf: deaf, _directory: directory }
    }

    /// The cluster at the first address.
    pub(super) fn sim(&self) -> &Sim {
        &self.sims[0]
    }

    pub(super) async fn act(&self, act: &Act) {
        match act {
            Act::Fault(address, json) => {
                // Large bodies take a while to make.
                let added = tokio::task::block_in_place(|| self.sims[*address].fault_from_json(json));
                added.unwrap_or_else(|error| panic!("{json}: {error}"));
                self.sims[*address].settled().await;
            }
            Act::Clear(address) => self.clear(&self.sims[*address]).await,
            Act::RevokeTickets => self.sims[0].revoke_tickets(),
            Act::RevokeRights => self.sims[0].set_rights(Rights::None),
            Act::Restart => {
                let closed = FaultKind::Connections(Connections::Refused);
                self.sims[0].fault(Fault::new(closed));
                self.sims[0].settled().await;
                self.clear(&self.sims[0]).await;
            }
        }
    }

    async fn clear(&self, sim: &Sim) {
        sim.clear_faults();
        sim.set_rights(Rights::Full);
        sim.settled().await;
    }

    /// Ends everything.
    pub(super) async fn heal(&self) {
        for sim in &self.sims {
            self.clear(sim).await;
        }
    }

    pub(super) async fn scrape(&self, view: View, timeout: u32) -> Scraped {
        let path = match (view, &self.target) {
            (View::Metrics, _) => "/metrics".to_owned(),
            (View::AllNodes, None) => "/pve?nodes=all".to_owned(),
            (View::LocalNode, None) => "/pve".to_owned(),
            (View::AllNodes, Some(target)) => format!("/pve?target={target}&nodes=all"),
            (View::LocalNode, Some(target)) => format!("/pve?target={target}"),
        };
        let request = CLIENT.get(self.exporter.url(&path));
        let start = Instant::now();
        let request = request.header("X-Prometheus-Scrape-Timeout-Seconds", timeout).timeout(PATIENCE);
        let exposed = match request.send().await {
            Ok(response) if response.status() == 200 => Ok(Exposed::parse(response.text().await.unwrap())),
            Ok(response) => Err(format!("{}: {}", response.status(), response.text().await.unwrap())),
            Err(error) => Err(format!("no response: {error:?}")),
        };
        Scraped { exposed, took: start.elapsed() }
    }

    /// Lines of the log so far.
    pub(super) fn log(&self) -> Vec<String> {
        self.exporter.log().lines().map(str::to_owned).collect()
    }
}

fn configure(settings: &Settings, sims: &[Sim], targets: &[String], directory: &Path) {
    let authorities: String = sims.iter().map(Sim::ca_pem).collect();
    std::fs::write(directory.join("ca.pem"), authorities).unwrap();
    let spec = sims[0].spec();
    let credentials = if settings.password {
        format!("password: {}", spec.password)
    } else {
        format!("token_name: exporter\n  token_value: {}", spec.token_secret)
    };
    let text = format!(
        "default:\n  user: {}\n  {credentials}\n  verify_ssl: {}\n  target: [\"{}\"]\n  timeout: {}\n  max_concurrent: {}\n",
        spec.user,
        directory.join("ca.pem").display(),
        targets.join("\", \""),
        settings.timeout,
        settings.max_concurrent,
    );
    let path = directory.join("pve.yml");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
}
