//! Grafana dashboard 10347, "Proxmox via Prometheus": one Prometheus scrapes the peer, another one scrapes ours, and the
//! dashboard's variable and queries must return the same from both.
//!
//! Each scrapes two clusters: on the frozen one all values must be equal, on the moving one, which has rates, the series.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use pve_sim::{Sim, Spec};
use serde_json::Value;

use super::pair::{FAMILIES, Pair};
use super::peer;
use harness::Prometheus;

/// Queries of gauges; the last four are the gauges that the rates are computed from.
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

/// Queries of rates. The last one is the replacement that the HELP text of the deprecated gauges recommends.
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

type Series = BTreeMap<String, f64>;

/// The scrape job that prometheus-pve-exporter documents. Clusters are pairs of the module, which becomes `instance`, and
/// the simulated cluster.
fn job(exporter: SocketAddr, clusters: &[(&str, &Sim)]) -> String {
    let mut job =
        "scrape_configs:\n- job_name: pve\n  metrics_path: /pve\n  params: { cluster: ['1'], node: ['1'] }\n  \
                   static_configs:\n"
            .to_owned();
    for (name, sim) in clusters {
        let labels = format!("{{ instance: {name}, __param_module: {name} }}");
        job.push_str(&format!("  - {{ targets: ['{}'], labels: {labels} }}\n", sim.addr()));
    }
    job.push_str(&format!(
        "  relabel_configs:\n  - {{ source_labels: [__address__], target_label: __param_target }}\n  \
         - {{ target_label: __address__, replacement: '{exporter}' }}\n"
    ));
    job
}

/// An instant query for an instance: values by labels.
async fn query(prometheus: &Prometheus, query: &str, instance: &str) -> Series {
    let series = prometheus.query(&query.replace("$instance", instance)).await;
    series.into_iter().map(|(labels, value)| (labels.to_string(), value)).collect()
}

/// Waits until every instance was scraped four times.
async fn scraped(prometheus: &Prometheus, instances: usize) {
    let query = "sum by (instance) (sum_over_time(up[5m]))";
    let enough = |counts: &[(Value, f64)]| counts.len() == instances && counts.iter().all(|(_, count)| *count >= 4.0);
    prometheus.query_until(query, enough).await;
}

fn labels(series: &Series) -> Vec<&String> {
    series.keys().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_shows_the_same() {
    if !peer::available() || !Prometheus::is_installed() {
        return;
    }
    let spec = || Spec { nodes: 3, guests: 30, ..Spec::default() };
    let frozen = Sim::start(spec()).await.unwrap();
    let moving = Sim::start(Spec { tick: Some(Duration::from_millis(500)), seed: 2, ..spec() }).await.unwrap();
    let clusters = [("frozen", &frozen), ("moving", &moving)];
    let pair = Pair::start(&clusters, "UTC");
    let peers = Prometheus::start(&job(pair.peer.address, &clusters));
    let ours = Prometheus::start(&job(pair.exporter.address, &clusters));
    let instances = ["frozen", "moving"];
    tokio::join!(scraped(&peers, 2), scraped(&ours, 2));

    // The dashboard's variable: label_values(pve_node_info, instance).
    let path = "label/instance/values?match[]=pve_node_info";
    assert_eq!(peers.get(path).await, ours.get(path).await);
    assert_eq!(ours.get(path).await, serde_json::json!(instances));

    for text in GAUGES {
        let [theirs, own] = [query(&peers, text, "frozen").await, query(&ours, text, "frozen").await];
        assert!(!theirs.is_empty(), "{text} shows nothing");
        assert_eq!(theirs, own, "{text}");
    }
    for text in GAUGES.iter().chain(&RATES) {
        let [theirs, own] = [query(&peers, text, "moving").await, query(&ours, text, "moving").await];
        assert!(!theirs.is_empty(), "{text} shows nothing");
        assert_eq!(labels(&theirs), labels(&own), "{text}");
    }
    for text in RATES {
        let own = query(&ours, text, "moving").await;
        assert!(own.values().any(|rate| *rate > 0.0), "{text} is constant: {own:?}");
    }
    // Other dashboards may query any family.
    for family in FAMILIES.iter().filter(|family| !family.starts_with("pve_qdevice_")) {
        let text = format!("{family}{{instance=\"$instance\"}}");
        let [theirs, own] = [query(&peers, &text, "frozen").await, query(&ours, &text, "frozen").await];
        assert!(!theirs.is_empty(), "no {family}");
        assert_eq!(theirs, own);
    }
}
