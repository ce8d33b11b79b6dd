//! What the exporter itself says about a scrape.

use std::collections::BTreeSet;
use std::fmt;

use super::selection::{PER_NODE, code};
use super::series::Exposed;

/// All built-in collectors.
pub(super) const ALL: &[&str] = &[
    "backup-info",
    "cluster",
    "config",
    "ha-status",
    "lxc-pressure",
    "node",
    "node-status",
    "physical-disk",
    "qdevice",
    "replication",
    "resources",
    "status",
    "subscription",
    "version",
    "vm-pressure",
];
/// A deviation from the report of a healthy scrape.
#[derive(Debug, Clone)]
pub(super) enum Report {
    /// `pve_exporter_target_up` is 0.
    TargetDown,
    /// `pve_exporter_node_online` is 0.
    NodeOffline(&'static str),
    /// There is no `pve_exporter_node_online`.
    NodeGone(&'static str),
    NodeNew(&'static str),
    /// `pve_exporter_collector_failed_places`; an empty node stands for the cluster.
    Failed {
        collectors: Vec<&'static str>,
        node: &'static str,
        reason: &'static str,
    },
    /// `pve_exporter_collector_rejected`
    Rejected {
        collector: &'static str,
        reason: &'static str,
    },
    /// `pve_exporter_discovery_dropped`
    Dropped(&'static str),
}

pub(super) fn failed(collectors: &[&'static str], reason: &'static str) -> Report {
    Report::Failed { collectors: collectors.to_vec(), node: "", reason }
}

/// All collectors that request something of this node or its guests fail.
pub(super) fn api_failed(node: &'static str, reason: &'static str) -> Report {
    Report::Failed { collectors: PER_NODE.to_vec(), node, reason }
}

impl Report {
    pub(super) fn of(self, node: &'static str) -> Self {
        match self {
            Self::Failed { collectors, reason, .. } => Self::Failed { collectors, node, reason },
            other => other,
        }
    }

    /// As [`said`] finds it. `local` is the only node whose collectors run, if there is such a limit.
    pub(super) fn lines(&self, local: Option<&str>) -> BTreeSet<String> {
        let one = |line: String| BTreeSet::from([line]);
        match self {
            Self::TargetDown => one("target_up 0".to_owned()),
            Self::NodeOffline(node) => one(format!("node_online{{node=\"{node}\"}} 0")),
            Self::NodeGone(node) => one(format!("node_online{{node=\"{node}\"}} missing")),
            Self::NodeNew(node) => one(format!("node_online{{node=\"{node}\"}} new")),
            Self::Failed { node, .. } if !node.is_empty() && local.is_some_and(|local| local != *node) => {
                BTreeSet::new()
            }
            Self::Failed { collectors, node, reason } => {
                let line = |name| format!("failed_places{{collector=\"{name}\",node=\"{node}\",reason=\"{reason}\"}}");
                collectors.iter().map(line).collect()
            }
            Self::Rejected { collector, reason } => {
                one(format!("rejected{{collector=\"{collector}\",reason=\"{reason}\"}}"))
            }
            Self::Dropped(kind) => one(format!("dropped{{kind=\"{kind}\"}}")),
        }
    }
}

/// For the table, without the node of failures.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TargetDown => f.write_str("`pve_exporter_target_up` is 0"),
            Self::NodeOffline(node) => write!(f, "`pve_exporter_node_online` of {node} is 0"),
            Self::NodeGone(node) => write!(f, "no `pve_exporter_node_online` of {node}"),
            Self::NodeNew(node) => write!(f, "`pve_exporter_node_online` of {node}"),
            Self::Failed { collectors, reason, .. } => {
                let whose = match collectors.as_slice() {
                    ALL => "all collectors".to_owned(),
                    PER_NODE => "all per-node collectors".to_owned(),
                    some => code(some),
                };
                write!(f, "`{reason}`: {whose}")
            }
            Self::Rejected { collector, reason } => {
                write!(f, "`pve_exporter_collector_rejected`: `{reason}` of `{collector}`")
            }
            Self::Dropped(kind) => write!(f, "`pve_exporter_discovery_dropped` of kind `{kind}`"),
        }
    }
}

/// What a scrape reports that a healthy one does not.
pub(super) fn said(exposed: &Exposed, healthy: &Exposed) -> BTreeSet<String> {
    let mut said = BTreeSet::new();
    for (family, short) in [
        ("pve_exporter_collector_failed_places", "failed_places"),
        ("pve_exporter_collector_rejected", "rejected"),
        ("pve_exporter_discovery_dropped", "dropped"),
    ] {
        let counted = |sample: &&str| !sample.ends_with(" 0");
        let series = |sample: &str| sample.rsplit_once(' ').map(|(name, _)| name.replace(family, short));
        said.extend(exposed.own.samples(family).into_iter().filter(counted).filter_map(series));
    }
    if exposed.own.value("pve_exporter_target_up") == Some(0.0) {
        // Without discovery the exporter knows no nodes.
        said.insert("target_up 0".to_owned());
        return said;
    }
    let (now, before) = (nodes(exposed), nodes(healthy));
    for node in now.union(&before) {
        let (node, online) = node.rsplit_once(' ').unwrap();
        let is_in = |set: &BTreeSet<String>| set.iter().any(|line| line.starts_with(node));
        match (is_in(&now), is_in(&before), online) {
            (true, false, _) => said.insert(format!("{node} new")),
            (false, true, _) => said.insert(format!("{node} missing")),
            (_, _, "0") => said.insert(format!("{node} 0")),
            _ => false,
        };
    }
    said
}

fn nodes(exposed: &Exposed) -> BTreeSet<String> {
    let samples = exposed.own.samples("pve_exporter_node_online");
    samples.into_iter().map(|sample| sample.replace("pve_exporter_node_online", "node_online")).collect()
}

/// Every collector is reported, and exactly those that fail somewhere did not succeed.
pub(super) fn check_success(exposed: &Exposed, healthy: &Exposed) -> Vec<String> {
    let collectors = |exposed: &Exposed, value: Option<&str>| -> BTreeSet<String> {
        let samples = exposed.own.samples("pve_exporter_collector_success");
        let wanted = samples.into_iter().filter(|sample| value.is_none_or(|value| sample.ends_with(value)));
        wanted.filter_map(|sample| sample.split('"').nth(1).map(str::to_owned)).collect()
    };
    let failing: BTreeSet<String> = exposed
        .own
        .samples("pve_exporter_collector_failed_places")
        .into_iter()
        .filter_map(|sample| sample.split('"').nth(1).map(str::to_owned))
        .collect();
    let mut wrong = Vec::new();
    let (now, before) = (collectors(exposed, None), collectors(healthy, None));
    if now != before {
        wrong.push(format!("collectors without pve_exporter_collector_success: {:?}", &before - &now));
    }
    let unsuccessful = collectors(exposed, Some(" 0"));
    if unsuccessful != failing {
        wrong.push(format!(
            "pve_exporter_collector_success is 0 for {unsuccessful:?}, but {failing:?} have failed places"
        ));
    }
    wrong
}
