//! The real Prometheus and promtool read our expositions.

use std::io::Write as _;
use std::process::{Command, Stdio};

use pve_sim::Spec;

use harness::{Prometheus, Setup, client, wait_for};

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_stores_what_the_cluster_says() {
    if !Prometheus::is_installed() {
        return;
    }
    let setup = Setup::start(Spec { nodes: 3, guests: 30, ha: 4, ..Spec::default() }, &[]).await;
    let job = format!(
        "scrape_configs:\n  - job_name: pve\n    static_configs:\n      - targets: ['{}']\n",
        setup.exporter.address
    );
    let prometheus = Prometheus::start(&job);
    // The number of successful scrapes.
    prometheus.query_until("sum_over_time(up[5m])", |up| up.first().is_some_and(|(_, count)| *count >= 2.0)).await;

    // Other tests compare the exposition with the simulator; here every series must have arrived with its value. The last
    // value within five minutes, because a scrape that times out on a busy machine makes all series stale.
    let exposition = setup.scrape().await;
    let mut compared = 0;
    for line in exposition.0.lines().filter(|line| line.starts_with("pve_") && !line.starts_with("pve_exporter_")) {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let stored = prometheus.query(&format!("last_over_time({series}[5m])")).await;
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
    let log = prometheus.log();
    assert!(!log.contains("Error on ingesting"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn promtool_finds_nothing() {
    if !Prometheus::is_installed() {
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
    // The one finding is a name we took over from prometheus-pve-exporter: a gauge that is named like a counter.
    let known = "pve_not_backed_up_total non-counter metrics should not have \"_total\" suffix";
    let findings: Vec<String> = String::from_utf8(output.stderr).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(findings, [known]);
}
