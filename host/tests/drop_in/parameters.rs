//! The parameters of `/pve` in both programs: truth values, repeated parameters, targets, modules.

use pve_sim::{Sim, Spec};

use super::pair::{Answer, Pair, read};
use super::peer;

/// Whether a response contains the cluster's metrics, and the node's.
fn sides(answer: &Answer) -> (bool, bool) {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let has = |name: &str| answer.body.lines().any(|line| line.starts_with(&format!("{name}{{")));
    (has("pve_node_info"), has("pve_subscription_info"))
}

async fn start(spec: Spec) -> (Sim, Pair) {
    let sim = Sim::start(spec).await.unwrap();
    let pair = Pair::start(&[("default", &sim), ("second", &sim)], "UTC");
    (sim, pair)
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_mean_the_same() {
    if !peer::available() {
        return;
    }
    let (sim, pair) = start(Spec { nodes: 2, guests: 4, ..Spec::default() }).await;
    let port = sim.addr().port();
    let target = format!("target=127.0.0.1:{port}");
    for (parameters, expected) in [
        ("", (true, true)),
        ("cluster=1&node=0", (true, false)),
        ("cluster=0&node=1", (false, true)),
        ("cluster=0&node=0", (false, false)),
        // Only these are false, in upper or lower case; "no" is not.
        ("cluster=no&node=False", (true, false)),
        ("cluster=FALSE&node=off", (false, true)),
        ("cluster=&node=2", (false, true)),
        ("cluster&node=true", (false, true)),
        ("cluster=00&node=%20", (true, true)),
        // The first of several counts.
        ("cluster=1&cluster=0&node=0&node=1", (true, false)),
        ("cluster=0&cluster=1", (false, true)),
        ("module=second&module=nothing", (true, true)),
        // Unknown ones are ignored; names are case-sensitive.
        ("Cluster=0&what=ever&collect[]=x", (true, true)),
    ] {
        for (whose, answer) in ["the peer", "ours"].iter().zip(pair.ask(&format!("/pve?{target}&{parameters}")).await) {
            assert_eq!(sides(&answer), expected, "{whose}: {parameters}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_modules_are_refused_in_the_same_words() {
    if !peer::available() {
        return;
    }
    let (sim, pair) = start(Spec::default()).await;
    for (module, shown) in [("x", "x"), ("", ""), ("a%27b%20%C3%BC", "a'b ü"), ("Default", "Default")] {
        let [peer, ours] = pair.ask(&format!("/pve?target={}&module={module}", sim.addr())).await;
        for answer in [peer, ours] {
            assert_eq!(answer.status, 400);
            assert_eq!(answer.body, format!("Module '{shown}' not found in config"));
            assert_eq!(answer.content_type, "text/plain; charset=utf-8");
        }
    }
    assert_eq!(sim.counters().total, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_target_is_localhost() {
    if !peer::available() {
        return;
    }
    let (sim, pair) = start(Spec::default()).await;
    for parameters in
        ["", "?target=127.0.0.1", "?target=localhost", &format!("?target=localhost:{}", sim.addr().port())]
    {
        let answers = pair.ask(&format!("/pve{parameters}")).await;
        assert!(answers.iter().all(|answer| sides(answer) == (true, true)), "{parameters}");
        assert!(read([&answers]).iter().all(|said| said.differences().is_empty()), "{parameters}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_are_read_the_same() {
    if !peer::available() {
        return;
    }
    let listen = "[::1]:0".parse().unwrap();
    let Ok(sim) = Sim::start(Spec { nodes: 1, guests: 3, listen, ..Spec::default() }).await else {
        eprintln!("skipped: no IPv6 here");
        return;
    };
    let pair = Pair::start(&[("default", &sim)], "UTC");
    let port = sim.addr().port();
    // Without a port, the module's is used. Prometheus sends the parameter percent-encoded.
    for target in ["::1", "[::1]", &format!("[::1]:{port}"), &format!("%5B%3A%3A1%5D%3A{port}")] {
        let [peer, ours] = pair.ask(&format!("/pve?target={target}")).await;
        assert_eq!(sides(&peer), (true, true), "the peer: {target}");
        assert_eq!(sides(&ours), (true, true), "ours: {target}");
        assert!(read([&[peer, ours]]).iter().all(|said| said.differences().is_empty()));
    }
}

/// Status 200 and no metric of the cluster: the peer's body is empty, ours has its own metrics.
#[tokio::test(flavor = "multi_thread")]
async fn neither_side_is_an_empty_answer() {
    if !peer::available() {
        return;
    }
    let (sim, pair) = start(Spec::default()).await;
    let [peer, ours] = pair.ask(&format!("/pve?target={}&cluster=0&node=0", sim.addr())).await;
    assert_eq!((peer.status, &*peer.body), (200, ""));
    assert_eq!(ours.status, 200);
    let samples: Vec<_> = ours.body.lines().filter(|line| !line.starts_with("# ")).collect();
    assert!(samples.iter().all(|line| line.starts_with("pve_exporter_")), "{samples:?}");
}

/// An additional parameter: the node collectors run for every node, so that one scrape covers the cluster.
#[tokio::test(flavor = "multi_thread")]
async fn all_nodes_where_asked_for() {
    if !peer::available() {
        return;
    }
    let (sim, pair) = start(Spec { nodes: 3, guests: 12, ..Spec::default() }).await;
    let nodes = |answer: &Answer, name: &str| {
        let lines = answer.body.lines().filter(|line| line.starts_with(&format!("{name}{{")));
        lines.filter_map(|line| line.split("id=\"node/").nth(1)?.split('"').next()).collect::<Vec<_>>().join(" ")
    };
    for (parameters, peers, expected) in [
        ("", "node01", "node01"),
        ("&nodes=all", "node01", "node01 node02 node03"),
        ("&nodes=local", "node01", "node01"),
        ("&nodes=all&node=0", "", ""),
    ] {
        let [peer, ours] = pair.ask(&format!("/pve?target={}{parameters}", sim.addr())).await;
        assert_eq!(nodes(&peer, "pve_subscription_info"), peers, "{parameters}");
        assert_eq!(nodes(&ours, "pve_subscription_info"), expected, "{parameters}");
        let said = read([&[peer, ours]]).remove(0);
        let missing = said.ours.differences(&said.peer, &[]);
        assert!(missing.is_empty(), "{parameters}: {missing:?}");
        if parameters == "&nodes=all" {
            assert!(said.ours.count("pve_onboot_status") > said.peer.count("pve_onboot_status"));
        }
    }
}
