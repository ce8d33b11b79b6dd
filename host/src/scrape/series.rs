//! The report of a scrape as metrics, part of the scrape's own exposition.
//!
//! Gauges, as in node_exporter: each describes this scrape. Label values are collector names, node names and reasons from a
//! fixed list; nothing from a request.

use std::collections::BTreeMap;

use super::inventory::Dropped;
use super::report::{CollectorReport, Report};
use crate::exposition::{Encoder, Type, push_label};

impl Report {
    /// Encodes the report's families.
    pub fn encode(&self, encoder: &mut Encoder) {
        let up = if self.discovery_error.is_some() { 0.0 } else { 1.0 };
        encoder.family("pve_exporter_target_up", "Whether the cluster's API answered discovery.", Type::Gauge);
        encoder.sample("pve_exporter_target_up", "", up);
        encoder.family("pve_exporter_scrape_duration_seconds", "Wall time of this scrape.", Type::Gauge);
        encoder.sample("pve_exporter_scrape_duration_seconds", "", self.duration.as_secs_f64());

        self.address(encoder);
        self.nodes(encoder);
        self.dropped(encoder);
        type Value = fn(&CollectorReport) -> f64;
        let gauges: [(&str, &str, Value); 8] = [
            ("pve_exporter_collector_success", "Whether the collector gave its rows for every place.", |c| {
                f64::from(u8::from(c.success()))
            }),
            (
                "pve_exporter_collector_duration_seconds",
                "Wall time of the collector's calls, all places together.",
                |c| c.wall.as_secs_f64(),
            ),
            ("pve_exporter_collector_cpu_seconds", "CPU time of the collector's calls, all places together.", |c| {
                c.cpu.as_secs_f64()
            }),
            ("pve_exporter_collector_memory_bytes", "The most linear memory one call of the collector used.", |c| {
                count(c.memory)
            }),
            ("pve_exporter_collector_places", "Places (nodes, guests, storages, or the cluster) to collect.", |c| {
                count(c.places)
            }),
            ("pve_exporter_collector_rows", "Rows the collector gave.", |c| count(c.rows)),
            ("pve_exporter_collector_series", "Series in this exposition that are the collector's.", |c| {
                #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
                let series = c.series as f64;
                series
            }),
            ("pve_exporter_collector_warnings", "Warnings the collector gave about odd answers.", |c| {
                count(c.warnings.len())
            }),
        ];
        for (name, help, value) in gauges {
            encoder.family(name, help, Type::Gauge);
            for (collector, account) in &self.collectors {
                encoder.sample(name, &label("collector", collector), value(account));
            }
        }
        self.answer_ages(encoder);
        self.limits(encoder);
        self.failures_by_node(encoder);
        self.lost(encoder);
    }

    fn address(&self, encoder: &mut Encoder) {
        if let Some(address) = &self.address {
            let name = "pve_exporter_target_address_info";
            encoder.family(name, "The address of the cluster in use: target and resolved address.", Type::Info);
            let mut labels = label("address", &address.ip.to_string());
            push_label(&mut labels, "target", &address.target);
            encoder.sample(name, &labels, 1.0);
        }
    }

    fn nodes(&self, encoder: &mut Encoder) {
        if self.nodes.is_empty() {
            return;
        }
        let name = "pve_exporter_node_online";
        encoder.family(name, "Whether the cluster calls the node online; others are not asked.", Type::Gauge);
        for node in &self.nodes {
            encoder.sample(name, &label("node", &node.name), f64::from(u8::from(node.online)));
        }
    }

    fn dropped(&self, encoder: &mut Encoder) {
        if self.dropped == Dropped::default() {
            return;
        }
        let name = "pve_exporter_discovery_dropped";
        encoder.family(name, "Nodes, guests and storages with impossible names, or beyond the caps.", Type::Gauge);
        for (kind, dropped) in self.dropped.by_kind() {
            encoder.sample(name, &label("kind", kind), count(dropped));
        }
    }

    fn answer_ages(&self, encoder: &mut Encoder) {
        if self.answer_ages.is_empty() {
            return;
        }
        let name = "pve_exporter_answer_age_seconds";
        encoder.family(name, "Age of the oldest kept answer that this scrape used, by path template.", Type::Gauge);
        for (template, age) in &self.answer_ages {
            encoder.sample(name, &label("path", template), age.as_secs_f64());
        }
    }

    fn limits(&self, encoder: &mut Encoder) {
        if self.collectors.values().all(|account| account.used.is_empty()) {
            return;
        }
        let name = "pve_exporter_collector_limit_used_ratio";
        encoder.family(name, "The highest use of a limit by one call of the collector; 1 is the limit.", Type::Gauge);
        for (collector, account) in &self.collectors {
            for (limit, ratio) in &account.used {
                let mut labels = label("collector", collector);
                push_label(&mut labels, "limit", limit);
                encoder.sample(name, &labels, *ratio);
            }
        }
    }

    fn failures_by_node(&self, encoder: &mut Encoder) {
        let mut counts: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
        for (collector, failure) in self.failures() {
            let node = failure.place.node.as_deref().unwrap_or_default();
            *counts.entry((collector, node, failure.cause.reason().as_str())).or_default() += 1;
        }
        if counts.is_empty() {
            return;
        }
        let name = "pve_exporter_collector_failed_places";
        encoder.family(name, "Places not collected, by node (empty: the cluster) and reason.", Type::Gauge);
        for ((collector, node, reason), failed) in counts {
            let mut labels = label("collector", collector);
            push_label(&mut labels, "node", node);
            push_label(&mut labels, "reason", reason);
            encoder.sample(name, &labels, count(failed));
        }
    }

    fn lost(&self, encoder: &mut Encoder) {
        if self.collectors.values().all(|account| account.rejections.is_empty()) {
            return;
        }
        let name = "pve_exporter_collector_rejected";
        encoder.family(name, "Rows and samples of the collector that broke the contract and were lost.", Type::Gauge);
        for (collector, account) in &self.collectors {
            for (reason, lost, _) in account.rejections.iter() {
                let mut labels = label("collector", collector);
                push_label(&mut labels, "reason", reason);
                #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
                encoder.sample(name, &labels, lost as f64);
            }
        }
    }
}

fn label(name: &str, value: &str) -> String {
    let mut block = String::new();
    push_label(&mut block, name, value);
    block
}

#[expect(clippy::cast_precision_loss, reason = "counts and bytes far below 2^53")]
fn count(number: usize) -> f64 {
    number as f64
}
