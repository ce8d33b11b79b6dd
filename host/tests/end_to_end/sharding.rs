//! Several exporters share the clusters by Prometheus's own means: the scrape job of `docs/operations.md`, as it stands there,
//! in the real Prometheus.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use pve_sim::{Sim, Spec};

use super::prometheus::{Prometheus, available};
use harness::{Exporter, PATIENCE, client};

const DOCUMENT: &str = include_str!("../../../docs/operations.md");

/// By their names three of them belong to the first exporter and five to the second.
const CLUSTERS: [&str; 8] = ["berlin", "bremen", "hamburg", "kassel", "koeln", "leipzig", "mainz", "passau"];

/// The scrape job of the section "Several exporters".
fn documented_job() -> &'static str {
    let (_, section) = DOCUMENT.split_once("\n## Several exporters\n").unwrap();
    let (_, block) = section.split_once("```yaml\n").unwrap();
    block.split_once("```").unwrap().0
}

#[tokio::test(flavor = "multi_thread")]
async fn two_exporters_share_the_clusters() {
    if !available("prometheus") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let mut sims = Vec::new();
    let mut config = String::new();
    for (seed, name) in (1..).zip(CLUSTERS) {
        let sim = Sim::start(Spec { nodes: 2, guests: 4, seed, ..Spec::default() }).await.unwrap();
        let ca = directory.path().join(format!("{name}.pem"));
        std::fs::write(&ca, sim.ca_pem()).unwrap();
        let (user, token) = sim.spec().token_id.split_once('!').unwrap();
        writeln!(
            config,
            "{name}:\n  user: {user}\n  token_name: {token}\n  token_value: {}\n  verify_ssl: {}\n  target: {}",
            sim.spec().token_secret,
            ca.display(),
            sim.addr(),
        )
        .unwrap();
        sims.push(sim);
    }
    let path = directory.path().join("pve.yml");
    std::fs::write(&path, config).unwrap();
    let exporters = [Exporter::start(&path, &[]), Exporter::start(&path, &[])];
    let [first, second] = exporters.each_ref().map(|exporter| exporter.address.to_string());
    let job = documented_job().replace("exporter-0:9221", &first).replace("exporter-1:9221", &second);
    assert!(job.contains(&first) && job.contains(&second) && !job.contains("9221"), "{job}");
    let prometheus = Prometheus::with_jobs(directory.path(), &job);

    // Every cluster is up, once.
    let began = std::time::Instant::now();
    let up = loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        if prometheus.get("targets").await.is_none() {
            continue;
        }
        let up = prometheus.query("up{job=\"pve\"} == 1").await;
        if up.len() >= CLUSTERS.len() {
            break up;
        }
        assert!(began.elapsed() < PATIENCE, "{:?}", prometheus.get("targets").await);
    };
    let clusters: BTreeSet<&str> = up.iter().map(|(labels, _)| labels["cluster"].as_str().unwrap()).collect();
    assert_eq!(clusters, BTreeSet::from(CLUSTERS));
    assert_eq!(up.len(), CLUSTERS.len());
    let nodes = prometheus.query("count by (cluster) (pve_up{id=~\"node/.*\"})").await;
    assert_eq!(nodes.len(), CLUSTERS.len());
    assert!(nodes.iter().all(|(_, count)| *count == 2.0), "{nodes:?}");

    // Each by one exporter, which is the one its name's hash says.
    let targets = prometheus.get("targets").await.unwrap();
    let mut shares: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for target in targets["data"]["activeTargets"].as_array().unwrap() {
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

    // Which is also what each of them answered.
    for exporter in &exporters {
        let url = exporter.url("/metrics?module=berlin");
        let own = client().get(url).send().await.unwrap().text().await.unwrap();
        let answered =
            own.lines().find(|line| line.starts_with("pve_exporter_http_requests_total{") && line.contains("\"pve\""));
        assert!(answered.is_some(), "{own}");
    }
    drop(sims);
}
