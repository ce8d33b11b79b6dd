//! The real Prometheus scrapes a cluster every second while faults come and go and a collector is replaced. `scripts/rehearse`
//! runs this for as long as you like.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use pve_sim::{Pve, Sim};

use harness::{Exporter, PATIENCE, Prometheus, client, command, configure, prioritized, zoo_component};

use super::pulse;
use super::stage::spec;

/// What happens in turn, and what Prometheus must find then: expressions without a result are false.
const FAULTS: [(&str, &str); 9] = [
    (
        r#"{"kind":{"down":"refused"},"node":"node02"}"#,
        "absent(pve_node_load1{job=\"text\",node=\"node02\"}) and on () pve_node_load1{job=\"text\",node=\"node01\"}",
    ),
    (
        r#"{"kind":{"down":"silent"},"node":"node03"}"#,
        "pve_exporter_collector_failed_places{job=\"text\",collector=\"node-status\",node=\"node03\",reason=\"timed_out\"}",
    ),
    (r#"{"kind":{"down":"no_route"},"node":"node02"}"#, "pve_up{job=\"text\",id=\"node/node02\"} == 0"),
    (r#"{"path":"/nodes/{node}/disks/list","status":403}"#, "absent(pve_physical_disk_info{job=\"text\"})"),
    (
        r#"{"path":"/cluster/resources","body":"duplicates"}"#,
        "pve_exporter_collector_rejected{job=\"text\",collector=\"resources\",reason=\"duplicate\"}",
    ),
    (r#"{"kind":{"connections":"refused"}}"#, "pve_exporter_target_up{job=\"text\"} == 0"),
    (
        r#"{"kind":{"delivery":"hang"},"path":"/cluster/resources"}"#,
        "absent(pve_guest_info{job=\"text\"}) and on () pve_node_load1{job=\"text\",node=\"node01\"}",
    ),
    (r#"{"kind":"removed","node":"node04"}"#, "absent(pve_exporter_node_online{job=\"text\",node=\"node04\"})"),
    (r#"{"kind":{"clock":{"seconds":-86400}}}"#, "pve_uptime_seconds{job=\"text\",id=\"node/node01\"}"),
];

const HEALTHY: &str = "pve_exporter_target_up{job=\"text\"} == 1 unless on () pve_exporter_collector_success{job=\"text\"} == 0 \
                       unless on () pve_exporter_collector_rejected{job=\"text\"}";

/// The zoo's `versioned` with another marker, replaced as an operator would.
fn install(folder: &Path, version: usize) {
    let marker = b"marker-00000000";
    let mut bytes = zoo_component("versioned");
    let at = bytes.windows(marker.len()).position(|window| window == marker).unwrap();
    bytes[at..at + marker.len()].copy_from_slice(format!("marker-{version:08}").as_bytes());
    std::fs::write(folder.join("versioned.tmp"), bytes).unwrap();
    std::fs::rename(folder.join("versioned.tmp"), folder.join("versioned.wasm")).unwrap();
}

struct Rehearsal {
    sim: Sim,
    directory: tempfile::TempDir,
    prometheus: Prometheus,
    exporters: [Exporter; 2],
}

impl Rehearsal {
    /// Two exporters: one responds in the text format and one in OpenMetrics.
    async fn start() -> Self {
        let sim = Sim::start(spec(Pve::V9)).await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let config = configure(&sim, directory.path());
        let text = std::fs::read_to_string(&config).unwrap();
        std::fs::write(&config, text + "  timeout: 0.2\n").unwrap();
        let folder = directory.path().join("collectors");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("versioned.yml"), "allow: [\"/nodes/{node}/status\"]\n").unwrap();
        install(&folder, 0);
        let folder = folder.to_str().unwrap();
        let arguments = ["--collectors.directory", folder, "--api.max-age", "0s", "--web.timeout-offset", "0.6"];
        let start = |more: &[&str]| {
            let mut command = command();
            command.arg("--config.file").arg(&config).args(arguments).args(more);
            command.args(["--web.listen-address", "127.0.0.1:0"]);
            Exporter::of(&mut prioritized(&command))
        };
        let exporters = [start(&[]), start(&["--collectors.setting", "resources.deprecated=0"])];
        let job = |name: &str, exporter: &Exporter| {
            format!(
                "  - job_name: {name}\n    scrape_interval: 1s\n    scrape_timeout: 1s\n    static_configs:\n      \
                 - targets: ['{}']\n",
                exporter.address
            )
        };
        let jobs = job("text", &exporters[0]) + &job("openmetrics", &exporters[1]);
        let prometheus = Prometheus::start(&format!("scrape_configs:\n{jobs}"));
        Self { sim, directory, prometheus, exporters }
    }

    /// One fault after the other for this long, with another version of the collector for each.
    async fn play(&self, duration: Duration) -> usize {
        let start = Instant::now();
        let mut version = 0;
        self.prometheus.query_until(HEALTHY, |series| !series.is_empty()).await;
        for (fault, sign) in FAULTS.iter().cycle() {
            if start.elapsed() >= duration {
                break;
            }
            version += 1;
            self.sim.fault_from_json(fault).unwrap_or_else(|error| panic!("{fault}: {error}"));
            self.prometheus.query_until(sign, |series| !series.is_empty()).await;
            install(&self.directory.path().join("collectors"), version);
            self.sim.clear_faults();
            let serves =
                format!("{HEALTHY} and on () pve_zoo_versioned{{job=\"text\",version=\"marker-{version:08}\"}}");
            self.prometheus.query_until(&serves, |series| !series.is_empty()).await;
        }
        version
    }

    /// The value of a query with a single series.
    async fn value(&self, query: &str) -> f64 {
        let series = self.prometheus.query(query).await;
        assert_eq!(series.len(), 1, "{query}: {series:?}");
        series[0].1
    }

    /// Why scrapes failed most recently, if they did.
    async fn errors(&self) -> String {
        let targets = self.prometheus.get("targets").await;
        let targets = targets["activeTargets"].as_array().cloned().unwrap_or_default();
        targets.iter().map(|target| target["lastError"].to_string()).collect()
    }

    /// Series by name and labels without those of Prometheus, but not the exporter's own.
    async fn series(&self, job: &str) -> BTreeMap<String, f64> {
        let query = format!("{{job=\"{job}\",__name__=~\"pve_.*\",__name__!~\"pve_exporter_.*\"}}");
        let mut all = BTreeMap::new();
        for (mut labels, value) in self.prometheus.query(&query).await {
            let labels = labels.as_object_mut().unwrap();
            labels.retain(|name, _| !matches!(name.as_str(), "job" | "instance"));
            all.insert(serde_json::to_string(labels).unwrap(), value);
        }
        all
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_sees_no_gap() {
    if !Prometheus::is_installed() {
        return;
    }
    let seconds = std::env::var("PVE_EXPORTER_TEST_REHEARSAL").map_or(60, |seconds| seconds.parse().unwrap());
    pulse::start();
    let rehearsal = Rehearsal::start().await;
    let swaps = rehearsal.play(Duration::from_secs(seconds)).await;
    for job in ["text", "openmetrics"] {
        let range = format!("[{}s]", 2 * seconds + 120);
        let up = rehearsal.prometheus.samples(&format!("up{{job=\"{job}\"}}{range}")).await;
        let down: Vec<f64> = up.iter().filter(|(_, up)| *up == 0.0).map(|(time, _)| *time).collect();
        println!("{job}: {swaps} faults and versions, {} scrapes, {} of them failed", up.len(), down.len());
        for time in down {
            let start = SystemTime::UNIX_EPOCH + Duration::from_secs_f64(time);
            let busy = pulse::was_late(start, start + Duration::from_secs(1));
            assert!(busy, "a scrape of {job} failed; the last errors: {}", rehearsal.errors().await);
        }
        let scrapes = rehearsal.value(&format!("sum_over_time(up{{job=\"{job}\"}}{range})")).await;
        // No series is missing from a scrape of the cluster without a reason: a fault may begin in the middle of a scrape.
        let reached = rehearsal.value(&format!("sum_over_time(pve_exporter_target_up{{job=\"{job}\"}}{range})")).await;
        for (series, failed) in [
            ("pve_node_load1{node=\"node01\"", "collector=\"node-status\",node=\"node01\""),
            ("pve_version_info{release=~\".+\"", "collector=\"version\",node=\"\""),
        ] {
            let count = |series: String| format!("sum(count_over_time({series},job=\"{job}\"}}{range})) or vector(0)");
            let there = rehearsal.value(&count(series.to_owned())).await;
            let failed = format!("pve_exporter_collector_failed_places{{{failed}");
            // When the cluster is down, every collector fails for the cluster, which `reached` does not count.
            let down = scrapes - reached;
            let failed = rehearsal.value(&count(failed)).await - if series.contains("node01") { 0.0 } else { down };
            assert_eq!(there + failed, reached, "{series} of {job}");
        }
        // At no time is there more than one version: the series of the old one end when it is replaced.
        let versions = format!("count(count by (version) (pve_zoo_versioned{{job=\"{job}\"}}))");
        let most = rehearsal.value(&format!("max_over_time(({versions})[{}s:1s])", 2 * seconds + 120)).await;
        assert_eq!(most, 1.0);
    }
    same_values(&rehearsal).await;
    nothing_was_dropped(&rehearsal.prometheus).await;
}

async fn same_values(rehearsal: &Rehearsal) {
    let response = client()
        .get(rehearsal.exporters[1].url("/metrics"))
        .header("Accept", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5");
    let response = response.send().await.unwrap();
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("application/openmetrics-text"));
    let deprecated = ["network_transmit", "network_receive", "disk_write", "disk_read"];
    let start = Instant::now();
    loop {
        let (mut text, open) = (rehearsal.series("text").await, rehearsal.series("openmetrics").await);
        text.retain(|name, _| !deprecated.iter().any(|metric| name.contains(&format!("\"pve_{metric}_bytes\""))));
        if open.len() > 1000 && text == open {
            return;
        }
        // The last fault may have ended for one of the two exporters only.
        if start.elapsed() > PATIENCE {
            assert_eq!(text, open);
            panic!("{} series", open.len());
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn nothing_was_dropped(prometheus: &Prometheus) {
    let own =
        client().get(format!("http://{}/metrics", prometheus.address)).send().await.unwrap().text().await.unwrap();
    for dropped in ["sample_duplicate_timestamp_total", "sample_out_of_order_total", "sample_out_of_bounds_total"] {
        let name = format!("prometheus_target_scrapes_{dropped}");
        let line = own.lines().find(|line| line.starts_with(&name)).unwrap();
        assert!(line.ends_with(" 0"), "{line}");
    }
    let log = prometheus.log();
    assert!(!log.contains("Error on ingesting"), "{log}");
}
