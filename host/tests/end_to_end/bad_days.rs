//! Failures in the cluster cost the affected series only, and are counted by place and reason.

use std::time::Duration;

use pve_sim::{Down, Fault, FaultBody, Rights, Spec};

use harness::{Setup, client};

fn spec() -> Spec {
    Spec { nodes: 4, guests: 40, ..Spec::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_down_is_not_asked() {
    let setup = Setup::start(spec(), &[]).await;
    setup.sim.node_down("node02", Down::NoRoute).unwrap();
    let exposition = setup.scrape().await;
    assert_eq!(exposition.samples("pve_node_load1").len(), 3);
    assert_eq!(exposition.value("pve_exporter_node_online{node=\"node02\"}"), Some(0.0));
    assert_eq!(exposition.value("pve_exporter_collector_success{collector=\"node-status\"}"), Some(1.0));
    assert_eq!(setup.sim.counters().nodes.get("node02").map_or(0, |node| node.total), 0);
}

/// The first minute: corosync still considers the node online, but its API no longer answers.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_fail_cost_their_own_series() {
    let setup = Setup::start(spec(), &[]).await;
    setup.sim.node_down("node02", Down::Stale).unwrap();
    setup.sim.node_down_after("node03", Down::Timeout, Duration::from_millis(300)).unwrap();
    let exposition = setup.scrape().await;
    for node in ["node01", "node04"] {
        for family in
            ["pve_node_load1", "pve_node_boot_mode_info", "pve_physical_disk_info", "pve_vm_pressure_cpu_some_ratio"]
        {
            let label = format!("node=\"{node}\"");
            assert!(exposition.samples(family).iter().any(|sample| sample.contains(&label)), "no {family} of {node}");
        }
    }
    assert_eq!(exposition.samples("pve_ha_crm_master").len(), 4);
    for collector in ["node-status", "physical-disk", "vm-pressure"] {
        for node in ["node02", "node03"] {
            let labels = format!("{{collector=\"{collector}\",node=\"{node}\",reason=\"unavailable\"}}");
            assert_eq!(exposition.value(&format!("pve_exporter_collector_failed_places{labels}")), Some(1.0));
        }
        let labels = format!("{{collector=\"{collector}\"}}");
        assert_eq!(exposition.value(&format!("pve_exporter_collector_success{labels}")), Some(0.0));
    }
    assert_eq!(exposition.value("pve_exporter_collector_success{collector=\"ha-status\"}"), Some(1.0));
    // One line for each cause, with the collectors and the shortest of the paths.
    let log = setup.exporter.log_with("/nodes/node02/lxc: 595 No route to host");
    let lines: Vec<_> = log.lines().filter(|line| line.contains("level=warn") && line.contains("node02")).collect();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains("nodes=node02") && lines[0].contains("node-status,physical-disk"), "{lines:#?}");

    // Recovery is logged once, and the failure is not logged at every scrape.
    setup.sim.node_up("node02").unwrap();
    setup.sim.node_up("node03").unwrap();
    let exposition = setup.scrape().await;
    assert_eq!(exposition.samples("pve_node_load1").len(), 4);
    setup.exporter.log_with("no longer failing");
}

/// Each request to a dead node takes seconds, and three run at a time: those that wait for a slot are not sent.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_node_is_asked_once_around() {
    let setup = Setup::start(Spec { guests: 200, ..spec() }, &[]).await;
    setup.sim.node_down_after("node02", Down::Stale, Duration::from_millis(300)).unwrap();
    let exposition = setup.scrape().await;
    // Three at once, and those that got a slot before the second failure.
    assert!(setup.sim.counters().nodes["node02"].total <= 8);
    let labels = "{collector=\"config\",node=\"node02\",reason=\"unavailable\"}";
    let failed = exposition.value(&format!("pve_exporter_collector_failed_places{labels}"));
    assert!(failed.is_some_and(|guests| guests > 20.0), "{failed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_without_rights_is_noticed() {
    let setup = Setup::start(Spec { rights: Rights::None, ..spec() }, &[]).await;
    let exposition = setup.scrape().await;
    assert_eq!(exposition.value("pve_exporter_target_up"), Some(1.0));
    let failed = |collector: &str, node: &str| {
        let labels = format!("{{collector=\"{collector}\",node=\"{node}\",reason=\"forbidden\"}}");
        exposition.value(&format!("pve_exporter_collector_failed_places{labels}"))
    };
    assert_eq!(failed("ha-status", ""), Some(1.0));
    for node in ["node01", "node02", "node03", "node04"] {
        assert_eq!(failed("node-status", node), Some(1.0));
    }
    // Proxmox VE answers 200 with an empty list: nothing fails, but the number of rows shows it.
    assert_eq!(exposition.value("pve_exporter_collector_rows{collector=\"vm-pressure\"}"), Some(0.0));
    setup.exporter.log_with("PVEAuditor");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_none_fail_by_themselves() {
    let setup = Setup::start(spec(), &["--log.level", "debug"]).await;
    let faults = [
        ("node01", FaultBody::LoginPage, "malformed"),
        ("node02", FaultBody::Truncated, "malformed"),
        ("node03", FaultBody::Null, "malformed"),
        ("node04", FaultBody::Megabytes(40), "too_large"),
    ];
    for (node, body, _) in &faults {
        setup.sim.fault(Fault {
            path: "/nodes/{node}/status".to_owned(),
            node: Some((*node).to_owned()),
            body: Some(body.clone()),
            ..Fault::default()
        });
    }
    let exposition = setup.scrape().await;
    for (node, body, reason) in faults {
        let labels = format!("{{collector=\"node-status\",node=\"{node}\",reason=\"{reason}\"}}");
        let failed = exposition.value(&format!("pve_exporter_collector_failed_places{labels}"));
        assert_eq!(failed, Some(1.0), "{body:?}");
        setup.exporter.log_with(&format!("/nodes/{node}/status"));
    }
    assert!(!exposition.samples("pve_physical_disk_info").is_empty());
    assert_eq!(exposition.value("pve_exporter_collector_success{collector=\"vm-pressure\"}"), Some(1.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_is_there_before_the_scrapers_time_out() {
    let setup = Setup::start(spec(), &[]).await;
    setup.sim.slow("node03", Duration::from_secs(30)).unwrap();
    let client = client();
    let answer = client
        .get(setup.exporter.url("/metrics"))
        .header("X-Prometheus-Scrape-Timeout-Seconds", "4")
        .timeout(Duration::from_secs(25))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let exposition = harness::Exposition(answer.text().await.unwrap());
    assert_eq!(exposition.samples("pve_node_load1").len(), 3);
    let labels = "{collector=\"node-status\",node=\"node03\",reason=\"timed_out\"}";
    assert_eq!(exposition.value(&format!("pve_exporter_collector_failed_places{labels}")), Some(1.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_is_gone_is_one_line() {
    let setup = Setup::start(spec(), &[]).await;
    let Setup { sim, exporter, .. } = &setup;
    let address = sim.addr();
    setup.scrape().await;
    let url = exporter.url("/metrics");
    drop(setup.sim);
    let text = client().get(url).send().await.unwrap().text().await.unwrap();
    assert!(text.contains("\npve_exporter_target_up 0\n"), "{text}");
    let log = setup.exporter.log_with("connection refused");
    let lines: Vec<_> =
        log.lines().filter(|line| line.contains(&address.to_string()) && line.contains("level=warn")).collect();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains("connection refused"), "{lines:?}");
}

/// A cluster that refuses the credentials gets two requests per scrape, not some for each collector.
#[tokio::test(flavor = "multi_thread")]
async fn what_fails_discovery_is_asked_no_more_than_that_takes() {
    let setup = Setup::start(spec(), &[]).await;
    for path in ["/cluster/status", "/cluster/resources"] {
        setup.sim.fault(Fault { path: path.to_owned(), status: Some(401), ..Fault::default() });
    }
    setup.scrape().await;
    setup.sim.reset_counters();
    setup.scrape().await;
    assert_eq!(setup.sim.counters().total, 2);
    setup.sim.clear_faults();
    setup.scrape().await;
    assert!(!setup.scrape().await.samples("pve_version_info").is_empty());
}
