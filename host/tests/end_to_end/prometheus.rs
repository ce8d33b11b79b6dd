//! The real Prometheus and promtool: what they make of an exposition is what counts.
//!
//! `make test` installs Debian's package. Where it can be neither found nor installed these tests say that they are
//! skipped; with `PVE_EXPORTER_DEMAND_PROMETHEUS` in the environment (CI) they fail instead.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pve_sim::Spec;
use serde_json::Value;

use harness::{Setup, client, wait_for};

pub(super) fn available(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    let demanded = std::env::var_os("PVE_EXPORTER_DEMAND_PROMETHEUS").is_some();
    assert!(found || !demanded, "{program} is not installed; run `make prometheus`");
    if !found {
        eprintln!("skipped: {program} is not installed; `make prometheus` installs it");
    }
    found
}

/// A Prometheus that scrapes every second. Dropping it kills the process.
pub(super) struct Prometheus {
    child: Child,
    address: String,
}

impl Prometheus {
    fn start(directory: &Path, exporter: &str) -> Self {
        let job = format!("scrape_configs:\n  - job_name: pve\n    static_configs:\n      - targets: ['{exporter}']\n");
        Self::with_jobs(directory, &job)
    }

    pub(super) fn with_jobs(directory: &Path, jobs: &str) -> Self {
        // Prometheus does not tell which port the system gave it, so one is asked for first.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = format!("global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\n{jobs}");
        std::fs::write(directory.join("prometheus.yml"), config).unwrap();
        let address = format!("127.0.0.1:{port}");
        let child = Command::new("prometheus")
            .args(["--config.file", "prometheus.yml", "--storage.tsdb.path", "data", "--log.level", "warn"])
            .arg(format!("--web.listen-address={address}"))
            .current_dir(directory)
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(directory.join("prometheus.log")).unwrap())
            .spawn()
            .unwrap();
        Self { child, address }
    }

    pub(super) async fn get(&self, path: &str) -> Option<Value> {
        let answer = client().get(format!("http://{}/api/v1/{path}", self.address)).send().await.ok()?;
        serde_json::from_str(&answer.text().await.ok()?).ok()
    }

    /// The series of an instant query: labels and value.
    pub(super) async fn query(&self, query: &str) -> Vec<(Value, f64)> {
        let query = percent_encoding::utf8_percent_encode(query, percent_encoding::NON_ALPHANUMERIC);
        let answer = client().get(format!("http://{}/api/v1/query?query={query}", self.address)).send().await.unwrap();
        let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!(answer["status"], "success", "{query}: {answer}");
        let series = answer["data"]["result"].as_array().unwrap();
        series.iter().map(|one| (one["metric"].clone(), one["value"][1].as_str().unwrap().parse().unwrap())).collect()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_stores_what_the_cluster_says() {
    if !available("prometheus") {
        return;
    }
    let setup = Setup::start(Spec { nodes: 3, guests: 30, ha: 4, ..Spec::default() }, &[]).await;
    let directory = tempfile::tempdir().unwrap();
    let prometheus = Prometheus::start(directory.path(), &setup.exporter.address.to_string());
    // Scraped twice at least, and up.
    let mut scrapes = 0.0;
    for _ in 0..300 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        if prometheus.get("targets").await.is_none() {
            continue;
        }
        let counted = prometheus.query("count_over_time(up{job=\"pve\"}[5m])").await;
        scrapes = counted.first().map_or(0.0, |(_, count)| *count);
        if scrapes >= 2.0 {
            break;
        }
    }
    assert!(scrapes >= 2.0, "two scrapes in 30 s");
    let up = prometheus.query("up{job=\"pve\"}").await;
    assert_eq!(up.len(), 1);
    assert_eq!(up[0].1, 1.0, "{:?}", prometheus.get("targets").await);

    // The exposition is itself tested against the simulator; here every series of it must have arrived with its value.
    let exposition = setup.scrape().await;
    let mut compared = 0;
    for line in exposition.0.lines().filter(|line| line.starts_with("pve_") && !line.starts_with("pve_exporter_")) {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let stored = prometheus.query(series).await;
        assert_eq!(stored.len(), 1, "{series}");
        assert_eq!(stored[0].1, value.parse::<f64>().unwrap(), "{series}");
        compared += 1;
    }
    assert!(compared > 100, "{compared} series");

    let own =
        client().get(format!("http://{}/metrics", prometheus.address)).send().await.unwrap().text().await.unwrap();
    for dropped in ["sample_duplicate_timestamp_total", "sample_out_of_order_total", "sample_out_of_bounds_total"] {
        let name = format!("prometheus_target_scrapes_{dropped}");
        let line = own.lines().find(|line| line.starts_with(&name)).unwrap();
        assert!(line.ends_with(" 0"), "{line}");
    }
    let log = std::fs::read_to_string(directory.path().join("prometheus.log")).unwrap();
    assert!(!log.contains("Error on ingesting"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn promtool_finds_nothing() {
    if !available("promtool") {
        return;
    }
    let setup = Setup::start(Spec { nodes: 3, guests: 20, ..Spec::default() }, &[]).await;
    let exposition = setup.scrape().await;
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    promtool.stdin.take().unwrap().write_all(exposition.0.as_bytes()).unwrap();
    wait_for("promtool", || promtool.try_wait().unwrap());
    let output = promtool.wait_with_output().unwrap();
    // The one finding is prometheus-pve-exporter's: its gauge has a counter's name, and dashboards know it by that.
    let known = "pve_not_backed_up_total non-counter metrics should not have \"_total\" suffix";
    let findings: Vec<String> = String::from_utf8(output.stderr).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(findings, [known]);
}
