//! The encoder: one growing buffer, family by family.

use super::labels::{push_escaped, push_pair};
use super::negotiation::Format;
use super::number::push_value;

/// The type of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    Gauge,
    /// The name ends in `_total`.
    Counter,
    /// The value is 1, the name ends in `_info`.
    Info,
    /// A 0/1 series per state. In OpenMetrics the state's label must have the family's name (`label_is_name`); if it does not, the
    /// family is a gauge there too.
    StateSet {
        label_is_name: bool,
    },
    Histogram,
}

/// Writes one exposition.
#[derive(Debug)]
pub struct Encoder {
    out: Vec<u8>,
    scratch: String,
    format: Format,
    series: u64,
}

/// What follows the row's labels in each sample of a state-set, rendered once for all rows: half of all series are states.
#[derive(Debug, Default)]
pub(crate) struct StateTails(Vec<(String, String)>);

impl StateTails {
    pub(crate) fn new(label: &str, states: &[String]) -> Self {
        let tails = states.iter().map(|state| {
            let mut tail = String::new();
            push_pair(&mut tail, label, state);
            (format!("{tail}}} 0\n"), format!("{tail}}} 1\n"))
        });
        Self(tails.collect())
    }
}

impl Encoder {
    /// An encoder that expects about `capacity` bytes.
    #[must_use]
    pub fn new(format: Format, capacity: usize) -> Self {
        Self { out: Vec::with_capacity(capacity), scratch: String::new(), format, series: 0 }
    }

    /// Starts a family. `name` is the full name of its samples, with suffix.
    pub fn family(&mut self, name: &str, help: &str, kind: Type) {
        let (family, kind) = match (self.format, kind) {
            (Format::Text, Type::Counter) => (name, "counter"),
            (Format::Text, Type::Gauge | Type::Info | Type::StateSet { .. }) => (name, "gauge"),
            (Format::OpenMetrics, Type::Counter) => (name.strip_suffix("_total").unwrap_or(name), "counter"),
            (Format::OpenMetrics, Type::Info) => (name.strip_suffix("_info").unwrap_or(name), "info"),
            (Format::OpenMetrics, Type::StateSet { label_is_name: true }) => (name, "stateset"),
            (Format::OpenMetrics, Type::Gauge | Type::StateSet { .. }) => (name, "gauge"),
            (_, Type::Histogram) => (name, "histogram"),
        };
        self.scratch.clear();
        // OpenMetrics also escapes quotes in help texts.
        push_escaped(&mut self.scratch, help, self.format == Format::OpenMetrics);
        for part in ["# HELP ", family, " ", &self.scratch, "\n# TYPE ", family, " ", kind, "\n"] {
            self.out.extend_from_slice(part.as_bytes());
        }
    }

    /// One sample of the current family. `labels` is a block as `push_label` renders it, without braces.
    pub fn sample(&mut self, name: &str, labels: &str, value: f64) {
        self.out.extend_from_slice(name.as_bytes());
        if !labels.is_empty() {
            self.out.push(b'{');
            self.out.extend_from_slice(labels.as_bytes());
            self.out.push(b'}');
        }
        self.out.push(b' ');
        push_value(&mut self.out, value);
        self.out.push(b'\n');
        self.series += 1;
    }

    /// One sample with a label after the block: a state, a bucket. The label's value is escaped here.
    pub fn sample_with(&mut self, name: &str, labels: &str, (label, label_value): (&str, &str), value: f64) {
        self.out.extend_from_slice(name.as_bytes());
        self.out.push(b'{');
        self.out.extend_from_slice(labels.as_bytes());
        if !labels.is_empty() {
            self.out.push(b',');
        }
        self.scratch.clear();
        push_escaped(&mut self.scratch, label_value, true);
        for part in [label, "=\"", &self.scratch, "\"} "] {
            self.out.extend_from_slice(part.as_bytes());
        }
        push_value(&mut self.out, value);
        self.out.push(b'\n');
        self.series += 1;
    }

    /// Reserves space, so that megabytes are not moved as they grow.
    pub fn reserve(&mut self, bytes: usize) {
        self.out.reserve(bytes);
    }

    /// The samples of a state-set: `holds` is 1, the other states are 0.
    pub(crate) fn states(&mut self, name: &str, labels: &str, tails: &StateTails, holds: Option<u32>) {
        let holds = holds.map_or(usize::MAX, |state| state as usize);
        for (state, (zero, one)) in tails.0.iter().enumerate() {
            let tail = if state == holds { one } else { zero };
            self.out.extend_from_slice(name.as_bytes());
            self.out.push(b'{');
            if !labels.is_empty() {
                self.out.extend_from_slice(labels.as_bytes());
                self.out.push(b',');
            }
            self.out.extend_from_slice(tail.as_bytes());
        }
        self.series += tails.0.len() as u64;
    }

    #[must_use]
    pub fn series(&self) -> u64 {
        self.series
    }

    /// The whole exposition, terminated as its format requires.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        if self.format == Format::OpenMetrics {
            self.out.extend_from_slice(b"# EOF\n");
        }
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(write: impl Fn(&mut Encoder)) -> (String, String) {
        let one = |format| {
            let mut encoder = Encoder::new(format, 0);
            write(&mut encoder);
            String::from_utf8(encoder.finish()).unwrap()
        };
        (one(Format::Text), one(Format::OpenMetrics))
    }

    #[test]
    fn types_in_both_formats() {
        let (text, open) = both(|encoder| {
            encoder.family("a_total", "A \"sum\".\nMore", Type::Counter);
            encoder.sample("a_total", "", 3.0);
            encoder.family("b_info", "B", Type::Info);
            encoder.sample("b_info", "x=\"1\"", 1.0);
            encoder.family("c", "C", Type::StateSet { label_is_name: true });
            encoder.sample_with("c", "x=\"1\"", ("c", "on\""), 1.0);
            encoder.family("d", "D", Type::StateSet { label_is_name: false });
            encoder.sample_with("d", "", ("state", "on"), 0.0);
        });
        assert_eq!(
            text,
            "# HELP a_total A \"sum\".\\nMore\n# TYPE a_total counter\na_total 3\n\
             # HELP b_info B\n# TYPE b_info gauge\nb_info{x=\"1\"} 1\n\
             # HELP c C\n# TYPE c gauge\nc{x=\"1\",c=\"on\\\"\"} 1\n\
             # HELP d D\n# TYPE d gauge\nd{state=\"on\"} 0\n"
        );
        assert_eq!(
            open,
            "# HELP a A \\\"sum\\\".\\nMore\n# TYPE a counter\na_total 3\n\
             # HELP b B\n# TYPE b info\nb_info{x=\"1\"} 1\n\
             # HELP c C\n# TYPE c stateset\nc{x=\"1\",c=\"on\\\"\"} 1\n\
             # HELP d D\n# TYPE d gauge\nd{state=\"on\"} 0\n# EOF\n"
        );
    }
}
