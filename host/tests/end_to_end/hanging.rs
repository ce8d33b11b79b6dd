//! Nodes that do not respond at all: they cost their own series, and time only once.

use std::collections::BTreeSet;
use std::time::Duration;

use harness::{Exporter, Exposition, client, configure};
use pve_sim::{Down, Sim, Spec};

struct Hanging {
    sim: Sim,
    exporter: Exporter,
    _directory: tempfile::TempDir,
}

impl Hanging {
    /// A cluster, and an exporter whose requests time out after one second.
    async fn start(spec: Spec) -> Self {
        let sim = Sim::start(spec).await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let config = configure(&sim, directory.path());
        let text = std::fs::read_to_string(&config).unwrap();
        std::fs::write(&config, text + "  timeout: 1\n").unwrap();
        let exporter = Exporter::start(&config, &[]);
        Self { sim, exporter, _directory: directory }
    }

    async fn scrape(&self) -> Exposition {
        self.scrape_within(10).await
    }

    async fn scrape_within(&self, seconds: u64) -> Exposition {
        let request = client().get(self.exporter.url("/metrics"));
        let timeout = seconds.to_string();
        let answer = request.header("X-Prometheus-Scrape-Timeout-Seconds", timeout).send().await.unwrap();
        Exposition(answer.text().await.unwrap())
    }
}

/// The cluster's series, without their values.
fn series(exposition: &Exposition) -> BTreeSet<String> {
    let of_cluster = |line: &&str| line.starts_with("pve_") && !line.starts_with("pve_exporter_");
    exposition.0.lines().filter(of_cluster).map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect()
}

/// Whether a node serves this series.
fn is_of(series: &str, node: &str) -> bool {
    series.contains(&format!("node=\"{node}\"")) || series.contains(&format!("id=\"node/{node}\""))
}

fn duration(exposition: &Exposition) -> f64 {
    exposition.value("pve_exporter_scrape_duration_seconds").unwrap()
}

fn failed(exposition: &Exposition, collector: &str, node: &str, reason: &str) -> Option<f64> {
    let labels = format!("{{collector=\"{collector}\",node=\"{node}\",reason=\"{reason}\"}}");
    exposition.value(&format!("pve_exporter_collector_failed_places{labels}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_hangs_is_not_waited_for_again() {
    let hanging = Hanging::start(Spec { nodes: 4, guests: 40, replication: 0, ..Spec::default() }).await;
    let healthy = hanging.scrape().await;
    hanging.sim.node_down("node02", Down::Silent).unwrap();
    let first = hanging.scrape().await;
    assert!(duration(&first) >= 1.0);
    assert_eq!(failed(&first, "node-status", "node02", "timed_out"), Some(1.0));

    for _ in 0..3 {
        hanging.sim.reset_counters();
        let later = hanging.scrape().await;
        assert!(duration(&later) < 1.0, "{}", duration(&later));
        assert_eq!(failed(&later, "node-status", "node02", "timed_out"), Some(1.0));
        // Only what the node itself serves is lost.
        let lost: Vec<_> = series(&healthy).difference(&series(&later)).cloned().collect();
        assert!(!lost.is_empty() && lost.iter().all(|series| is_of(series, "node02")), "{lost:#?}");
        // A probe, and no other request.
        assert!(hanging.sim.counters().nodes["node02"].total <= 1);
    }

    hanging.sim.node_up("node02").unwrap();
    let back = series(&hanging.scrape().await);
    let missing: Vec<_> = series(&healthy).difference(&back).cloned().collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Half of the nodes would hold all slots.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_hang_leave_slots_to_the_others() {
    let hanging = Hanging::start(Spec { nodes: 12, guests: 120, replication: 0, ..Spec::default() }).await;
    let down: Vec<String> = (1..=6).map(|node| format!("node{:02}", node * 2)).collect();
    for node in &down {
        hanging.sim.node_down(node, Down::Silent).unwrap();
    }
    let first = hanging.scrape_within(3).await;
    hanging.sim.clear_faults();
    let healthy = hanging.scrape().await;
    let lost: Vec<_> = series(&healthy).difference(&series(&first)).cloned().collect();
    let others: Vec<_> = lost.iter().filter(|series| !down.iter().any(|node| is_of(series, node))).collect();
    assert!(others.is_empty(), "{others:#?}");
}

/// The requests for each guest come after those for the node.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_node_responds_for_itself_first() {
    let hanging = Hanging::start(Spec { nodes: 2, guests: 120, ..Spec::default() }).await;
    hanging.sim.slow("node02", Duration::from_millis(300)).unwrap();
    let exposition = hanging.scrape_within(3).await;
    for family in ["pve_node_load1", "pve_physical_disk_info", "pve_vm_pressure_cpu_some_ratio"] {
        let of_node = exposition.samples(family).iter().filter(|sample| sample.contains("node=\"node02\"")).count();
        assert!(of_node > 0, "no {family}");
    }
    assert!(failed(&exposition, "config", "node02", "timed_out").is_some());
}
