//! What a scrape of `/pve` costs the API: each distinct GET once, whoever needs it. The original makes eleven for
//! `cluster=1` of what are five, and one more a guest and a job for `node=1`.

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
    // What the original has not: ha-status.
    ("/cluster/ha/status/manager_status", 1),
    ("/cluster/ha/resources", 1),
];

/// Besides the guests' configurations.
const NODE: [(&str, u64); 6] = [
    ("/nodes/{node}/replication", 1),
    ("/nodes/{node}/subscription", 1),
    // What the original has not: node-status, vm-pressure, lxc-pressure, physical-disk.
    ("/nodes/{node}/status", 1),
    ("/nodes/{node}/qemu", 1),
    ("/nodes/{node}/lxc", 1),
    ("/nodes/{node}/disks/list", 1),
];

const CONFIG: &str = "/nodes/{node}/{type}/{vmid}/config";
/// Who is there to be asked.
const DISCOVERY: [(&str, u64); 2] = [("/cluster/status", 1), ("/cluster/resources", 1)];
async fn setup(arguments: &[&str]) -> Setup {
    Setup::start(Spec { nodes: 3, guests: 50, replication: 6, ..Spec::default() }, arguments).await
}

/// The requests of one scrape, by template.
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
    // Nothing of it is kept: the next scrape is as fresh.
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
    // Configurations and disks are good for minutes; each scrape renews its share of the oldest, here one of each.
    let mut again = requests(&setup, "cluster=1&node=1").await;
    for path in [CONFIG, "/nodes/{node}/disks/list"] {
        let renewed = again.insert(path.to_owned(), 1).unwrap_or_default();
        assert!(renewed <= 1, "{renewed} of {guests} {path}");
    }
    assert_eq!(again, expected(&[&CLUSTER, &NODE, &[(CONFIG, 1)]]));
}

/// As fresh as the original's, at its price.
#[tokio::test(flavor = "multi_thread")]
async fn always_fresh() {
    let setup = setup(&["--api.max-age", "0s"]).await;
    let expected = expected(&[&CLUSTER, &NODE, &[(CONFIG, local_guests(&setup.sim))]]);
    for _ in 0..3 {
        assert_eq!(requests(&setup, "cluster=1&node=1").await, expected);
    }
}

/// With the original's collectors alone: five for the cluster, where it makes eleven.
#[tokio::test(flavor = "multi_thread")]
async fn no_more_than_the_peer_needs() {
    let beyond = builtins().iter().map(|(name, _)| *name).filter(|name| !PEER_COLLECTORS.contains(name));
    let arguments: Vec<String> = beyond.map(|name| format!("--no-collector.{name}")).collect();
    let setup = setup(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let guests = local_guests(&setup.sim);
    let counts = requests(&setup, "cluster=1&node=1").await;
    assert_eq!(counts, expected(&[&CLUSTER[..5], &NODE[..2], &[(CONFIG, guests)]]));
}

/// The original asks for nothing then, and can't tell whether there is a cluster. `pve_exporter_target_up` does.
#[tokio::test(flavor = "multi_thread")]
async fn neither() {
    let setup = setup(&[]).await;
    assert_eq!(requests(&setup, "cluster=0&node=0").await, expected(&[&DISCOVERY]));
}
