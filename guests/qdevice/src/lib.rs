//! The cluster's quorum device, as prometheus-pve-exporter has it, from `/cluster/config/qdevice`.
//!
//! Most clusters have none, versions before 6 lack the path, and the right to see it may be missing: no series, and
//! nothing said. What the API answers is the view of the node that was asked.

use std::collections::BTreeMap;

use pve_collector::{Collector, Failure, FetchError, Input, Output, Package, Request, Table, lenient::Text, tables};
use serde::Deserialize;

const QDEVICE: Request = Request::get("/cluster/config/qdevice").optional();
const STATUS: Request = Request::get("/cluster/status");

tables! {
    /// Whether it votes.
    QdeviceUp(id) {
        gauge up "pve_qdevice_up" "Proxmox VE QDevice is connected (1) or not (0)";
    }

    /// What it is.
    QdeviceInfo(algorithm, id, model, qnetd_host, state, tie_breaker) {
        info "pve_qdevice_info" "Proxmox VE QDevice info (1 if configured)";
    }
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    name: Text<'a>,
}

/// The collector.
pub struct Qdevice;

impl Collector for Qdevice {
    const PACKAGE: Package = pve_collector::package!();
    const REQUESTS: &'static [Request] = &[QDEVICE, STATUS];
    const TABLES: &'static [Table] = TABLES;

    fn collect(input: &Input, output: &mut Output) -> Result<(), Failure> {
        let entries: Vec<Entry> = input.list(STATUS, output)?;
        let cluster = entries.iter().find(|entry| entry.kind.or_empty() == "cluster");
        let Some(name) = cluster.and_then(|cluster| cluster.name.as_str()) else { return Ok(()) };
        match input.response(QDEVICE) {
            Ok(_) => {}
            Err(FetchError::NotFound | FetchError::Forbidden) => return Ok(()),
            Err(error) => {
                output.warn(format!("quorum device not known: {} has no answer: {error}", QDEVICE.path));
                return Ok(());
            }
        }
        // A map, since an answer without members, of whatever name, means that there is no device.
        let device: BTreeMap<String, Text> = input.object(QDEVICE)?;
        if !device.is_empty() {
            push(&format!("cluster/{name}"), &device, output);
        }
        Ok(())
    }
}

fn push(id: &str, device: &BTreeMap<String, Text>, output: &mut Output) {
    // As in the original: a missing member is empty, null is `None`.
    let label = |key: &str| device.get(key).map_or("", |text| text.as_str().unwrap_or("None")).to_owned();
    let state = label("State");
    output.push(QdeviceUp { id: id.to_owned(), up: Some(f64::from(state == "Connected")) });
    output.push(QdeviceInfo {
        algorithm: label("Algorithm"),
        id: id.to_owned(),
        model: label("Model"),
        qnetd_host: label("QNetd host"),
        state,
        tie_breaker: label("Tie-breaker"),
    });
}

pve_collector::export!(Qdevice);
