//! The cluster's quorum device, as in prometheus-pve-exporter, from `/cluster/config/qdevice`.
//!
//! Most clusters have none, Proxmox VE before 6 lacks the path, and the token may lack the privilege: all three mean no series
//! and no failure. Without a response for any other reason the collector fails: whether there is a device is not known. The answer
//! is the view of the node that serves the request.

use std::collections::BTreeMap;

use drop_in::{Member, STATUS, label};
use pve_collector::{Collector, Failure, FetchError, Input, Output, Package, Request, Table, lenient::Text, tables};

const QDEVICE: Request = Request::get("/cluster/config/qdevice").optional();

tables! {
    QdeviceUp(id) {
        gauge up "pve_qdevice_up" "Proxmox VE QDevice is connected (1) or not (0)";
    }

    QdeviceInfo(algorithm, id, model, qnetd_host, state, tie_breaker) {
        info "pve_qdevice_info" "Proxmox VE QDevice info (1 if configured)";
    }
}

pub struct Qdevice;

impl Collector for Qdevice {
    const PACKAGE: Package = pve_collector::package!();
    const REQUESTS: &'static [Request] = &[QDEVICE, STATUS];
    const TABLES: &'static [Table] = TABLES;

    fn collect(input: &Input, output: &mut Output) -> Result<(), Failure> {
        let members: Vec<Member> = input.list(STATUS, output)?;
        let Some(name) = Member::cluster(&members).and_then(|cluster| cluster.name.as_str()) else { return Ok(()) };
        match input.response(QDEVICE) {
            Ok(_) => {}
            Err(FetchError::NotFound | FetchError::Forbidden) => return Ok(()),
            Err(error) => {
                return Err(Failure::Other(format!(
                    "quorum device not known: {} has no answer: {error}",
                    QDEVICE.path
                )));
            }
        }
        // A map, since an answer without any members means that there is no device.
        let device: BTreeMap<String, Text> = input.object(QDEVICE)?;
        if !device.is_empty() {
            push(&format!("cluster/{name}"), &device, output);
        }
        Ok(())
    }
}

fn push(id: &str, device: &BTreeMap<String, Text>, output: &mut Output) {
    let label = |key: &str| device.get(key).map(label).unwrap_or_default();
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
