//! On every shape of cluster, ours has every sample, HELP and TYPE of prometheus-pve-exporter, and no other sample in its
//! families.

use std::collections::{BTreeMap, BTreeSet};

use pve_sim::Sim;

use super::exposition::Exposition;
use super::pair::{FAMILIES, Pair, read};
use super::peer;
use super::shapes::shapes;

/// Prefixes of our additional metrics, which none of the peer's names has.
const OURS: [&str; 10] = [
    "pve_exporter_",
    "pve_guest_lock_info",
    "pve_node_boot_mode_info",
    "pve_node_ksm_",
    "pve_node_load",
    "pve_node_rootfs_",
    "pve_node_swap_",
    "pve_physical_disk_",
    "pve_vm_pressure_",
    "pve_lxc_pressure_",
];
const OUR_HA: [&str; 6] = [
    "pve_ha_crm_master",
    "pve_ha_node_status",
    "pve_ha_lrm_timestamp_seconds",
    "pve_ha_lrm_mode",
    "pve_ha_service_config",
    "pve_ha_service_status",
];

/// What the comparisons have covered, to notice shapes that no longer show what they are for.
#[derive(Default)]
struct Covered {
    /// Samples compared, by family.
    samples: BTreeMap<String, usize>,
    /// States that were active somewhere: family, state.
    states: BTreeSet<(String, String)>,
}

impl Covered {
    fn add(&mut self, peer: &Exposition) {
        for (series, value) in &peer.samples {
            *self.samples.entry(series.name.clone()).or_default() += 1;
            let state = series.labels.get("state").or_else(|| series.labels.get("status"));
            if let Some(state) = state.filter(|_| *value == 1.0) {
                self.states.insert((series.name.clone(), state.clone()));
            }
        }
    }

    fn states(&self, family: &str) -> Vec<&str> {
        self.states.iter().filter(|(name, _)| name == family).map(|(_, state)| &**state).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sample_of_the_peer_is_ours() {
    if !peer::available() {
        return;
    }
    let shapes = shapes();
    let mut sims = Vec::new();
    for shape in &shapes {
        let sim = Sim::start(shape.spec.clone()).await.unwrap();
        (shape.prepare)(&sim);
        sims.push((shape.name, sim));
    }
    let modules: Vec<_> = sims.iter().map(|(name, sim)| (*name, sim)).collect();
    let pair = Pair::start(&modules, "UTC");
    let (mut questions, mut answers) = (Vec::new(), Vec::new());
    for (name, sim) in &sims {
        for (cluster, node) in [(true, true), (true, false), (false, true), (false, false)] {
            answers.push(pair.scrape(name, sim, cluster, node).await);
            questions.push((name, cluster, node));
        }
    }
    let mut covered = Covered::default();
    for ((name, cluster, node), said) in questions.into_iter().zip(read(&answers)) {
        let differences = said.differences();
        assert!(differences.is_empty(), "{name}, cluster={cluster}, node={node}: {differences:#?}");
        only_known_families(&said.ours);
        assert_eq!(said.peer.samples.is_empty(), !cluster && !node);
        covered.add(&said.peer);
    }
    let total: usize = covered.samples.values().sum();
    eprintln!("{} clusters, {total} samples compared: {:#?}", sims.len(), covered.samples);
    for family in FAMILIES {
        assert!(covered.samples.contains_key(family), "no cluster has a sample of {family}");
    }
    assert_eq!(covered.samples.len(), FAMILIES.len(), "the peer has a family that is not in FAMILIES");
    let locks = covered.states("pve_lock_state");
    assert_eq!(locks.len(), 9, "{locks:?}");
    let subscriptions = covered.states("pve_subscription_status");
    assert_eq!(subscriptions.len(), 6, "{subscriptions:?}");
    // Eleven of guests and five of nodes, with `fence` in both; a node in state `gone` is not among the resources.
    let ha = covered.states("pve_ha_state");
    assert_eq!(ha.len(), 11 + 5 - 1 - 1, "{ha:?}");
}

/// Every family that is not the peer's has one of our names.
fn only_known_families(ours: &Exposition) {
    for name in ours.families.keys().filter(|name| !FAMILIES.contains(&&***name)) {
        let known = OURS.iter().any(|beginning| name.starts_with(beginning)) || OUR_HA.contains(&&**name);
        assert!(known, "{name} is neither the peer's nor known as ours");
    }
}
