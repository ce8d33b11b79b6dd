//! Deliberate differences from prometheus-pve-exporter, each with its reason and the exact samples that differ.

use pve_sim::{Fault, FaultBody, Pve, Sim, Spec};
use serde_json::{Value, json};

use super::exposition::Difference;
use super::pair::{FAMILIES, Pair, ask, read};
use super::peer;

/// One deliberate difference.
struct Deliberate {
    /// The event, which is also the name of the module.
    name: &'static str,
    why: &'static str,
    /// Causes the event.
    prepare: fn(&Sim),
    /// The peer responds with 500, and its log contains this text. Ours is then compared with the peer's exposition before
    /// the event.
    peer_fails: Option<&'static str>,
    /// The differences: kind, family, number of samples.
    differences: &'static [(&'static str, &'static str, usize)],
}

const TABLE: [Deliberate; 10] = [
    Deliberate {
        name: "no-right-to-backup-info",
        why: "one thing that may not be seen costs its own series, not the scrape",
        prepare: |sim| status(sim, "/cluster/backup-info/not-backed-up", 403),
        peer_fails: Some("403 Forbidden"),
        differences: &[("missing", "pve_not_backed_up_info", 2), ("missing", "pve_not_backed_up_total", 1)],
    },
    Deliberate {
        name: "no-right-to-subscription",
        why: "the same for a node's subscription",
        prepare: |sim| status(sim, "/nodes/{node}/subscription", 403),
        peer_fails: Some("403 Forbidden"),
        differences: &[
            ("missing", "pve_subscription_info", 1),
            ("missing", "pve_subscription_next_due_timestamp_seconds", 1),
            ("missing", "pve_subscription_status", 6),
        ],
    },
    Deliberate {
        name: "guest-just-gone",
        why: "a guest that migrates between two calls costs its own series",
        prepare: |sim| status(sim, "/nodes/node01/qemu/100/config", 500),
        peer_fails: Some("500 Internal Server Error"),
        differences: &[("missing", "pve_onboot_status", 1)],
    },
    Deliberate {
        name: "job-status-fails",
        why: "the list of jobs says what their status says; nothing else is asked",
        prepare: |sim| status(sim, "/nodes/{node}/replication/{id}/status", 500),
        peer_fails: Some("500 Internal Server Error"),
        differences: &[],
    },
    Deliberate {
        name: "null-value",
        why: "a value that is null costs its own sample",
        prepare: |sim| guest_100(sim, "mem", &Value::Null),
        peer_fails: Some("argument must be a string or a real number, not 'NoneType'"),
        differences: &[("missing", "pve_memory_usage_bytes", 1)],
    },
    Deliberate {
        name: "no-number",
        why: "a value that is no number costs its own sample",
        prepare: |sim| guest_100(sim, "maxcpu", &json!("N/A")),
        peer_fails: Some("could not convert string to float: 'N/A'"),
        differences: &[("missing", "pve_cpu_usage_limit", 1)],
    },
    Deliberate {
        name: "unknown-member",
        why: "what a later version may add to the cluster's status is not our concern",
        prepare: |sim| {
            edit(sim, "/cluster/status", |entries| entries.push(json!({"type": "qnetd", "id": "q", "name": "q"})));
        },
        peer_fails: Some("Got unexpected status entry type qnetd"),
        differences: &[],
    },
    Deliberate {
        name: "new-key-of-the-cluster",
        why: "a member that a later version adds to the cluster's entry is no label, or every series would change",
        prepare: |sim| edit(sim, "/cluster/status", |entries| entries[0]["epoch"] = json!(7)),
        peer_fails: None,
        differences: &[("extra", "pve_cluster_info", 1), ("missing", "pve_cluster_info", 1)],
    },
    Deliberate {
        name: "capital-letters",
        why: "Proxmox VE up to 7.1 says NotFound for notfound; the peer then shows no status at all",
        prepare: |sim| {
            let body = r#"{"data":{"status":"NotFound","message":"There is no subscription key"}}"#;
            raw(sim, "/nodes/{node}/subscription", body.to_owned());
        },
        peer_fails: None,
        differences: &[("value", "pve_subscription_status", 1)],
    },
    Deliberate {
        name: "negative-counter",
        why: "a counter can't be below 0; the gauge of the same value shows it",
        prepare: |sim| guest_100(sim, "netin", &json!(-1)),
        peer_fails: None,
        differences: &[("missing", "pve_network_receive_bytes_total", 1)],
    },
];

fn status(sim: &Sim, path: &str, status: u16) {
    sim.fault(Fault { path: path.to_owned(), status: Some(status), ..Fault::default() });
}

fn raw(sim: &Sim, path: &str, body: String) {
    sim.fault(Fault { path: path.to_owned(), body: Some(FaultBody::Raw(body)), ..Fault::default() });
}

/// Changes a list in an answer of the API.
fn edit(sim: &Sim, path: &str, change: impl FnOnce(&mut Vec<Value>)) {
    let mut body = sim.body(path);
    change(body["data"].as_array_mut().unwrap());
    raw(sim, path, body.to_string());
}

/// Changes a value of guest 100, in the whole list and in the parts of it that the peer requests.
fn guest_100(sim: &Sim, key: &str, value: &Value) {
    for path in ["/cluster/resources", "/cluster/resources?type=vm", "/cluster/resources?type=storage"] {
        edit(sim, path, |resources| {
            for guest in resources.iter_mut().filter(|resource| resource["id"] == "qemu/100") {
                guest[key] = value.clone();
            }
        });
    }
}

fn summary(differences: &[Difference]) -> Vec<(&'static str, String, usize)> {
    let mut kinds: Vec<(&str, String)> = differences
        .iter()
        .map(|difference| match difference {
            Difference::Missing(series) => ("missing", series.name.clone()),
            Difference::Value(series, ..) => ("value", series.name.clone()),
            Difference::Extra(series) => ("extra", series.name.clone()),
            Difference::Family(name, ..) => ("family", name.clone()),
        })
        .collect();
    kinds.sort();
    let groups = kinds.chunk_by(|a, b| a == b);
    groups.map(|group| (group[0].0, group[0].1.clone(), group.len())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_difference_is_the_one_that_is_meant() {
    if !peer::available() {
        return;
    }
    let mut sims = Vec::new();
    for deliberate in &TABLE {
        sims.push(Sim::start(Spec { guests: 12, pve: Pve::V8, ..Spec::default() }).await.unwrap());
        assert!(!deliberate.why.is_empty());
    }
    let modules: Vec<_> = TABLE.iter().zip(&sims).map(|(deliberate, sim)| (deliberate.name, sim)).collect();
    let pair = Pair::start(&modules, "UTC");
    for (deliberate, sim) in TABLE.iter().zip(&sims) {
        let Deliberate { name, why, prepare, peer_fails, differences } = deliberate;
        // Only the peer is scraped, since ours keeps some answers for minutes.
        let path = format!("/pve?target={}&module={name}", sim.addr());
        let before = ask(&pair.peer.url(&path)).await;
        assert_eq!(before.status, 200, "{name}: {}", pair.peer.log());
        let logged = pair.peer.log().len();
        prepare(sim);
        let [peer, ours] = pair.ask(&path).await;
        assert_eq!(peer.status == 500, peer_fails.is_some(), "{name}: the peer answers {}", peer.status);
        let log = pair.peer.log();
        let news = &log[logged..];
        assert!(news.contains(peer_fails.unwrap_or_default()), "{name}: {news}");
        assert_eq!(ours.status, 200, "{name}: {}", ours.body);
        let peer = if peer_fails.is_some() { before } else { peer };
        let found = summary(&read([&[peer, ours]])[0].differences());
        let expected: Vec<_> = differences.iter().map(|(kind, name, n)| (*kind, (*name).to_owned(), *n)).collect();
        assert_eq!(found, expected, "{name} ({why})");
    }
}

/// A due date is a day: the peer uses midnight local time, ours midnight UTC.
#[tokio::test(flavor = "multi_thread")]
async fn due_dates_are_utc() {
    if !peer::available() {
        return;
    }
    let sim = Sim::start(Spec { guests: 4, ..Spec::default() }).await.unwrap();
    let pair = Pair::start(&[("default", &sim)], "America/New_York");
    let answers = pair.scrape("default", &sim, true, true).await;
    let differences = read([&answers])[0].differences();
    let [Difference::Value(series, peer, ours)] = &differences[..] else { panic!("{differences:?}") };
    assert_eq!(series.name, "pve_subscription_next_due_timestamp_seconds");
    // 2027-01-31, five hours earlier in UTC than in New York.
    assert_eq!((*ours, peer - ours), (1_801_353_600.0, 18_000.0));
}

/// The peer writes HELP and TYPE of families that have no sample; ours leaves them out.
#[tokio::test(flavor = "multi_thread")]
async fn families_without_samples_are_left_out() {
    if !peer::available() {
        return;
    }
    let sim = Sim::start(Spec { guests: 0, ha: 0, replication: 0, ..Spec::default() }).await.unwrap();
    let pair = Pair::start(&[("default", &sim)], "UTC");
    let answers = pair.scrape("default", &sim, true, true).await;
    let said = read([&answers]).remove(0);
    assert!(said.differences().is_empty());
    let empty: Vec<_> = FAMILIES
        .into_iter()
        .filter(|name| said.peer.families.contains_key(*name) && said.peer.count(name) == 0)
        .collect();
    assert!(empty.contains(&"pve_guest_info") && empty.contains(&"pve_replication_info"), "{empty:?}");
    assert!(empty.iter().all(|name| !said.ours.families.contains_key(*name)));
    assert!(said.ours.families.keys().all(|name| said.ours.samples.keys().any(|series| series.name.starts_with(name))));
}
