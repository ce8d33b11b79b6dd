//! The exporter's own metrics, written by the encoder that writes everything else.

use prometheus::proto::{MetricFamily, MetricType};

use super::log_budget;
use crate::budget::{Budgets, ByteBudget};
use crate::exposition::{Encoder, Type, push_label};

pub(super) fn encode_family(family: &MetricFamily, encoder: &mut Encoder) {
    let name = family.name();
    let kind = match family.get_field_type() {
        MetricType::COUNTER => Type::Counter,
        MetricType::HISTOGRAM => Type::Histogram,
        _ if name.ends_with("_info") => Type::Info,
        _ => Type::Gauge,
    };
    encoder.family(name, family.help(), kind);
    for metric in family.get_metric() {
        let mut labels = String::new();
        for pair in metric.get_label() {
            push_label(&mut labels, pair.name(), pair.value());
        }
        match kind {
            Type::Counter => encoder.sample(name, &labels, metric.get_counter().get_value()),
            Type::Histogram => {
                let histogram = metric.get_histogram();
                let bucket = format!("{name}_bucket");
                #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
                {
                    for step in histogram.get_bucket() {
                        // Canonical in OpenMetrics: 1.0, not 1.
                        let bound = format!("{:?}", step.upper_bound());
                        encoder.sample_with(&bucket, &labels, ("le", &bound), step.cumulative_count() as f64);
                    }
                    let count = histogram.get_sample_count() as f64;
                    encoder.sample_with(&bucket, &labels, ("le", "+Inf"), count);
                    encoder.sample(&format!("{name}_sum"), &labels, histogram.get_sample_sum());
                    encoder.sample(&format!("{name}_count"), &labels, count);
                }
            }
            _ => encoder.sample(name, &labels, metric.get_gauge().get_value()),
        }
    }
}

pub(super) fn encode_budgets(budgets: &Budgets, encoder: &mut Encoder) {
    type Get = fn(&ByteBudget) -> u64;
    let families: [(&str, &str, Type, Get); 4] = [
        ("pve_exporter_memory_budget_bytes", "What may be held, by purpose.", Type::Gauge, |budget| {
            budget.limit() as u64
        }),
        ("pve_exporter_memory_budget_used_bytes", "What is held now, by purpose.", Type::Gauge, |budget| {
            budget.used() as u64
        }),
        ("pve_exporter_memory_budget_highest_bytes", "The most that was held, by purpose.", Type::Gauge, |budget| {
            budget.highest() as u64
        }),
        (
            "pve_exporter_memory_budget_refused_total",
            "Answers, calls and responses refused because a budget was exhausted.",
            Type::Counter,
            |budget| budget.refused(),
        ),
    ];
    for (name, help, kind, get) in families {
        encoder.family(name, help, kind);
        for budget in budgets.all() {
            let mut labels = String::new();
            push_label(&mut labels, "purpose", budget.purpose().as_str());
            #[expect(clippy::cast_precision_loss, reason = "bytes far below 2^53")]
            encoder.sample(name, &labels, get(budget) as f64);
        }
    }
}

pub(super) fn encode_log(encoder: &mut Encoder) {
    const DROPPED: &str = "pve_exporter_log_lines_dropped_total";
    encoder.family(DROPPED, "Lines dropped because a minute had too many of their level.", Type::Counter);
    for (level, lines) in log_budget::dropped() {
        let mut labels = String::new();
        push_label(&mut labels, "level", level);
        #[expect(clippy::cast_precision_loss, reason = "lines far below 2^53")]
        encoder.sample(DROPPED, &labels, lines as f64);
    }
}
