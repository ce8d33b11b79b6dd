//! Grafana dashboard 10347, "Proxmox via Prometheus": its variable and its queries, on a real Prometheus that scrapes the
//! peer and on one that scrapes ours, both configured alike but for the address. What they return must be the same.
//!
//! There are two clusters behind each: one frozen, on which every value must be the same, and one that moves, for rates;
//! there the series must be.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pve_sim::{Sim, Spec};
use serde_json::Value;

use super::pair::{FAMILIES, Pair};
use super::peer;
use harness::{client, wait_for};

/// What the dashboard shows as it is; the last four are the gauges that its rates are made of.
const GAUGES: [&str; 14] = [
    "sum by (id, name, type) (pve_guest_info{instance=\"$instance\"})",
    "sum by (id) (pve_up{instance=\"$instance\"} and on (id, instance) pve_guest_info)",
    "sum by (id) (pve_cpu_usage_limit{instance=\"$instance\"} and on (id, instance) pve_guest_info)",
    "sum by (id) (pve_memory_size_bytes{instance=\"$instance\"} and on (id, instance) pve_guest_info)",
    "sum by (id) (pve_memory_usage_bytes{instance=\"$instance\",template!=\"1\"} / pve_memory_size_bytes \
     and on (id, instance) pve_guest_info and on (id) pve_up==1)",
    "pve_cpu_usage_ratio{instance=\"$instance\"} / pve_cpu_usage_limit and on(id) pve_node_info",
    "pve_memory_usage_bytes{instance=\"$instance\"} / pve_memory_size_bytes and on(id) pve_node_info",
    "((pve_cpu_usage_ratio{instance=\"$instance\"} / pve_cpu_usage_limit) * on(id, instance) group_left(name, type) \
     pve_guest_info) and on(id, instance) pve_up == 1",
    "pve_disk_usage_bytes{instance=\"$instance\", id=~\"storage/.+\"} / pve_disk_size_bytes \
     * on (id, instance) group_left(storage) pve_storage_info",
    "pve_disk_usage_bytes{instance=\"$instance\"} / pve_disk_size_bytes{instance=\"$instance\"} \
     * on (id, instance) group_left(name, type) pve_guest_info{type=\"lxc\"}",
    "pve_network_receive_bytes{instance=\"$instance\"}",
    "pve_network_transmit_bytes{instance=\"$instance\"}",
    "pve_disk_read_bytes{instance=\"$instance\"}",
    "pve_disk_write_bytes{instance=\"$instance\"}",
];

/// What it shows as rates. The last one is what the help of the deprecated gauges says to use instead.
const RATES: [&str; 4] = [
    "(rate(pve_network_receive_bytes{instance=\"$instance\"}[5m]) * on(id, instance) group_left(name, type) \
     pve_guest_info) and on(id, instance) pve_up == 1",
    "(rate(pve_network_transmit_bytes{instance=\"$instance\"}[5m]) * on(id, instance) group_left(name, type) \
     pve_guest_info) and on(id, instance) pve_up == 1",
    "((rate(pve_disk_write_bytes{instance=\"$instance\"}[5m]) + rate(pve_disk_read_bytes[5m])) * on(id, instance) \
     group_left(name, type) pve_guest_info) and on(id, instance) pve_up == 1",
    "rate(pve_network_receive_bytes_total{instance=\"$instance\"}[5m]) * on(id, instance) group_left(name, type) \
     pve_guest_info",
];

fn available() -> bool {
    let found = Command::new("prometheus").arg("--version").output().is_ok_and(|output| output.status.success());
    let demanded = std::env::var_os("PVE_EXPORTER_DEMAND_PROMETHEUS").is_some();
    assert!(found || !demanded, "prometheus is not installed; run `make prometheus`");
    if !found {
        eprintln!("skipped: prometheus is not installed; `make prometheus` installs it");
    }
    found && peer::available()
}

/// A Prometheus that scrapes clusters through one exporter, as the peer's documentation has it. Dropping it kills it.
struct Prometheus {
    child: Child,
    address: SocketAddr,
    _directory: tempfile::TempDir,
}

type Series = BTreeMap<String, f64>;

impl Prometheus {
    /// `clusters`: what `instance` shall be, which is the module as well, and the cluster.
    fn start(exporter: SocketAddr, clusters: &[(&str, &Sim)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut config = "global: { scrape_interval: 2s, scrape_timeout: 2s }\nscrape_configs:\n- job_name: pve\n  \
                          metrics_path: /pve\n  params: { cluster: ['1'], node: ['1'] }\n  static_configs:\n"
            .to_owned();
        for (name, sim) in clusters {
            let labels = format!("{{ instance: {name}, __param_module: {name} }}");
            config.push_str(&format!("  - {{ targets: ['{}'], labels: {labels} }}\n", sim.addr()));
        }
        config.push_str(&format!(
            "  relabel_configs:\n  - {{ source_labels: [__address__], target_label: __param_target }}\n  \
             - {{ target_label: __address__, replacement: '{exporter}' }}\n"
        ));
        std::fs::write(directory.path().join("prometheus.yml"), config).unwrap();
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = Command::new("prometheus")
            .args(["--config.file", "prometheus.yml", "--storage.tsdb.path", "data", "--log.level", "warn"])
            .arg(format!("--web.listen-address={address}"))
            .current_dir(directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(directory.path().join("prometheus.log")).unwrap())
            .spawn()
            .unwrap();
        wait_for("prometheus to listen", || std::net::TcpStream::connect(address).ok());
        Self { child, address, _directory: directory }
    }

    async fn get(&self, path: &str) -> Value {
        let answer = client().get(format!("http://{}/api/v1/{path}", self.address)).send().await.unwrap();
        let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default();
        assert!(answer["status"] != "error", "{path}: {answer}");
        answer["data"].clone()
    }

    /// An instant query: values by labels.
    async fn query(&self, query: &str, instance: &str) -> Series {
        let query = query.replace("$instance", instance);
        let escaped = percent_encoding::utf8_percent_encode(&query, percent_encoding::NON_ALPHANUMERIC);
        let data = self.get(&format!("query?query={escaped}")).await;
        let found = data["result"].as_array().map(Vec::as_slice).unwrap_or_default();
        let value = |series: &Value| series["value"][1].as_str().unwrap().parse().unwrap();
        found.iter().map(|series| (series["metric"].to_string(), value(series))).collect()
    }

    /// Waits until every cluster was scraped this often.
    async fn scraped(&self, times: f64, instances: &[&str]) {
        for _ in 0..600 {
            let counts = self.query("sum by (instance) (sum_over_time(up[5m]))", "").await;
            if counts.len() == instances.len() && counts.values().all(|count| *count >= times) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("not scraped in a minute: {}", self.get("targets").await);
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn labels(series: &Series) -> Vec<&String> {
    series.keys().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_shows_the_same() {
    if !available() {
        return;
    }
    let spec = || Spec { nodes: 3, guests: 30, ..Spec::default() };
    let frozen = Sim::start(spec()).await.unwrap();
    let moving = Sim::start(Spec { tick: Some(Duration::from_millis(500)), seed: 2, ..spec() }).await.unwrap();
    let clusters = [("frozen", &frozen), ("moving", &moving)];
    let pair = Pair::start(&clusters, "UTC");
    let peers = Prometheus::start(pair.peer.address, &clusters);
    let ours = Prometheus::start(pair.exporter.address, &clusters);
    let instances = ["frozen", "moving"];
    tokio::join!(peers.scraped(4.0, &instances), ours.scraped(4.0, &instances));

    // The dashboard's variable: label_values(pve_node_info, instance).
    let path = "label/instance/values?match[]=pve_node_info";
    assert_eq!(peers.get(path).await, ours.get(path).await);
    assert_eq!(ours.get(path).await, serde_json::json!(instances));

    for query in GAUGES {
        let [theirs, own] = [peers.query(query, "frozen").await, ours.query(query, "frozen").await];
        assert!(!theirs.is_empty(), "{query} shows nothing");
        assert_eq!(theirs, own, "{query}");
    }
    for query in GAUGES.iter().chain(&RATES) {
        let [theirs, own] = [peers.query(query, "moving").await, ours.query(query, "moving").await];
        assert!(!theirs.is_empty(), "{query} shows nothing");
        assert_eq!(labels(&theirs), labels(&own), "{query}");
    }
    for query in RATES {
        let own = ours.query(query, "moving").await;
        assert!(own.values().any(|rate| *rate > 0.0), "{query} stands still: {own:?}");
    }
    // Whatever else people built: all there is.
    for family in FAMILIES.iter().filter(|family| !family.starts_with("pve_qdevice_")) {
        let query = format!("{family}{{instance=\"$instance\"}}");
        let [theirs, own] = [peers.query(&query, "frozen").await, ours.query(&query, "frozen").await];
        assert!(!theirs.is_empty(), "no {family}");
        assert_eq!(theirs, own);
    }
}
