//! The naming rules of Prometheus's linter, `promtool check metrics`, and some of our own.
//!
//! promtool needs an exposition. These lints read the manifest, so they find a name before it has a sample. The messages
//! are promtool's, so that they can be looked up. Rules that a manifest can't break (no help text, a counter without
//! `_total`) are errors of the contract and not repeated here.

use crate::schema::{Family, Kind};

const UNITS: &[(&str, &str)] = &[
    ("minutes", "seconds"),
    ("hours", "seconds"),
    ("days", "seconds"),
    ("weeks", "seconds"),
    ("kelvins", "kelvin"),
    ("fahrenheit", "celsius"),
    ("rankine", "celsius"),
    ("inches", "meters"),
    ("yards", "meters"),
    ("miles", "meters"),
    ("bits", "bytes"),
    ("calories", "joules"),
    ("pounds", "grams"),
    ("ounces", "grams"),
];

/// Units that are right on their own and wrong after a prefix: `kilobytes`.
const BASE_UNITS: &[&str] =
    &["amperes", "bytes", "celsius", "grams", "joules", "kelvin", "meters", "metres", "moles", "seconds", "volts"];

const PREFIXES: &[&str] = &[
    "pico", "nano", "micro", "milli", "centi", "deci", "deca", "hecto", "kilo", "kibi", "mega", "mibi", "giga", "gibi",
    "tera", "tebi", "peta", "pebi",
];

const ABBREVIATIONS: &[&str] = &["s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "pb", "m", "h", "d"];

/// Last words of names that lack a unit, and the unit they need.
const MEASURED: &[(&[&str], &str)] = &[
    (
        &["used", "free", "size", "avail", "available", "allocated", "capacity", "memory", "mem", "swap", "space"],
        "bytes",
    ),
    (&["uptime", "age", "duration", "latency", "timeout", "time"], "seconds"),
    (&["usage", "utilization", "fraction", "percentage"], "ratio"),
];

/// What is wrong with a family's names, one sentence each.
pub(super) fn lints(family: &Family) -> Vec<String> {
    const BOTH: &str = "non-histogram and non-summary";
    let Family { name, kind, label_names, .. } = family;
    let mut found = Vec::new();
    if *kind != Kind::Counter && name.ends_with("_total") {
        found.push("non-counter metrics should not have \"_total\" suffix".to_owned());
    }
    for (suffix, kinds) in [("_bucket", "non-histogram"), ("_count", BOTH), ("_sum", BOTH)] {
        if name.ends_with(suffix) {
            found.push(format!("{kinds} metrics should not have \"{suffix}\" suffix"));
        }
    }
    for label in label_names {
        for (reserved, kinds) in [("le", "non-histogram"), ("quantile", "non-summary")] {
            if label == reserved {
                found.push(format!("{kinds} metrics should not have \"{label}\" label"));
            }
        }
        if is_camel_case(label) {
            found.push(format!("label names should be written in 'snake_case' not 'camelCase': {label}"));
        }
    }
    found.extend(unit(name));
    let lower = name.to_ascii_lowercase();
    let part = |part: &str| lower.ends_with(&format!("_{part}")) || lower.contains(&format!("_{part}_"));
    if ABBREVIATIONS.iter().any(|unit| part(unit)) {
        found.push("metric names should not contain abbreviated units".to_owned());
    }
    for kind in ["counter", "gauge", "histogram", "summary"] {
        if part(kind) {
            found.push(format!("metric name should not include type '{kind}'"));
        }
    }
    if is_camel_case(name) {
        found.push("metric names should be written in 'snake_case' not 'camelCase'".to_owned());
    }
    found.extend(ours(family));
    found
}

/// Our own rules: they make the metrics of many collectors alike.
fn ours(Family { name, kind, label_names, .. }: &Family) -> Vec<String> {
    let mut found = Vec::new();
    if !name.starts_with("pve_") {
        found.push("metric names should begin with \"pve_\"".to_owned());
    }
    if name.ends_with("_percent") {
        found.push("use a ratio from 0 to 1 (\"_ratio\") instead of a percentage".to_owned());
    }
    if matches!(kind, Kind::Gauge | Kind::Counter) {
        let last = name.trim_end_matches("_total").rsplit('_').next().unwrap_or_default();
        // An abbreviated unit is reported already.
        let abbreviated = name.split('_').any(|part| ABBREVIATIONS.contains(&part));
        if let Some((_, unit)) = MEASURED.iter().find(|(words, _)| !abbreviated && words.contains(&last)) {
            found.push(format!("metric names should end in a base unit, such as \"_{unit}\""));
        }
    }
    if *kind != Kind::Info && name.ends_with("_info") {
        found.push("only info metrics should have \"_info\" suffix".to_owned());
    }
    for label in ["job", "instance"].iter().filter(|label| label_names.iter().any(|name| name == **label)) {
        found.push(format!("Prometheus sets the label \"{label}\" and renames this one to exported_{label}"));
    }
    found
}

/// The first unit in the name decides.
fn unit(name: &str) -> Option<String> {
    let (unit, base) = name.split('_').find_map(|part| {
        let known = |word: &str| {
            let other = UNITS.iter().find(|(unit, _)| *unit == word).map(|(_, base)| *base);
            other.or_else(|| BASE_UNITS.iter().find(|base| **base == word).copied())
        };
        known(part)
            .or_else(|| PREFIXES.iter().find_map(|prefix| known(part.strip_prefix(prefix)?)))
            .map(|base| (part, base))
    })?;
    (unit != base).then(|| format!("use base unit \"{base}\" instead of \"{unit}\""))
}

fn is_camel_case(name: &str) -> bool {
    name.as_bytes().windows(2).any(|pair| matches!(pair, [a, b] if a.is_ascii_lowercase() && b.is_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, kind: Kind, labels: &[&str]) -> Vec<String> {
        let label_names = labels.iter().map(|label| (*label).to_owned()).collect();
        lints(&Family::new(name, "Help.", kind, label_names))
    }

    #[test]
    fn good_names_pass() {
        for name in ["pve_zfs_pool_size_bytes", "pve_up", "pve_load1", "pve_cpu_usage_ratio", "pve_uptime_seconds"] {
            assert_eq!(of(name, Kind::Gauge, &["node", "id"]), Vec::<String>::new(), "{name}");
        }
        assert_eq!(of("pve_read_bytes_total", Kind::Counter, &[]), Vec::<String>::new());
        assert_eq!(of("pve_disk_usage", Kind::StateSet { label: "state".to_owned() }, &[]), Vec::<String>::new());
    }

    #[test]
    fn each_lint_is_found() {
        for (name, labels, words) in [
            ("pve_backups_total", &[][..], "should not have \"_total\" suffix"),
            ("pve_guest_count", &[], "\"_count\" suffix"),
            ("pve_age_days", &[], "use base unit \"seconds\" instead of \"days\""),
            ("pve_size_kilobytes", &[], "use base unit \"bytes\" instead of \"kilobytes\""),
            ("pve_latency_ms", &[], "abbreviated units"),
            ("pve_mb_free", &[], "abbreviated units"),
            ("pve_size_gauge", &[], "should not include type 'gauge'"),
            ("pve_poolSize", &[], "'snake_case' not 'camelCase'"),
            ("pve_x", &["poolName"], "label names should be written in 'snake_case'"),
            ("pve_x", &["le"], "\"le\" label"),
            ("pve_fill_percent", &[], "use a ratio"),
            ("pve_pool_used", &[], "should end in a base unit, such as \"_bytes\""),
            ("zfs_size_bytes", &[], "should begin with \"pve_\""),
            ("pve_x", &["instance"], "exported_instance"),
            ("pve_x_info", &[], "\"_info\" suffix"),
        ] {
            let found = of(name, Kind::Gauge, labels);
            assert!(found.len() == 1 && found[0].contains(words), "{name}: {found:?}");
        }
    }

    /// Names with every word that a rule knows, and with some that only look like one. One unit per name: of two, promtool
    /// reports either, since Go's maps have no order.
    fn names() -> Vec<(String, Kind)> {
        let mut words: Vec<String> = UNITS.iter().map(|(unit, _)| (*unit).to_owned()).collect();
        words.extend(BASE_UNITS.iter().chain(ABBREVIATIONS).map(|word| (*word).to_owned()));
        words.extend(PREFIXES.iter().flat_map(|prefix| [format!("{prefix}bytes"), format!("{prefix}seconds")]));
        let others = "counter gauge histogram summary bucket count sum total info ratio percent kb Gb second byte hz day \
                      fullName Full celsiuses megabits kibibits millijoules";
        words.extend(others.split_whitespace().map(str::to_owned));
        let around = |word: &String| {
            [
                (format!("pve_{word}"), Kind::Gauge),
                (format!("pve_x_{word}"), Kind::Gauge),
                (format!("pve_{word}_x"), Kind::Gauge),
                (format!("pve_x_{word}_total"), Kind::Counter),
            ]
        };
        words.iter().flat_map(around).collect()
    }

    #[test]
    fn promtool_finds_the_same() {
        use std::collections::{BTreeMap, BTreeSet};
        use std::io::Write as _;
        use std::process::{Command, Stdio};

        if !harness::Optional::Prometheus.program("promtool") {
            return;
        }
        let mut command = Command::new("promtool");
        command.args(["check", "metrics"]).stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut promtool = command.spawn().unwrap();
        let mut families: BTreeMap<String, Family> = BTreeMap::new();
        for (name, kind) in names() {
            families.insert(name.clone(), Family::new(&name, "Help.", kind, vec!["node".to_owned()]));
        }
        for label in ["le", "quantile", "poolName", "Pool", "pool_name"] {
            let name = format!("pve_with_{}_label", label.to_ascii_lowercase());
            families.insert(name.clone(), Family::new(&name, "Help.", Kind::Gauge, vec![label.to_owned()]));
        }
        let mut exposition = String::new();
        for (name, family) in &families {
            let kind = if family.kind == Kind::Counter { "counter" } else { "gauge" };
            let label = &family.label_names[0];
            exposition += &format!("# HELP {name} Help.\n# TYPE {name} {kind}\n{name}{{{label}=\"1\"}} 1\n");
        }
        let mut stdin = promtool.stdin.take().unwrap();
        // On a thread: promtool's findings may fill their pipe before it has read everything.
        let writer = std::thread::spawn(move || stdin.write_all(exposition.as_bytes()).unwrap());
        let output = promtool.wait_with_output().unwrap();
        writer.join().unwrap();
        let mut theirs: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        let findings = String::from_utf8(output.stderr).unwrap();
        for (name, finding) in findings.lines().filter_map(|line| line.split_once(' ')) {
            theirs.entry(name).or_default().insert(finding.to_owned());
        }
        assert!(theirs.len() > 100, "{findings}");
        let mut different = Vec::new();
        for (name, family) in &families {
            let added = ours(family);
            // promtool does not name the label.
            let label = format!(": {}", family.label_names[0]);
            let found = lints(family).into_iter().filter(|finding| !added.contains(finding));
            let found: BTreeSet<String> = found.map(|finding| finding.trim_end_matches(&label).to_owned()).collect();
            let theirs = theirs.remove(name.as_str()).unwrap_or_default();
            if found != theirs {
                different.push(format!("{name}: {found:?}, promtool {theirs:?}"));
            }
        }
        assert!(different.is_empty(), "{}", different.join("\n"));
        assert!(theirs.is_empty(), "{theirs:?}");
    }
}
