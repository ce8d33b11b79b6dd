//! What a collector gave, place by place.

use std::fmt::Write as _;

use super::{exposition, rules};
use crate::{
    FetchError, Output, Place, Row,
    contract::{Level, Manifest},
};

/// What a collector gave for all places of a [`Case`](super::Case).
#[derive(Clone, Debug, PartialEq)]
pub struct Collected {
    /// The collector's manifest.
    pub manifest: Manifest,
    /// One entry a place, in the order of the places.
    pub collections: Vec<Collection>,
}

/// What a collector gave for one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Collection {
    /// The place.
    pub place: Place,
    /// Rows and warnings; empty where it failed.
    pub output: Output,
    /// Why there is nothing: a [`Failure`](crate::Failure) as text, or a required answer that is missing.
    pub failure: Option<String>,
    /// What the collector wrote to the log.
    pub log: Vec<(Level, String)>,
}

impl Collection {
    pub(super) fn not_collected(place: Place, path: &str, error: FetchError) -> Self {
        let failure = Some(format!("not collected: {path} has no answer: {error}"));
        Self { place, output: Output::default(), failure, log: Vec::new() }
    }

    /// `node01`, `node01/qemu/112`, `node01/local-zfs` or `cluster`.
    pub fn place_name(&self) -> String {
        let Place { node, guest_type, vmid, storage } = &self.place;
        let parts = [
            node.clone(),
            guest_type.map(|guest| guest.as_str().to_owned()),
            vmid.map(|vmid| vmid.to_string()),
            storage.clone(),
        ];
        let name = parts.into_iter().flatten().collect::<Vec<_>>().join("/");
        if name.is_empty() { "cluster".to_owned() } else { name }
    }
}

impl Collected {
    /// The text exposition, format 0.0.4: families in the order of the manifest, samples in the order of places, tables
    /// and rows, families without samples left out. The host's encoder gives the same bytes.
    pub fn exposition(&self) -> String {
        exposition::render(&self.manifest, self.collections.iter().map(|collection| &*collection.output.rows))
    }

    /// All rows, in the order of places.
    pub fn rows(&self) -> impl Iterator<Item = &Row> + Clone {
        self.collections.iter().flat_map(|collection| &collection.output.rows)
    }

    /// All warnings, in the order of places.
    pub fn warnings(&self) -> Vec<&str> {
        self.collections.iter().flat_map(|collection| &collection.output.warnings).map(String::as_str).collect()
    }

    /// All failures, in the order of places.
    pub fn failures(&self) -> Vec<&str> {
        self.collections.iter().filter_map(|collection| collection.failure.as_deref()).collect()
    }

    /// Warnings, failures and log lines, a line each: `node01: warning: …`. Empty where all went well.
    pub fn log(&self) -> String {
        let mut text = String::new();
        for collection in &self.collections {
            let place = collection.place_name();
            for (level, message) in &collection.log {
                let _ = writeln!(text, "{place}: {}: {message}", level.as_str());
            }
            for warning in &collection.output.warnings {
                let _ = writeln!(text, "{place}: warning: {warning}");
            }
            if let Some(failure) = &collection.failure {
                let _ = writeln!(text, "{place}: failed: {failure}");
            }
        }
        text
    }

    /// What the host would refuse of manifest and rows, a sentence each: bad names, series given twice, counters below
    /// 0.
    pub fn violations(&self) -> Vec<String> {
        let mut violations = rules::manifest(&self.manifest);
        violations.extend(rules::rows(&self.manifest, self.rows()));
        violations
    }
}
