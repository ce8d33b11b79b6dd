//! Both programs with the same configuration file and the same clusters.

use std::path::Path;
use std::time::Duration;

use pve_sim::Sim;

use super::exposition::{Difference, Exposition, parse};
use super::peer::Peer;
use harness::{Exporter, client, module_config};

/// The families of prometheus-pve-exporter 3.10.2, in the order of its source.
pub(crate) const FAMILIES: [&str; 38] = [
    "pve_up",
    "pve_disk_size_bytes",
    "pve_disk_usage_bytes",
    "pve_memory_size_bytes",
    "pve_memory_usage_bytes",
    "pve_network_transmit_bytes",
    "pve_network_receive_bytes",
    "pve_disk_write_bytes",
    "pve_disk_read_bytes",
    "pve_cpu_usage_ratio",
    "pve_cpu_usage_limit",
    "pve_uptime_seconds",
    "pve_storage_shared",
    "pve_network_transmit_bytes_total",
    "pve_network_receive_bytes_total",
    "pve_disk_written_bytes_total",
    "pve_disk_read_bytes_total",
    "pve_ha_state",
    "pve_lock_state",
    "pve_guest_info",
    "pve_storage_info",
    "pve_node_info",
    "pve_cluster_info",
    "pve_version_info",
    "pve_not_backed_up_total",
    "pve_not_backed_up_info",
    "pve_qdevice_up",
    "pve_qdevice_info",
    "pve_subscription_info",
    "pve_subscription_status",
    "pve_subscription_next_due_timestamp_seconds",
    "pve_onboot_status",
    "pve_replication_duration_seconds",
    "pve_replication_last_sync_timestamp_seconds",
    "pve_replication_last_try_timestamp_seconds",
    "pve_replication_next_sync_timestamp_seconds",
    "pve_replication_failed_syncs",
    "pve_replication_info",
];

/// A response to `/pve`.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) body: String,
}

/// Both programs' expositions of one request.
pub(crate) struct Said {
    pub(crate) peer: Exposition,
    pub(crate) ours: Exposition,
}

impl Said {
    /// How ours differs from the peer's.
    pub(crate) fn differences(&self) -> Vec<Difference> {
        self.ours.differences(&self.peer, &FAMILIES)
    }
}

/// Both programs.
pub(crate) struct Pair {
    pub(crate) peer: Peer,
    pub(crate) exporter: Exporter,
    _directory: tempfile::TempDir,
}

impl Pair {
    /// Starts both with a module for each cluster; the peer runs in this time zone.
    pub(crate) fn start(modules: &[(&str, &Sim)], time_zone: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let config = directory.path().join("pve.yml");
        std::fs::write(&config, configuration(modules, directory.path())).unwrap();
        let exporter = Exporter::start(&config, &[]);
        Self { peer: Peer::start(&config, time_zone), exporter, _directory: directory }
    }

    /// Both responses to a path and query.
    pub(crate) async fn ask(&self, path: &str) -> [Answer; 2] {
        let peer = ask(&self.peer.url(path)).await;
        [peer, ask(&self.exporter.url(path)).await]
    }

    /// Both responses for a cluster, which must have the status 200.
    pub(crate) async fn scrape(&self, module: &str, sim: &Sim, cluster: bool, node: bool) -> [Answer; 2] {
        let (cluster, node) = (u8::from(cluster), u8::from(node));
        let query = format!("/pve?target={}&module={module}&cluster={cluster}&node={node}", sim.addr());
        let [peer, ours] = self.ask(&query).await;
        assert_eq!(peer.status, 200, "{query}: {}", self.peer.log());
        assert_eq!(ours.status, 200, "{query}: {}", ours.body);
        [peer, ours]
    }
}

/// Parses all bodies at once.
pub(crate) fn read<'a>(answers: impl IntoIterator<Item = &'a [Answer; 2]>) -> Vec<Said> {
    let bodies: Vec<_> = answers.into_iter().flatten().map(|answer| ("text", answer.body.as_str())).collect();
    let mut parsed = parse(&bodies).into_iter().map(|parsed| parsed.unwrap_or_else(|error| panic!("{error}")));
    let mut said = Vec::new();
    while let (Some(peer), Some(ours)) = (parsed.next(), parsed.next()) {
        said.push(Said { peer, ours });
    }
    said
}

/// A `pve.yml` for both programs.
fn configuration(modules: &[(&str, &Sim)], directory: &Path) -> String {
    let mut config = String::new();
    for (module, sim) in modules {
        config.push_str(&module_config(module, sim, directory));
        config.push_str(&format!("  timeout: 30\n  port: {}\n", sim.addr().port()));
    }
    config
}

/// Requests a URL of one of them.
pub(crate) async fn ask(url: &str) -> Answer {
    let request = client().get(url).timeout(Duration::from_secs(120));
    // Ours stops before the scraper's timeout, which must not happen on a busy machine.
    let answer = request.header("X-Prometheus-Scrape-Timeout-Seconds", "100").send().await.unwrap();
    let content_type = answer.headers().get("content-type").map_or("", |value| value.to_str().unwrap()).to_owned();
    Answer { status: answer.status().as_u16(), content_type, body: answer.text().await.unwrap() }
}
