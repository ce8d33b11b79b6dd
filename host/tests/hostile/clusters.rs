//! What a cluster, or whoever is in its place, can send.

use harness::{Exporter, client, module_config};
use pve_sim::{Sim, Spec};

use super::siege::Siege;

/// Two scrapes under a fault, which lose what they must. Returns the second one.
async fn besiege(siege: &Siege, fault: &str) -> harness::Exposition {
    siege.setup.sim.fault_from_json(fault).unwrap();
    siege.scrape("5").await;
    siege.scrape("5").await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_thousand_nodes() {
    let siege = Siege::begin(&[]).await;
    let exposition = besiege(&siege, r#"{"kind":{"inventory":{"nodes":200000}}}"#).await;
    let dropped = exposition.samples("pve_exporter_discovery_dropped");
    assert!(dropped.iter().any(|sample| sample.contains("node")), "{dropped:?}");
    assert!(exposition.0.len() < 32 << 20, "{} bytes", exposition.0.len());
    siege.end("200,000 nodes", &[]).await;
}

/// SIGTERM ends the process although scrapes of such a list are running.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_list_does_not_delay_the_end() {
    let siege = Siege::begin(&[]).await;
    siege.setup.sim.fault_from_json(r#"{"kind":{"inventory":{"nodes":200000,"guests":100000}}}"#).unwrap();
    let scrapes: Vec<_> =
        (0..4).map(|_| tokio::spawn(client().get(siege.setup.exporter.url("/metrics?cluster=1")).send())).collect();
    harness::wait_for("the list to be requested", || {
        (siege.setup.sim.counters().count("/cluster/status") >= 2).then_some(())
    });
    siege.terminate();
    for scrape in scrapes {
        let _ = scrape.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_of_14_megabytes() {
    let siege = Siege::begin(&[]).await;
    let exposition = besiege(&siege, r#"{"kind":{"inventory":{"nodes":1,"name_bytes":14000000}}}"#).await;
    assert!(exposition.0.len() < 4 << 20, "{} bytes", exposition.0.len());
    let page = siege.setup.get("/").await.0;
    assert!(page.len() < 1 << 20 && siege.setup.exporter.log().len() < 1 << 20);
    siege.end("a name of 14 MB", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_thousand_guests() {
    let siege = Siege::begin(&[]).await;
    besiege(&siege, r#"{"kind":{"inventory":{"guests":50000}}}"#).await;
    let lines = siege.setup.exporter.log().lines().count();
    assert!(lines < 200, "{lines} lines");
    siege.end("50,000 guests", &[]).await;
}

/// 31 KB on the wire for each guest.
#[tokio::test(flavor = "multi_thread")]
async fn gzip_bombs_for_every_guest() {
    // Without kept answers, each scrape requests the configuration of every guest.
    let siege = Siege::begin(&["--api.max-age", "0"]).await;
    besiege(&siege, r#"{"path":"/nodes/{node}/qemu/{vmid}/config","body":{"gzip_bomb":31}}"#).await;
    siege.end("gzip bombs", &["pve_onboot_status"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_mebibytes_from_every_path() {
    let siege = Siege::begin(&[]).await;
    besiege(&siege, r#"{"body":{"megabytes":30}}"#).await;
    siege.end("30 MiB from every path", &["pve_"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_status_makes_few_series() {
    let siege = Siege::begin(&[]).await;
    let series = |exposition: &harness::Exposition| exposition.samples("pve_exporter_api_requests_total").len();
    let before = series(&siege.scrape("60").await);
    for status in (201..=599).step_by(13) {
        let fault = format!(r#"{{"path":"/nodes/{{node}}/qemu","status":{status},"times":3}}"#);
        siege.setup.sim.fault_from_json(&fault).unwrap();
        siege.scrape("60").await;
    }
    let after = series(&siege.scrape("60").await);
    assert!(after <= before + 20, "{before}, then {after} series");
    siege.end("any status", &[]).await;
}

/// What one cluster sends costs its own series, and never those of another.
#[tokio::test(flavor = "multi_thread")]
async fn quarantine_does_not_cross_clusters() {
    let (healthy, hostile) = (Sim::start(Spec::default()).await.unwrap(), Sim::start(Spec::default()).await.unwrap());
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("pve.yml");
    let modules = [("default", &healthy), ("hostile", &hostile)]
        .map(|(name, sim)| module_config(name, sim, directory.path()) + &format!("  target: {}\n", sim.addr()));
    std::fs::write(&config, modules.concat()).unwrap();
    let exporter = Exporter::start(&config, &[]);
    let scrape = async |module: &str| {
        let url = exporter.url(&format!("/metrics?module={module}"));
        client().get(url).send().await.unwrap().text().await.unwrap()
    };
    let before = scrape("default").await;
    hostile.fault_from_json(r#"{"path":"/cluster/resources","body":{"megabytes":30}}"#).unwrap();
    for _ in 0..4 {
        let exposition = scrape("hostile").await;
        assert!(!exposition.contains("\npve_guest_info{"), "{exposition}");
    }
    let samples = |exposition: &str| {
        let of_cluster = |line: &&str| line.starts_with("pve_") && !line.starts_with("pve_exporter_");
        exposition.lines().filter(of_cluster).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(samples(&scrape("default").await), samples(&before), "{}", exporter.log());
}
