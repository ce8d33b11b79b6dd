//! Several exporters share the clusters: the scrape job of `docs/operations.md`, verbatim, in the real Prometheus.

use std::collections::{BTreeMap, BTreeSet};

use pve_sim::{Sim, Spec};

use harness::{Exporter, Prometheus, client, module_config};

const DOCUMENT: &str = include_str!("../../../docs/operations.md");

/// By the hashes of their names, three belong to the first exporter and five to the second.
const CLUSTERS: [&str; 8] = ["berlin", "bremen", "hamburg", "kassel", "koeln", "leipzig", "mainz", "passau"];

/// The scrape job of the section "Several exporters".
fn documented_job() -> &'static str {
    let (_, section) = DOCUMENT.split_once("\n## Several exporters\n").unwrap();
    let (_, block) = section.split_once("```yaml\n").unwrap();
    block.split_once("```").unwrap().0
}

#[tokio::test(flavor = "multi_thread")]
async fn two_exporters_share_the_clusters() {
    if !Prometheus::is_installed() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let mut sims = Vec::new();
    let mut config = String::new();
    for (seed, name) in (1..).zip(CLUSTERS) {
        let sim = Sim::start(Spec { nodes: 2, guests: 4, seed, ..Spec::default() }).await.unwrap();
        config.push_str(&module_config(name, &sim, directory.path()));
        config.push_str(&format!("  target: {}\n", sim.addr()));
        sims.push(sim);
    }
    let path = directory.path().join("pve.yml");
    std::fs::write(&path, config).unwrap();
    let exporters = [Exporter::start(&path, &[]), Exporter::start(&path, &[])];
    let [first, second] = exporters.each_ref().map(|exporter| exporter.address.to_string());
    let job = documented_job().replace("exporter-0:9221", &first).replace("exporter-1:9221", &second);
    assert!(job.contains(&first) && job.contains(&second) && !job.contains("9221"), "{job}");
    let prometheus = Prometheus::start(&job);

    // Every cluster is up, once.
    let up = prometheus.query_until("last_over_time(up{job=\"pve\"}[5m]) == 1", |up| up.len() >= CLUSTERS.len()).await;
    let clusters: BTreeSet<&str> = up.iter().map(|(labels, _)| labels["cluster"].as_str().unwrap()).collect();
    assert_eq!(clusters, BTreeSet::from(CLUSTERS));
    assert_eq!(up.len(), CLUSTERS.len());
    let nodes = prometheus.query("count by (cluster) (last_over_time(pve_up{id=~\"node/.*\"}[5m]))").await;
    assert_eq!(nodes.len(), CLUSTERS.len());
    assert!(nodes.iter().all(|(_, count)| *count == 2.0), "{nodes:?}");

    // Each by one exporter, according to the hash of its name.
    let targets = prometheus.get("targets").await;
    let mut shares: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for target in targets["activeTargets"].as_array().unwrap() {
        let url = target["scrapeUrl"].as_str().unwrap();
        let exporter = [&first, &second].into_iter().find(|address| url.starts_with(&format!("http://{address}/pve?")));
        let exporter = exporter.unwrap_or_else(|| panic!("neither exporter: {url}"));
        shares.entry(exporter).or_default().push(target["labels"]["cluster"].as_str().unwrap());
    }
    for share in shares.values_mut() {
        share.sort_unstable();
    }
    assert_eq!(shares[first.as_str()], ["bremen", "hamburg", "passau"]);
    assert_eq!(shares[second.as_str()], ["berlin", "kassel", "koeln", "leipzig", "mainz"]);

    // Each exporter has served its share.
    for exporter in &exporters {
        let url = exporter.url("/metrics?module=berlin");
        let own = client().get(url).send().await.unwrap().text().await.unwrap();
        let answered =
            own.lines().find(|line| line.starts_with("pve_exporter_http_requests_total{") && line.contains("\"pve\""));
        assert!(answered.is_some(), "{own}");
    }
    drop(sims);
}
