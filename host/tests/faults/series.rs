//! The collectors' series in an exposition: what they are about, and who exports them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use harness::Exposition;

use crate::docs::pages;

/// Metrics and their collectors, as docs/metrics.md lists them.
static OWNERS: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let rows = pages::rows().into_iter().filter(|row| row.file == "docs/metrics.md");
    let owner = |row: &pages::Row| Some((row.code(0).first()?.to_string(), row.heading.clone()));
    rows.filter_map(|row| owner(&row)).collect()
});

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Series {
    pub(super) family: String,
    pub(super) collector: String,
    /// Empty for the cluster.
    pub(super) node: String,
    pub(super) value: String,
}

/// An exposition: the collectors' series by name and labels, and the exporter's own.
#[derive(Debug, Clone)]
pub(super) struct Exposed {
    pub(super) series: BTreeMap<String, Series>,
    pub(super) own: Exposition,
}

impl Exposed {
    pub(super) fn parse(text: String) -> Self {
        let exposition = Exposition(text);
        let guests = guests(&exposition);
        let lines = exposition.0.lines().filter(|line| line.starts_with("pve_") && !line.starts_with("pve_exporter_"));
        let series = lines.map(|line| series(line, &guests)).collect();
        Self { series, own: exposition }
    }
}

fn series(line: &str, guests: &BTreeMap<String, String>) -> (String, Series) {
    let (name, value) = line.rsplit_once(' ').unwrap();
    let family = name.split('{').next().unwrap();
    let collector = OWNERS.get(family).unwrap_or_else(|| panic!("{family} is not documented"));
    let node = label(name, "node").or_else(|| Some(node_of(&label(name, "id")?, guests)));
    let series = Series {
        family: family.to_owned(),
        collector: collector.clone(),
        node: node.unwrap_or_default(),
        value: value.to_owned(),
    };
    (name.to_owned(), series)
}

/// Guests by VMID, with their nodes.
fn guests(exposition: &Exposition) -> BTreeMap<String, String> {
    let guest = |sample: &str| Some((label(sample, "id")?.split('/').nth(1)?.to_owned(), label(sample, "node")?));
    exposition.samples("pve_guest_info").into_iter().filter_map(guest).collect()
}

/// The node of `node/node01`, `storage/node01/local`, `qemu/100` or the replication job `100-0`; empty for others.
fn node_of(id: &str, guests: &BTreeMap<String, String>) -> String {
    let parts: Vec<&str> = id.split('/').collect();
    let vmid = match parts.as_slice() {
        ["node" | "storage", node, ..] => return (*node).to_owned(),
        ["qemu" | "lxc", vmid] => vmid,
        [job] => job.split('-').next().unwrap_or_default(),
        _ => "",
    };
    guests.get(vmid).cloned().unwrap_or_default()
}

/// The value of a label that needs no escapes.
fn label(series: &str, name: &str) -> Option<String> {
    let starts = ["{", ","].map(|before| format!("{before}{name}=\""));
    let rest = starts.iter().find_map(|start| series.split_once(start.as_str()))?.1;
    Some(rest.split('"').next()?.to_owned())
}
