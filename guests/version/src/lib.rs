//! `pve_version_info` of prometheus-pve-exporter, from `/version`.
//!
//! This is the version of the node that serves the request. During an upgrade, the nodes of a cluster may have different ones.

use pve_collector::{Collector, Failure, Input, Output, Package, Request, Table, lenient::Text, tables};
use serde::Deserialize;

const VERSION: Request = Request::get("/version");

tables! {
    VersionInfo(release, repoid, version) {
        info "pve_version_info" "Proxmox VE version info";
    }
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    release: Text<'a>,
    #[serde(borrow, default)]
    repoid: Text<'a>,
    #[serde(borrow, default)]
    version: Text<'a>,
}

pub struct Version;

impl Collector for Version {
    const PACKAGE: Package = pve_collector::package!();
    const REQUESTS: &'static [Request] = &[VERSION];
    const TABLES: &'static [Table] = TABLES;

    fn collect(input: &Input, output: &mut Output) -> Result<(), Failure> {
        let answer: Answer = input.object(VERSION)?;
        let texts = [answer.release, answer.repoid, answer.version];
        // Without any of them the series would have no labels.
        if texts.iter().all(|text| text.or_empty().is_empty()) {
            return Err(Failure::Malformed(format!("answer of {} has no version", VERSION.path)));
        }
        let [release, repoid, version] = texts.map(|text| text.or_empty().to_owned());
        output.push(VersionInfo { release, repoid, version });
        Ok(())
    }
}

pve_collector::export!(Version);
