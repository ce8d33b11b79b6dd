//! Whether two expositions say the same: every sample of one stands in the other, with the same value.

use std::collections::HashMap;

use anyhow::{Context as _, Result};

/// What a comparison came to.
pub(crate) struct Comparison {
    /// Series of the first.
    pub(crate) series: usize,
    /// Of those, the ones the second has not.
    pub(crate) missing: Vec<String>,
    /// And the ones with another value there.
    pub(crate) different: Vec<String>,
}

impl Comparison {
    /// Looks for the samples of `wanted` in `given`. Order and layout are free, as they are for Prometheus.
    pub(crate) fn of(wanted: &str, given: &str) -> Result<Self> {
        let (wanted, given) = (samples(wanted)?, samples(given)?);
        let mut comparison = Self { series: wanted.len(), missing: Vec::new(), different: Vec::new() };
        for (series, value) in wanted {
            match given.get(&series) {
                None => comparison.missing.push(series),
                #[expect(clippy::float_cmp, reason = "the same number from the same answer")]
                Some(other) if *other != value && !(other.is_nan() && value.is_nan()) => {
                    comparison.different.push(format!("{series} {value} {other}"));
                }
                Some(_) => {}
            }
        }
        Ok(comparison)
    }
}

/// Value by series; the labels of a series in order of their names. What the client library adds about the Python process
/// is no series of a cluster, but /pve has none of it.
fn samples(text: &str) -> Result<HashMap<String, f64>> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').context("a line without a value")?;
            let value = value.parse().with_context(|| format!("no number: {line}"))?;
            Ok((ordered(series), value))
        })
        .collect()
}

fn ordered(series: &str) -> String {
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
