//! A healthy cluster: every specified metric, with the simulator's values, for one request each.

use pve_sim::{Fault, Spec};

use harness::{Setup, client};

const SPECIFIED: [&str; 34] = [
    "pve_node_load1",
    "pve_node_load5",
    "pve_node_load15",
    "pve_node_swap_total_bytes",
    "pve_node_swap_used_bytes",
    "pve_node_swap_free_bytes",
    "pve_node_rootfs_total_bytes",
    "pve_node_rootfs_used_bytes",
    "pve_node_rootfs_available_bytes",
    "pve_node_ksm_shared_bytes",
    "pve_node_boot_mode_info",
    "pve_vm_pressure_cpu_some_ratio",
    "pve_vm_pressure_cpu_full_ratio",
    "pve_vm_pressure_memory_some_ratio",
    "pve_vm_pressure_memory_full_ratio",
    "pve_vm_pressure_io_some_ratio",
    "pve_vm_pressure_io_full_ratio",
    "pve_ha_crm_master",
    "pve_ha_node_status",
    "pve_ha_lrm_timestamp_seconds",
    "pve_ha_lrm_mode",
    "pve_ha_service_config",
    "pve_ha_service_status",
    "pve_physical_disk_health",
    "pve_physical_disk_wearout_remaining_ratio",
    "pve_physical_disk_size_bytes",
    "pve_physical_disk_info",
    "pve_physical_disk_osd",
    "pve_physical_disk_smart_status",
    "pve_exporter_target_up",
    "pve_exporter_collector_success",
    "pve_exporter_collector_duration_seconds",
    "pve_exporter_collector_rows",
    "pve_exporter_collector_series",
];

fn spec() -> Spec {
    Spec { nodes: 5, guests: 60, ha: 6, ..Spec::default() }
}

/// The number of nodes with replication jobs.
fn nodes_with_jobs(setup: &Setup) -> u64 {
    let jobs = setup.sim.body("/cluster/replication");
    let sources = jobs["data"].as_array().unwrap().iter().map(|job| job["source"].as_str().unwrap());
    sources.collect::<std::collections::BTreeSet<_>>().len() as u64
}

#[tokio::test(flavor = "multi_thread")]
async fn every_specified_metric_is_there() {
    let setup = Setup::start(spec(), &[]).await;
    let exposition = setup.scrape().await;
    for family in SPECIFIED {
        assert!(!exposition.samples(family).is_empty(), "no {family}");
    }
    for collector in ["ha-status", "node-status", "physical-disk", "vm-pressure"] {
        let labels = format!("{{collector=\"{collector}\"}}");
        assert_eq!(exposition.value(&format!("pve_exporter_collector_success{labels}")), Some(1.0));
    }
    assert_eq!(exposition.samples("pve_node_load1").len(), 5);
    assert!(exposition.samples("pve_exporter_collector_failed_places").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_the_simulators() {
    let setup = Setup::start(spec(), &[]).await;
    let exposition = setup.scrape().await;
    for node in 1..=5 {
        let node = format!("node{node:02}");
        let status = setup.sim.body(&format!("/nodes/{node}/status"));
        let load: f64 = status["data"]["loadavg"][0].as_str().unwrap().parse().unwrap();
        assert_eq!(exposition.value(&format!("pve_node_load1{{node=\"{node}\"}}")), Some(load));
        let vms = setup.sim.body(&format!("/nodes/{node}/qemu"));
        for vm in vms["data"].as_array().unwrap() {
            let series = format!("pve_vm_pressure_cpu_some_ratio{{id=\"qemu/{}\",node=\"{node}\"}}", vm["vmid"]);
            let expected = vm["pressurecpusome"].as_f64().map(|percent| percent / 100.0);
            assert_eq!(exposition.value(&series), expected, "{series}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_distinct_request_is_made_once() {
    let setup = Setup::start(spec(), &[]).await;
    setup.scrape().await;
    let counters = setup.sim.counters();
    let guests = 60;
    for (path, count) in [
        ("/cluster/status", 1),
        ("/cluster/resources", 1),
        ("/cluster/ha/status/manager_status", 1),
        ("/cluster/ha/resources", 1),
        ("/nodes/{node}/status", 5),
        ("/nodes/{node}/qemu", 5),
        ("/nodes/{node}/disks/list", 5),
        ("/version", 1),
        ("/cluster/backup-info/not-backed-up", 1),
        ("/cluster/config/qdevice", 1),
        ("/nodes/{node}/lxc", 5),
        ("/cluster/replication", 1),
        ("/nodes/{node}/replication", nodes_with_jobs(&setup)),
        ("/nodes/{node}/subscription", 5),
        ("/nodes/{node}/{type}/{vmid}/config", guests),
    ] {
        assert_eq!(counters.count(path), count, "{path}");
    }
    assert_eq!(counters.total, 33 + nodes_with_jobs(&setup) + guests);
}

/// Answers that may be some minutes old are renewed a few at a time, not all at once when they expire.
#[tokio::test(flavor = "multi_thread")]
async fn later_scrapes_ask_for_little() {
    let setup = Setup::start(spec(), &[]).await;
    let first = setup.scrape().await;
    setup.sim.reset_counters();
    let second = setup.scrape().await;
    let counters = setup.sim.counters();
    assert!(counters.count("/nodes/{node}/{type}/{vmid}/config") <= 1);
    assert!(counters.count("/nodes/{node}/disks/list") <= 1);
    assert_eq!(first.samples("pve_onboot_status"), second.samples("pve_onboot_status"));
    let age = "pve_exporter_answer_age_seconds{path=\"/nodes/{node}/{type}/{vmid}/config\"}";
    assert!(second.value(age).is_some());
    // Rows are kept with the answers they come from: none of these calls is repeated.
    let cpu = "pve_exporter_collector_cpu_seconds{collector=\"config\"}";
    assert!(first.value(cpu).unwrap() > 0.0);
    assert_eq!(second.value(cpu), Some(0.0));
    let rows = "pve_exporter_collector_rows{collector=\"config\"}";
    assert_eq!(first.value(rows), second.value(rows));
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_can_be_always_fresh() {
    let setup = Setup::start(spec(), &["--api.max-age", "0s"]).await;
    setup.scrape().await;
    setup.sim.reset_counters();
    setup.scrape().await;
    assert_eq!(setup.sim.counters().total, 33 + nodes_with_jobs(&setup) + 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cluster_is_not_asked_for_too_much_at_once() {
    let latency = std::time::Duration::from_millis(20);
    let setup = Setup::start(Spec { nodes: 12, latency, ..spec() }, &["--api.max-concurrent", "8"]).await;
    setup.scrape().await;
    let counters = setup.sim.counters();
    assert!(counters.max_in_flight <= 8, "{} in flight", counters.max_in_flight);
    assert!(counters.nodes.values().all(|node| node.max_in_flight <= 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn scrapes_that_overlap_share_their_requests() {
    // All four start while the first one waits for its first answer.
    let latency = std::time::Duration::from_millis(500);
    let setup = Setup::start(Spec { latency, ..spec() }, &[]).await;
    let (a, b, c, d) = tokio::join!(setup.scrape(), setup.scrape(), setup.scrape(), setup.scrape());
    for exposition in [a, b, c, d] {
        assert_eq!(exposition.samples("pve_node_load1").len(), 5);
    }
    assert_eq!(setup.sim.counters().total, 33 + nodes_with_jobs(&setup) + 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_no_discovery_does_not_wait_for_it() {
    let setup = Setup::start(spec(), &[]).await;
    let delay = std::time::Duration::from_secs(2);
    setup.sim.fault(Fault { path: "/cluster/resources".to_owned(), delay, ..Fault::default() });
    let scrape = tokio::spawn(client().get(setup.exporter.url("/metrics")).send());
    while setup.sim.counters().with_status("/version", 200) == 0 {
        assert_eq!(setup.sim.counters().count("/cluster/resources"), 0, "/version is asked for after discovery");
        assert!(!scrape.is_finished());
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(scrape.await.unwrap().unwrap().status(), 200);
    assert_eq!(setup.sim.counters().count("/version"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn formats_and_encodings_are_negotiated() {
    let setup = Setup::start(spec(), &["--collectors.setting", "resources.deprecated=0"]).await;
    let client = client();
    let get = |accept: &'static str, encoding: &'static str| {
        client.get(setup.exporter.url("/metrics")).header("Accept", accept).header("Accept-Encoding", encoding).send()
    };
    let text = get("text/plain;version=0.0.4", "identity").await.unwrap();
    assert_eq!(text.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    assert!(!text.text().await.unwrap().contains("# EOF"));
    let open = get("application/openmetrics-text;version=1.0.0", "identity").await.unwrap();
    assert_eq!(open.headers()["content-type"], "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let body = open.text().await.unwrap();
    assert!(body.ends_with("# EOF\n") && body.contains("# TYPE pve_node_boot_mode info\n"));
    let gzip = get("*/*", "gzip").await.unwrap();
    assert_eq!(gzip.headers()["content-encoding"], "gzip");
}

/// The deprecated gauges have the names that the counters have in OpenMetrics, so with both the text format is served.
#[tokio::test(flavor = "multi_thread")]
async fn names_that_clash_in_open_metrics_are_served_as_text() {
    let setup = Setup::start(spec(), &[]).await;
    let accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
    let answer = client().get(setup.exporter.url("/metrics")).header("Accept", accept).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
}

/// As prometheus-pve-exporter does.
#[tokio::test(flavor = "multi_thread")]
async fn strict_answers_500_where_anything_is_missing() {
    let setup = Setup::start(spec(), &["--strict"]).await;
    let url = setup.exporter.url(&format!("/pve?target={}", setup.sim.addr()));
    assert_eq!(client().get(&url).send().await.unwrap().status(), 200);
    setup.sim.node_down("node01", pve_sim::Down::Stale).unwrap();
    let answer = client().get(&url).send().await.unwrap();
    assert_eq!(answer.status(), 500);
    assert!(answer.text().await.unwrap().contains("node-status: node01: /nodes/node01/status: 595"));
}

#[tokio::test(flavor = "multi_thread")]
async fn configured_clusters_can_be_discovered() {
    let setup = Setup::start(spec(), &[]).await;
    let body = setup.get("/sd").await.0;
    let groups: serde_json::Value = serde_json::from_str(&body).unwrap();
    let target = setup.sim.addr().to_string();
    assert_eq!(groups[0]["targets"][0], target.as_str());
    assert_eq!(groups[0]["labels"]["__param_target"], target.as_str());
    assert_eq!(groups[0]["labels"]["__param_module"], "default");
}

#[tokio::test(flavor = "multi_thread")]
async fn https_where_there_is_a_certificate() {
    let directory = tempfile::tempdir().unwrap();
    let (certificate, key) = (directory.path().join("cert.pem"), directory.path().join("key.pem"));
    let identity = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    std::fs::write(&certificate, identity.cert.pem()).unwrap();
    std::fs::write(&key, identity.signing_key.serialize_pem()).unwrap();
    let arguments = ["--server.certfile", certificate.to_str().unwrap(), "--server.keyfile", key.to_str().unwrap()];
    let setup = Setup::start(spec(), &arguments).await;
    client();
    let root = reqwest::Certificate::from_pem(identity.cert.pem().as_bytes()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([root]).no_proxy().build().unwrap();
    let url = setup.exporter.url("/metrics").replace("http:", "https:");
    assert_eq!(client.get(url).send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_and_a_graceful_end() {
    let setup = Setup::start(spec(), &[]).await;
    setup.scrape().await;
    for (path, text) in [("/-/healthy", "healthy"), ("/-/ready", "ready"), ("/", "physical-disk")] {
        let body = setup.get(path).await.0;
        assert!(body.contains(text), "{path}: {body}");
    }
    let missing = client().get(setup.exporter.url("/nothing")).send().await.unwrap();
    assert_eq!(missing.status(), 404);
    let Setup { exporter, .. } = setup;
    assert!(exporter.terminate().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_can_be_left_out() {
    let setup = Setup::start(spec(), &["--no-collector.physical-disk"]).await;
    let exposition = setup.scrape().await;
    assert!(exposition.samples("pve_physical_disk_health").is_empty());
    assert_eq!(setup.sim.counters().count("/nodes/{node}/disks/list"), 0);
}
