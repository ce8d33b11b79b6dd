//! The API requests of a scrape of `/pve`: each distinct GET once. The original makes eleven requests for `cluster=1`, of
//! which five are distinct, and one per guest and per replication job for `node=1`.

use std::collections::BTreeMap;

use harness::{PEER_COLLECTORS, Setup};
use pve_exporter::catalog::builtins;
use pve_sim::{Sim, Spec};

const CLUSTER: [(&str, u64); 7] = [
    ("/cluster/status", 1),
    ("/cluster/resources", 1),
    ("/version", 1),
    ("/cluster/backup-info/not-backed-up", 1),
    ("/cluster/config/qdevice", 1),
    // Not in the original: ha-status.
    ("/cluster/ha/status/manager_status", 1),
    ("/cluster/ha/resources", 1),
];

/// In addition to the guests' configurations.
const NODE: [(&str, u64); 7] = [
    ("/nodes/{node}/replication", 1),
    // Not in the original: it decides whether the request above is made.
    ("/cluster/replication", 1),
    ("/nodes/{node}/subscription", 1),
    // Not in the original: node-status, vm-pressure, lxc-pressure, physical-disk.
    ("/nodes/{node}/status", 1),
    ("/nodes/{node}/qemu", 1),
    ("/nodes/{node}/lxc", 1),
    ("/nodes/{node}/disks/list", 1),
];

const CONFIG: &str = "/nodes/{node}/{type}/{vmid}/config";
/// Discovery of nodes and guests.
const DISCOVERY: [(&str, u64); 2] = [("/cluster/status", 1), ("/cluster/resources", 1)];

async fn setup(arguments: &[&str]) -> Setup {
    Setup::start(Spec { nodes: 3, guests: 50, replication: 6, ..Spec::default() }, arguments).await
}

/// The requests of a scrape, by template.
async fn requests(setup: &Setup, parameters: &str) -> BTreeMap<String, u64> {
    setup.sim.reset_counters();
    setup.get(&format!("/pve?target={}&{parameters}", setup.sim.addr())).await;
    let counters = setup.sim.counters();
    let counts: BTreeMap<_, _> = counters.requests.keys().map(|path| (path.clone(), counters.count(path))).collect();
    assert_eq!(counts.values().sum::<u64>(), counters.total, "some were given up");
    counts
}

fn expected(parts: &[&[(&str, u64)]]) -> BTreeMap<String, u64> {
    parts.concat().into_iter().map(|(path, count)| (path.to_owned(), count)).collect()
}

fn local_guests(sim: &Sim) -> u64 {
    sim.cluster().guests_of(sim.spec().local).count() as u64
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cluster_alone() {
    let setup = setup(&[]).await;
    assert_eq!(requests(&setup, "cluster=1&node=0").await, expected(&[&CLUSTER]));
    // No answer is kept: the next scrape repeats all requests.
    assert_eq!(requests(&setup, "cluster=1&node=0").await, expected(&[&CLUSTER]));
    assert!(setup.sim.counters().nodes.values().all(|node| node.total == 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_local_node_alone() {
    let setup = setup(&[]).await;
    let guests = local_guests(&setup.sim);
    assert!(guests > 10);
    let counts = requests(&setup, "cluster=0&node=1").await;
    assert_eq!(counts, expected(&[&DISCOVERY, &NODE, &[(CONFIG, guests)]]));
    for (node, counters) in setup.sim.counters().nodes {
        assert_eq!(counters.total > 0, node == "node01", "{node}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both() {
    let setup = setup(&[]).await;
    let guests = local_guests(&setup.sim);
    assert_eq!(requests(&setup, "cluster=1&node=1").await, expected(&[&CLUSTER, &NODE, &[(CONFIG, guests)]]));
    // Configurations, disks and replication jobs are kept for minutes; each scrape renews a share of the oldest, here one of each.
    let mut again = requests(&setup, "cluster=1&node=1").await;
    for path in [CONFIG, "/nodes/{node}/disks/list", "/nodes/{node}/replication", "/cluster/replication"] {
        let renewed = again.insert(path.to_owned(), 1).unwrap_or_default();
        assert!(renewed <= 1, "{renewed} of {guests} {path}");
    }
    assert_eq!(again, expected(&[&CLUSTER, &NODE, &[(CONFIG, 1)]]));
}

/// As fresh as the original's, for the same number of requests.
#[tokio::test(flavor = "multi_thread")]
async fn always_fresh() {
    let setup = setup(&["--api.max-age", "0s"]).await;
    let expected = expected(&[&CLUSTER, &NODE, &[(CONFIG, local_guests(&setup.sim))]]);
    for _ in 0..3 {
        assert_eq!(requests(&setup, "cluster=1&node=1").await, expected);
    }
}

/// With the original's collectors only: five requests for the cluster instead of eleven.
#[tokio::test(flavor = "multi_thread")]
async fn no_more_than_the_peer_needs() {
    let beyond = builtins().iter().map(|(name, _)| *name).filter(|name| !PEER_COLLECTORS.contains(name));
    let arguments: Vec<String> = beyond.map(|name| format!("--no-collector.{name}")).collect();
    let setup = setup(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let guests = local_guests(&setup.sim);
    let counts = requests(&setup, "cluster=1&node=1").await;
    assert_eq!(counts, expected(&[&CLUSTER[..5], &NODE[..3], &[(CONFIG, guests)]]));
}

/// The original makes no request then and can't tell whether the cluster is up; `pve_exporter_target_up` can.
#[tokio::test(flavor = "multi_thread")]
async fn neither() {
    let setup = setup(&[]).await;
    assert_eq!(requests(&setup, "cluster=0&node=0").await, expected(&[&DISCOVERY]));
}
