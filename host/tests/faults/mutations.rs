//! Each member of each response is null, missing or of the wrong type, one after the other: at most the samples that are made of
//! it are lost. `golden/faults` lists them.

use std::collections::{BTreeMap, BTreeSet};

use pve_sim::{Fault, FaultBody, MemberValue, Pve, Sim};
use serde_json::Value;

use harness::{assert_golden, repository};

use super::report::said;
use super::row::Row;
use super::series::Exposed;
use super::stage::{Stage, View};

/// What becomes of a member. A list is the wrong type for most, a text for lists and objects.
const MUTATIONS: [(&str, MemberValue); 4] = [
    ("null", MemberValue::Null),
    ("missing", MemberValue::Removed),
    ("text", MemberValue::Text),
    ("list", MemberValue::List),
];

/// Paths and the collector that requests them; none stands for several. Those of a batch are mutated at the same time.
const BATCHES: [&[(&str, &str)]; 4] = [
    &[("/cluster/status", "")],
    &[("/cluster/resources", "")],
    &[("/cluster/ha/resources", "ha-status"), ("/cluster/replication", "replication")],
    &[
        ("/version", "version"),
        ("/cluster/ha/status/manager_status", "ha-status"),
        ("/cluster/backup-info/not-backed-up", "backup-info"),
        ("/cluster/config/qdevice", "qdevice"),
        ("/nodes/{node}/status", "node-status"),
        ("/nodes/{node}/qemu", "vm-pressure"),
        ("/nodes/{node}/lxc", "lxc-pressure"),
        ("/nodes/{node}/disks/list", "physical-disk"),
        ("/nodes/{node}/replication", "replication"),
        ("/nodes/{node}/subscription", "subscription"),
        ("/nodes/{node}/{type}/{vmid}/config", "config"),
    ],
];

#[tokio::test(flavor = "multi_thread")]
async fn pve_8_members_cost_their_own_samples() {
    members_cost_their_own_samples(Pve::V8, "mutations-8").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pve_9_members_cost_their_own_samples() {
    members_cost_their_own_samples(Pve::V9, "mutations-9").await;
}

async fn members_cost_their_own_samples(pve: Pve, golden: &str) {
    let stage = Stage::start(&Row::new("mutations", []), pve).await;
    let healthy = stage.scrape(View::Metrics, 10).await.exposed.unwrap();
    let mut page = String::new();
    for batch in BATCHES {
        for (path, members) in effects(&stage, batch, &healthy).await {
            page.push_str(&format!("{path}\n"));
            let (without, with): (Vec<_>, Vec<_>) = members.into_iter().partition(|(_, effects)| effects.is_empty());
            for (member, effects) in with {
                page.push_str(&format!("  {member}\n"));
                for (effect, mutations) in effects {
                    page.push_str(&format!("    {}: {}\n", mutations.join(", "), effect.join(", ")));
                }
            }
            let without: Vec<String> = without.into_iter().map(|(member, _)| member).collect();
            page.push_str(&format!("  without effect: {}\n\n", without.join(", ")));
        }
    }
    stage.heal().await;
    assert_eq!(stage.scrape(View::Metrics, 10).await.exposed.unwrap().series, healthy.series);
    assert_golden(&repository().join(format!("host/tests/golden/faults/{golden}.txt")), &page);
}

/// By path and member: effects, and the mutations that have them.
type Effects<'a> = BTreeMap<&'a str, BTreeMap<String, BTreeMap<Vec<String>, Vec<&'static str>>>>;

async fn effects<'a>(stage: &Stage, batch: &[(&'a str, &str)], healthy: &Exposed) -> Effects<'a> {
    let members: Vec<Vec<String>> = batch.iter().map(|(path, _)| members(stage.sim(), path)).collect();
    let mut effects = Effects::new();
    let most = members.iter().map(Vec::len).max().unwrap_or_default();
    for index in 0..most {
        for (word, value) in MUTATIONS {
            for ((path, _), members) in batch.iter().zip(&members) {
                let Some(name) = members.get(index).cloned() else { continue };
                let body = Some(FaultBody::Member { name, to: value });
                stage.sim().fault(Fault { path: (*path).to_owned(), body, ..Fault::default() });
            }
            let exposed = stage.scrape(View::Metrics, 10).await.exposed.unwrap();
            stage.heal().await;
            let found = effect(&exposed, healthy);
            for ((path, collector), members) in batch.iter().zip(&members) {
                let Some(name) = members.get(index) else { continue };
                let of_member = effects.entry(path).or_default().entry(name.clone()).or_default();
                let own = found.iter().filter(|(owner, _)| collector.is_empty() || owner == collector);
                let own: Vec<String> = own.flat_map(|(_, lines)| lines.clone()).collect();
                if !own.is_empty() {
                    of_member.entry(own).or_default().push(word);
                }
            }
        }
    }
    effects
}

/// By collector: what became of its metrics.
fn effect(exposed: &Exposed, healthy: &Exposed) -> BTreeMap<String, BTreeSet<String>> {
    let (now, before) = (families(exposed), families(healthy));
    let none = Families::new();
    let mut effect: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for collector in now.keys().chain(before.keys()) {
        let (now, before) = (now.get(collector).unwrap_or(&none), before.get(collector).unwrap_or(&none));
        let lines = fates(collector, now, before);
        effect.entry(collector.clone()).or_default().extend(lines);
    }
    for line in said(exposed, healthy) {
        let word = |label: &str| line.split_once(&format!("{label}=\""))?.1.split('"').next();
        let collector = word("collector").unwrap_or_default().to_owned();
        let text = match word("reason") {
            Some(reason) => format!("{collector} {reason}"),
            None => line.clone(),
        };
        effect.entry(collector).or_default().insert(text);
    }
    effect
}

/// The series of a collector by metric, with their values.
type Families = BTreeMap<String, BTreeMap<String, String>>;

fn families(of: &Exposed) -> BTreeMap<String, Families> {
    let mut families: BTreeMap<String, Families> = BTreeMap::new();
    for (name, series) in &of.series {
        let collector = families.entry(series.collector.clone()).or_default();
        collector.entry(series.family.clone()).or_default().insert(name.clone(), series.value.clone());
    }
    families
}

/// One line for each metric, or for all if they share their fate.
fn fates(collector: &str, now: &Families, before: &Families) -> Vec<String> {
    let none = BTreeMap::new();
    let names: BTreeSet<&String> = now.keys().chain(before.keys()).collect();
    let fate = |name: &String| fate(now.get(name).unwrap_or(&none), before.get(name).unwrap_or(&none));
    let fates: Vec<(&String, Option<&str>)> = names.into_iter().map(|name| (name, fate(name))).collect();
    match fates.first() {
        Some((_, Some(first))) if fates.len() > 1 && fates.iter().all(|(_, fate)| *fate == Some(first)) => {
            vec![format!("all of {collector} {first}")]
        }
        _ => fates.iter().filter_map(|(name, fate)| Some(format!("{name} {}", (*fate)?))).collect(),
    }
}

fn fate(now: &BTreeMap<String, String>, before: &BTreeMap<String, String>) -> Option<&'static str> {
    let lost = before.keys().filter(|name| !now.contains_key(*name)).count();
    let gained = now.keys().any(|name| !before.contains_key(name));
    let changed = now.iter().any(|(name, value)| before.get(name).is_some_and(|before| before != value));
    match (lost, gained, changed) {
        (0, false, false) => None,
        (0, false, true) => Some("changed"),
        (lost, false, _) if lost == before.len() => Some("lost"),
        (_, false, _) => Some("partly lost"),
        (_, true, _) => Some("relabelled"),
    }
}

/// Names of members at any depth of all responses to a path.
fn members(sim: &Sim, path: &str) -> Vec<String> {
    let mut names = BTreeSet::new();
    for node in &sim.cluster().nodes {
        let path = path.replace("{node}", &node.name);
        if !path.contains("{vmid}") {
            collect(&sim.body(&path)["data"], &mut names);
            continue;
        }
        for guest in &sim.cluster().guests {
            let path = path.replace("{type}/{vmid}", &guest.id());
            collect(&sim.body(&path)["data"], &mut names);
        }
    }
    names.into_iter().collect()
}

fn collect(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|element| collect(element, names)),
        Value::Object(members) => {
            names.extend(members.keys().cloned());
            members.values().for_each(|member| collect(member, names));
        }
        _ => {}
    }
}
