//! Compares the samples of two expositions.

use std::collections::HashMap;

use anyhow::{Context as _, Result};

pub(crate) struct Comparison {
    /// Number of expected series.
    pub(crate) series: usize,
    /// Expected series that are missing.
    pub(crate) missing: Vec<String>,
    /// Expected series with a different value.
    pub(crate) different: Vec<String>,
}

impl Comparison {
    /// Looks for the samples of `expected` in `actual`, in any order.
    pub(crate) fn of(expected: &str, actual: &str) -> Result<Self> {
        let (expected, actual) = (samples(expected)?, samples(actual)?);
        let mut comparison = Self { series: expected.len(), missing: Vec::new(), different: Vec::new() };
        for (series, value) in expected {
            match actual.get(&series) {
                None => comparison.missing.push(series),
                #[expect(clippy::float_cmp, reason = "both parse the same response")]
                Some(other) if *other != value && !(other.is_nan() && value.is_nan()) => {
                    comparison.different.push(format!("{series} {value} {other}"));
                }
                Some(_) => {}
            }
        }
        Ok(comparison)
    }
}

/// Values by series, with the labels of each series sorted by name.
fn samples(text: &str) -> Result<HashMap<String, f64>> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').context("line without a value")?;
            let value = value.parse().with_context(|| format!("invalid value: {line}"))?;
            Ok((sort_labels(series), value))
        })
        .collect()
}

fn sort_labels(series: &str) -> String {
    let Some((name, block)) = series.strip_suffix('}').and_then(|series| series.split_once('{')) else {
        return series.to_owned();
    };
    let mut labels = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (at, byte) in block.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => {
                labels.extend(block.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    labels.extend(block.get(start..).filter(|rest| !rest.is_empty()));
    labels.sort_unstable();
    format!("{name}{{{}}}", labels.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_does_not_matter_and_values_do() {
        let comparison =
            Comparison::of("a{x=\"1\",y=\"p,q\"} 1\nb 2.0\nc 3\n", "b 2\na{y=\"p,q\",x=\"1\"} 4\n").unwrap();
        assert_eq!((comparison.series, comparison.missing), (3, vec!["c".to_owned()]));
        assert_eq!(comparison.different, ["a{x=\"1\",y=\"p,q\"} 1 4"]);
    }
}
