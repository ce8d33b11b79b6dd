//! Label values survive strict parsers of both formats unchanged, whatever they contain: quotes, backslashes, line feeds,
//! any Unicode.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::any;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use pve_exporter::exposition::{Encoder, Format, Type, push_label};

use super::exposition::{Exposition, Series, parse};
use super::peer;

const CASES: usize = 2000;

/// Every pair of characters that have a meaning in one of the formats.
fn known() -> Vec<String> {
    let special =
        ["\"", "\\", "\n", "n", "\r", "\t", " ", "{", "}", ",", "=", "#", " # ", "\u{2028}", "\u{85}", "\0", "🦀", ""];
    let pairs = special.iter().flat_map(|first| special.iter().map(move |second| format!("{first}{second}")));
    pairs
        .chain(["\\\\\"\\n".to_owned(), "# EOF\n".to_owned(), "a\u{301}\u{202e}\u{feff}\u{10ffff}".to_owned()])
        .collect()
}

/// Random values: half of them any text, half only characters with a meaning. The seed is fixed.
fn random() -> Vec<String> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[4; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let special =
        vec(proptest::sample::select(vec!['"', '\\', '\n', '\r', 'n', ' ', '}', '{', ',', '=', '#', 'ü']), 0..12)
            .prop_map(|characters| characters.into_iter().collect::<String>());
    let any = vec(any::<char>(), 0..24).prop_map(|characters| characters.into_iter().collect::<String>());
    let either = proptest::prop_oneof![any, special];
    (0..CASES).map(|_| either.new_tree(&mut runner).unwrap().current()).collect()
}

/// An exposition with two label values and a help text, for both ways to write a label.
fn encode(format: Format, values: &[String]) -> String {
    let mut encoder = Encoder::new(format, 0);
    for (number, pair) in values.windows(2).enumerate() {
        let mut labels = String::new();
        push_label(&mut labels, "number", &number.to_string());
        push_label(&mut labels, "first", &pair[0]);
        if number == 0 {
            encoder.family("a", "Help with \"quotes\", a \\ and a line\nfeed", Type::Gauge);
        }
        encoder.sample_with("a", &labels, ("second", &pair[1]), 1.0);
    }
    String::from_utf8(encoder.finish()).unwrap()
}

fn expected(values: &[String]) -> impl Iterator<Item = Series> {
    values.windows(2).enumerate().map(|(number, pair)| {
        let labels = [("number", &number.to_string()), ("first", &pair[0]), ("second", &pair[1])];
        let labels: BTreeMap<_, _> = labels.map(|(name, value)| (name.to_owned(), value.clone())).into();
        Series { name: "a".to_owned(), labels }
    })
}

fn check(form: &str, read: &Exposition, values: &[String]) {
    let mut compared = 0;
    for series in expected(values) {
        assert_eq!(read.samples.get(&series), Some(&1.0), "{form}: {series} did not come back");
        compared += 1;
    }
    assert_eq!(read.samples.len(), compared, "{form}");
    assert_eq!(read.families["a"].help, "Help with \"quotes\", a \\ and a line\nfeed", "{form}");
}

#[test]
fn label_values_come_back() {
    if !peer::available() {
        return;
    }
    let values = [known(), random()].concat();
    let [text, open] = [Format::Text, Format::OpenMetrics].map(|format| encode(format, &values));
    let parsed = parse(&[("text", &text), ("openmetrics", &open)]);
    for (form, read) in ["text", "openmetrics"].into_iter().zip(parsed) {
        check(form, &read.unwrap_or_else(|error| panic!("{form}: {error}")), &values);
    }
}
