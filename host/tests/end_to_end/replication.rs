//! `/nodes/{node}/replication` takes a cluster-wide lock: a node that finds it taken waits for a second.

use std::collections::BTreeSet;

use harness::Setup;
use pve_sim::{Fault, FaultKind, Sim, Spec};

const NODE: &str = "/nodes/{node}/replication";

fn spec() -> Spec {
    Spec { nodes: 10, guests: 40, replication: 6, ..Spec::default() }
}

fn nodes_with_jobs(sim: &Sim) -> BTreeSet<String> {
    let jobs = sim.body("/cluster/replication");
    jobs["data"].as_array().unwrap().iter().map(|job| job["source"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_with_jobs_are_asked_one_after_the_other() {
    let setup = Setup::start(spec(), &[]).await;
    setup.sim.fault(Fault { delay: std::time::Duration::from_millis(5), ..Fault::new(FaultKind::ReplicationLock) });
    let nodes = nodes_with_jobs(&setup.sim);
    assert!((2..10).contains(&nodes.len()), "{nodes:?}");
    let exposition = setup.scrape().await;
    assert_eq!(exposition.samples("pve_replication_info").len(), 6);
    let counters = setup.sim.counters();
    assert_eq!((counters.count("/cluster/replication"), counters.count(NODE)), (1, nodes.len() as u64));
    // None of them waited for the lock.
    let duration = format!("pve_exporter_api_request_duration_seconds_sum{{path=\"{NODE}\"}}");
    assert!(exposition.value(&duration).unwrap() < 1.0, "{duration}");
    assert_eq!(exposition.value("pve_exporter_collector_success{collector=\"replication\"}"), Some(1.0));
    assert_eq!(exposition.value("pve_exporter_collector_places{collector=\"replication\"}"), Some(10.0));

    // The answers are kept for a minute.
    setup.sim.reset_counters();
    let again = setup.scrape().await;
    assert_eq!(again.samples("pve_replication_info"), exposition.samples("pve_replication_info"));
    assert!(setup.sim.counters().count(NODE) <= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_jobs_no_node_is_asked() {
    let setup = Setup::start(Spec { replication: 0, ..spec() }, &[]).await;
    let exposition = setup.scrape().await;
    let counters = setup.sim.counters();
    assert_eq!((counters.count("/cluster/replication"), counters.count(NODE)), (1, 0));
    assert_eq!(exposition.value("pve_exporter_collector_success{collector=\"replication\"}"), Some(1.0));
    assert_eq!(exposition.samples("pve_replication_info"), Vec::<&str>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_list_every_node_is_asked() {
    let setup = Setup::start(spec(), &[]).await;
    setup.sim.fault(Fault { path: "/cluster/replication".to_owned(), status: Some(500), ..Fault::default() });
    let exposition = setup.scrape().await;
    assert_eq!(setup.sim.counters().count(NODE), 10);
    assert_eq!(exposition.samples("pve_replication_info").len(), 6);
}

/// Each request would block a worker of its node for ten seconds.
#[tokio::test(flavor = "multi_thread")]
async fn without_quorum_no_node_is_asked() {
    let setup = Setup::start(spec(), &[]).await;
    setup.sim.fault(Fault::new(FaultKind::NoQuorum));
    let exposition = setup.scrape().await;
    assert_eq!(setup.sim.counters().count(NODE), 0);
    let nodes = nodes_with_jobs(&setup.sim);
    for node in &nodes {
        let labels = format!("{{collector=\"replication\",node=\"{node}\",reason=\"unavailable\"}}");
        assert_eq!(exposition.value(&format!("pve_exporter_collector_failed_places{labels}")), Some(1.0));
    }
    setup.exporter.log_with("a cluster without quorum does not grant");
    // The others have no jobs, and that is known.
    let failed = exposition.samples("pve_exporter_collector_failed_places");
    assert_eq!(failed.iter().filter(|sample| sample.contains("\"replication\"")).count(), nodes.len());

    setup.sim.clear_faults();
    assert_eq!(setup.scrape().await.samples("pve_replication_info").len(), 6);
}
