//! The outcome of a scrape.

use std::collections::HashMap;
use std::sync::Arc;

use super::report::Report;
use crate::exposition::Encoder;
use crate::schema::{Collected, Family, Kind};

#[derive(Debug)]
pub struct Scrape {
    /// Each collector's rows, by name.
    pub collected: Vec<Collected>,
    pub report: Arc<Report>,
}

impl Scrape {
    /// Whether two families would have one name in OpenMetrics, where counters are named without `_total`. The gauges
    /// that prometheus-pve-exporter deprecates, `pve_disk_read_bytes` among them, would then have the names of its counters.
    /// Every scraper that accepts OpenMetrics accepts the text format too, where the names differ.
    pub fn clashes_in_open_metrics(&self) -> bool {
        let families = || self.collected.iter().flat_map(|collected| collected.families().map(move |f| (collected, f)));
        let by_name: HashMap<&str, (&Collected, &Family)> =
            families().map(|(collected, family)| (family.name.as_str(), (collected, family))).collect();
        families()
            .filter(|(_, family)| family.kind == Kind::Counter)
            .filter_map(|(_, family)| by_name.get(family.name.strip_suffix("_total")?))
            .any(|(collected, family)| collected.has_samples(family))
    }

    /// About the size of what was collected when it is encoded, rather more than less.
    #[must_use]
    pub fn text_size(&self) -> usize {
        self.collected.iter().map(Collected::text_size).sum()
    }

    /// Encodes what was collected, then the report.
    pub fn encode(&self, encoder: &mut Encoder) {
        encoder.reserve(self.text_size());
        for collected in &self.collected {
            collected.encode(encoder);
        }
        self.report.encode(encoder);
    }
}
