//! Rows as Prometheus text, format 0.0.4: a plain renderer, independent of the host's encoder, which must agree with it.

use std::{collections::HashSet, fmt::Write as _};

use crate::{
    Row, Value,
    contract::{Kind, Manifest, Metric, Table},
};

/// `places` are the rows of each place. A family in several tables is written place by place, and within a place table by
/// table: the host keeps a place's rows by table.
pub(super) fn render<'a>(manifest: &Manifest, places: impl Iterator<Item = &'a [Row]> + Clone) -> String {
    let mut text = String::new();
    let mut done = HashSet::new();
    for metric in manifest.tables.iter().flat_map(|table| &table.metrics) {
        if !done.insert(&metric.name) {
            continue;
        }
        let mut samples = String::new();
        for rows in places.clone() {
            for (position, table) in manifest.tables.iter().enumerate() {
                let rows = rows.iter().filter(|row| row.table as usize == position);
                write_samples(&mut samples, table, &metric.name, rows);
            }
        }
        if !samples.is_empty() {
            let kind = if matches!(metric.kind, Kind::Counter) { "counter" } else { "gauge" };
            let Metric { name, help, .. } = metric;
            let help = help.replace('\\', "\\\\").replace('\n', "\\n");
            let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{samples}");
        }
    }
    text
}

/// Writes the samples of one family in rows of `table`.
fn write_samples<'a>(text: &mut String, table: &Table, family: &str, rows: impl Iterator<Item = &'a Row>) {
    let Some(column) = table.metrics.iter().position(|metric| metric.name == family) else { return };
    for row in rows {
        let labels = table.label_names.iter().map(String::as_str).zip(row.labels.iter().map(String::as_str));
        match (&row.values[column], &table.metrics[column].kind) {
            (Value::Absent, _) => {}
            (Value::Number(value), _) => sample(text, family, labels, *value),
            (Value::State(holds), Kind::StateSet(set)) => {
                for (position, state) in set.states.iter().enumerate() {
                    let value = f64::from(holds.is_some_and(|holds| holds as usize == position));
                    let labels = labels.clone().chain([(set.label.as_str(), state.as_str())]);
                    sample(text, family, labels, value);
                }
            }
            (Value::State(_), _) => panic!("{family} is not a state-set but a row has a state for it"),
        }
    }
}

fn sample<'a>(text: &mut String, name: &str, labels: impl Iterator<Item = (&'a str, &'a str)>, value: f64) {
    let labels: Vec<_> = labels.map(|(label, value)| format!("{label}=\"{}\"", escape(value))).collect();
    let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
    let _ = writeln!(text, "{name}{labels} {}", number(value));
}

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Integers below 10^15 without a fraction, others as the shortest text that parses to the same float.
fn number(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() }
    } else if value.fract() == 0.0 && value.abs() < 1e15 {
        (value as i64).to_string()
    } else {
        // As Go, and so Prometheus, writes it: 1e+18.
        let text = format!("{value:?}");
        if text.contains("e-") { text } else { text.replace('e', "e+") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-5.0, "-5"),
            (999_999_999_999_999.0, "999999999999999"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (0.0046, "0.0046"),
            (1e-7, "1e-7"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn labels_are_escaped() {
        let mut text = String::new();
        sample(&mut text, "m", [("a", "x\\y\"z\nw"), ("b", "")].into_iter(), 1.0);
        assert_eq!(text, "m{a=\"x\\\\y\\\"z\\nw\",b=\"\"} 1\n");
    }

    #[test]
    fn no_labels_no_braces() {
        let mut text = String::new();
        sample(&mut text, "m", [].into_iter(), 1.0);
        assert_eq!(text, "m 1\n");
    }
}
