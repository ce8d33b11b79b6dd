//! Which components serve, and which files are refused.

use prometheus::{Gauge, GaugeVec, IntGaugeVec, Result};

use super::definitions::Definitions;
use super::time::unix_seconds;
use crate::catalog::Catalog;
use crate::collector::Origin;
use crate::text;

#[derive(Debug)]
pub(super) struct ComponentMetrics {
    info: IntGaugeVec,
    compile: GaugeVec,
    size: IntGaugeVec,
    refused: IntGaugeVec,
    reloaded: Gauge,
}

impl ComponentMetrics {
    pub(super) fn new(define: &Definitions<'_>) -> Result<Self> {
        Ok(Self {
            info: define.int_gauges(
                "pve_exporter_component_info",
                "The component of a collector, with its version and SHA-256.",
                &["collector", "version", "origin", "digest"],
            )?,
            compile: define.gauges(
                "pve_exporter_component_compile_seconds",
                "How long the component took to compile or to load.",
                &["collector"],
            )?,
            size: define.int_gauges(
                "pve_exporter_component_size_bytes",
                "Size of the component file.",
                &["collector"],
            )?,
            refused: define.int_gauges(
                "pve_exporter_component_refused",
                "Files of the collectors folders that are refused as they are now; an older version may serve.",
                &["file"],
            )?,
            reloaded: define.gauge(
                "pve_exporter_collectors_last_reload_timestamp_seconds",
                "When the collectors folders were last read.",
            )?,
        })
    }

    /// Replaces everything by what the catalog has now.
    pub(super) fn set(&self, catalog: &Catalog) {
        for family in [&self.info, &self.size, &self.refused] {
            family.reset();
        }
        self.compile.reset();
        for entry in catalog.entries() {
            if let (Origin::File(path), Some(_)) = (&entry.origin, &entry.refusal) {
                self.refused.with_label_values(&[text::path(path).as_str()]).set(1);
            }
        }
        if let Some(reloaded) = catalog.reloaded() {
            self.reloaded.set(unix_seconds(reloaded));
        }
        for collector in catalog.serving().iter() {
            let facts = collector.component().facts();
            let (name, origin) = (collector.name(), collector.origin.to_string());
            self.info.with_label_values(&[name, &collector.schema.version, &origin, &facts.digest]).set(1);
            self.compile.with_label_values(&[name]).set(facts.compile_time.as_secs_f64());
            self.size.with_label_values(&[name]).set(i64::try_from(facts.size).unwrap_or(i64::MAX));
        }
    }
}
