//! Expositions, parsed by prometheus_client, and how two of them differ.

use std::collections::BTreeMap;
use std::fmt;
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::json;

use super::peer;

type Labels = BTreeMap<String, String>;

/// A family's TYPE and HELP.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Family {
    pub(crate) kind: String,
    pub(crate) help: String,
}

/// A series: its name and labels.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) labels: Labels,
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:?}", self.name, self.labels)
    }
}

/// A parsed exposition.
#[derive(Debug, Default)]
pub(crate) struct Exposition {
    pub(crate) families: BTreeMap<String, Family>,
    pub(crate) samples: BTreeMap<Series, f64>,
}

/// A difference between ours and the peer's.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Difference {
    /// Only the peer has this sample.
    Missing(Series),
    /// The values differ: the peer's and ours.
    Value(Series, f64, f64),
    /// Only ours has this sample, although the family is one of the peer's.
    Extra(Series),
    /// HELP or TYPE differ: the peer's and ours.
    Family(String, String, String),
}

#[derive(Deserialize)]
struct Parsed {
    #[serde(default)]
    families: Vec<ParsedFamily>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct ParsedFamily {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    help: String,
    samples: Vec<(String, Labels, String)>,
}

/// Parses pairs of a format (`text` or `openmetrics`) and an exposition. Errors are the parser's.
pub(crate) fn parse(expositions: &[(&str, &str)]) -> Vec<Result<Exposition, String>> {
    let directory = tempfile::tempdir().unwrap();
    let [source, target] = ["in", "out"].map(|name| directory.path().join(name));
    let cases: Vec<_> =
        expositions.iter().map(|(format, text)| json!({ "format": format, "exposition": text })).collect();
    std::fs::write(&source, serde_json::to_vec(&cases).unwrap()).unwrap();
    let output = Command::new(peer::program("python"))
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/drop_in/parse.py"))
        .args([&source, &target])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let parsed: Vec<Parsed> = serde_json::from_slice(&std::fs::read(&target).unwrap()).unwrap();
    parsed
        .into_iter()
        .map(|parsed| match parsed.error {
            Some(error) => Err(error),
            None => Exposition::from(parsed.families),
        })
        .collect()
}

impl Exposition {
    /// Fails if a family or a series appears twice.
    fn from(families: Vec<ParsedFamily>) -> Result<Self, String> {
        let mut exposition = Self::default();
        for family in families {
            let lines = Family { kind: family.kind, help: family.help };
            if exposition.families.insert(family.name.clone(), lines).is_some() {
                return Err(format!("the family {} stands twice", family.name));
            }
            for (name, labels, value) in family.samples {
                let series = Series { name, labels };
                if exposition.samples.insert(series.clone(), value.parse().unwrap()).is_some() {
                    return Err(format!("{series} stands twice"));
                }
            }
        }
        Ok(exposition)
    }

    /// How `self`, which is ours, differs from the peer's in `names`, the peer's families. Families without a sample may be
    /// missing.
    pub(crate) fn differences(&self, peer: &Self, names: &[&str]) -> Vec<Difference> {
        let mut differences = Vec::new();
        for (series, &value) in &peer.samples {
            match self.samples.get(series) {
                None => differences.push(Difference::Missing(series.clone())),
                Some(&ours) if ours == value || (ours.is_nan() && value.is_nan()) => {}
                Some(&ours) => differences.push(Difference::Value(series.clone(), value, ours)),
            }
        }
        let extra = |series: &&Series| names.contains(&&*series.name) && !peer.samples.contains_key(*series);
        differences.extend(self.samples.keys().filter(extra).cloned().map(Difference::Extra));
        for (name, lines) in &peer.families {
            if let Some(ours) = self.families.get(name).filter(|ours| *ours != lines) {
                differences.push(Difference::Family(name.clone(), format!("{lines:?}"), format!("{ours:?}")));
            }
        }
        differences
    }

    /// The number of samples with a name.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.samples.keys().filter(|series| series.name == name).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exposition(samples: &[(&str, &str, f64)]) -> Exposition {
        let mut exposition = Exposition::default();
        for &(name, id, value) in samples {
            let labels = Labels::from([("id".to_owned(), id.to_owned())]);
            exposition.samples.insert(Series { name: name.to_owned(), labels }, value);
            let lines = Family { kind: "gauge".to_owned(), help: name.to_owned() };
            exposition.families.insert(name.to_owned(), lines);
        }
        exposition
    }

    #[test]
    fn nothing_that_differs_goes_unnoticed() {
        let peer = exposition(&[("a", "1", 1.0), ("a", "2", 2.0), ("a", "3", f64::NAN), ("b", "1", 0.0)]);
        let mut ours =
            exposition(&[("a", "1", 1.5), ("a", "3", f64::NAN), ("a", "4", 1.0), ("b", "1", 0.0), ("c", "1", 1.0)]);
        ours.families.get_mut("b").unwrap().kind = "counter".to_owned();
        let series =
            |id: &str| Series { name: "a".to_owned(), labels: Labels::from([("id".to_owned(), id.to_owned())]) };
        let differences = ours.differences(&peer, &["a", "b"]);
        assert_eq!(differences.len(), 4, "{differences:?}");
        assert_eq!(differences[0], Difference::Value(series("1"), 1.0, 1.5));
        assert_eq!(differences[1], Difference::Missing(series("2")));
        assert_eq!(differences[2], Difference::Extra(series("4")));
        assert!(matches!(&differences[3], Difference::Family(name, ..) if name == "b"));
        assert!(peer.differences(&peer, &["a", "b"]).is_empty());
    }
}
