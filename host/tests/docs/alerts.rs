//! The documented alert rules in the real promtool, on what the exporter responds on good and bad days: each cause fires
//! one alert, and it names cluster and node.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::Command;
use std::time::Duration;

use harness::{Exposition, Optional, Setup};
use pve_exporter::reason::Reason;
use pve_sim::{Down, Fault, FaultBody, Rights, Spec};

use super::pages;

const PAGE: &str = "docs/alerts.md";

fn rules() -> String {
    pages::block(PAGE, "Alert rules", "yaml")
}

/// Runs promtool on files in a directory of its own; returns what it prints.
fn promtool(arguments: &[&str], files: &[(&str, &str)]) -> Result<String, String> {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    let output = Command::new("promtool").args(arguments).current_dir(directory.path()).output().unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    if output.status.success() { Ok(said) } else { Err(said) }
}

/// A unit test of promtool's: the exposition as constant series of the job `pve`, a sample every `step`, and expressions
/// with the samples that they must have `at` this time.
fn unit_test(exposition: &Exposition, step: &str, at: &str, expressions: &[(String, Vec<String>)]) -> String {
    let mut test = format!("rule_files: [rules.yml]\nevaluation_interval: {step}\ntests:\n- interval: {step}\n");
    test.push_str("  input_series:\n");
    let mut input = |name: &str, labels: &str, value: &str| {
        let labels = format!("job=\"pve\",instance=\"lab\",{labels}").replace('\'', "''");
        let _ = writeln!(test, "  - {{series: '{name}{{{labels}}}', values: '{value}+0x100'}}");
    };
    input("up", "", "1");
    for line in exposition.0.lines().filter(|line| line.starts_with("pve_")) {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.strip_suffix('}').and_then(|series| series.split_once('{')).unwrap_or((series, ""));
        input(name, labels, value);
    }
    test.push_str("  promql_expr_test:\n");
    for (expression, samples) in expressions {
        let _ = writeln!(test, "  - {{expr: '{}', eval_time: {at}, exp_samples: [", expression.replace('\'', "''"));
        for labels in samples {
            let _ = writeln!(test, "      {{labels: '{{{labels}}}', value: 1}},");
        }
        test.push_str("    ]}\n");
    }
    test
}

fn passes(test: &str) {
    if let Err(said) = promtool(&["test", "rules", "test.yml"], &[("rules.yml", &rules()), ("test.yml", test)]) {
        panic!("{said}");
    }
}

/// Exactly these alerts fire, each once: name, and the labels that tell node and collector.
fn fires(exposition: &Exposition, expected: &[(&str, &str)]) {
    let labels = |(name, labels): &(&str, &str)| format!("alertname=\"{name}\",instance=\"lab\"{labels}");
    let expression = "count by (alertname, instance, node, collector) (ALERTS{alertstate=\"firing\"})".to_owned();
    // After two days every alert fires, however long it waits.
    passes(&unit_test(exposition, "30m", "2d", &[(expression, expected.iter().map(labels).collect())]));
}

/// A cluster without a fault of its own: all guests run, are backed up and have healthy disks.
async fn healthy() -> Setup {
    let spec = Spec { nodes: 3, guests: 24, replication: 0, not_backed_up: 0, odd_names: false, ..Spec::default() };
    let setup = Setup::start(spec, &[]).await;
    // Its disks include failing ones, and its guests stopped ones that should start.
    for (path, body) in [("/nodes/{node}/disks/list", "[]"), ("/nodes/{node}/{type}/{vmid}/config", "{}")] {
        let body = Some(FaultBody::Raw(format!("{{\"data\":{body}}}")));
        setup.sim.fault(Fault { path: path.to_owned(), body, ..Fault::default() });
    }
    setup
}

#[test]
fn promtool_accepts_the_rules() {
    if Optional::Prometheus.program("promtool") {
        let said = promtool(&["check", "rules", "rules.yml"], &[("rules.yml", &rules())]).unwrap();
        assert!(said.contains("SUCCESS"), "{said}");
    }
}

#[test]
fn promtool_accepts_the_scrape_jobs() {
    if !Optional::Prometheus.program("promtool") {
        return;
    }
    let readme = pages::blocks("README.md", "Scrape with Prometheus", "yaml").concat();
    assert_eq!(readme.matches("job_name").count(), 2);
    for jobs in [readme, pages::block("docs/operations.md", "Several exporters", "yaml")] {
        let arguments = ["check", "config", "--syntax-only", "prometheus.yml"];
        let said = promtool(&arguments, &[("prometheus.yml", &jobs)]).unwrap();
        assert!(said.contains("SUCCESS"), "{said}");
        assert!(jobs.contains("nodes: [all]"), "a job on /pve covers the whole cluster");
    }
}

/// A reason that the exporter no longer reports would silence a rule.
#[test]
fn every_reason_in_the_rules_exists() {
    let rules = rules();
    let named = |matcher: &'static str| rules.split(matcher).skip(1).filter_map(|rest| Some(rest.split_once('"')?.0));
    let texts = ["reason=\"", "reason=~\"", "reason!~\""].into_iter().flat_map(named);
    let reasons: BTreeSet<&str> = texts.flat_map(|text| text.split('|')).collect();
    assert!(reasons.len() > 4, "{reasons:?}");
    for reason in reasons {
        assert!(Reason::ALL.iter().any(|known| known.as_str() == reason), "there is no reason {reason}");
    }
}

/// Who is paged must see how urgent it is, and which cluster it is about.
#[test]
fn every_rule_has_a_severity_and_names_the_cluster() {
    let rules = rules();
    let alerts: Vec<&str> = rules.split("- alert: ").skip(1).collect();
    assert!(alerts.len() > 15, "{}", alerts.len());
    for alert in alerts {
        let name = alert.lines().next().unwrap();
        let severity = alert.split_once("severity: ").and_then(|(_, rest)| rest.split_once('}')).map(|(word, _)| word);
        assert!(matches!(severity, Some("critical" | "warning" | "info")), "{name}: {severity:?}");
        assert!(alert.contains("summary: \"{{ $labels.instance }}: "), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_cluster_is_silent() {
    if Optional::Prometheus.program("promtool") {
        fires(&healthy().await.scrape().await, &[]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_is_down_fires_once() {
    if !Optional::Prometheus.program("promtool") {
        return;
    }
    let setup = healthy().await;
    for path in ["/cluster/status", "/cluster/resources"] {
        setup.sim.fault(Fault { path: path.to_owned(), status: Some(500), ..Fault::default() });
    }
    let exposition = setup.scrape().await;
    assert_eq!(exposition.value("pve_exporter_target_up"), Some(0.0));
    assert!(exposition.samples("pve_exporter_collector_failed_places").len() > 10);
    fires(&exposition, &[("ProxmoxClusterUnreachable", "")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_down_fires_once() {
    if !Optional::Prometheus.program("promtool") {
        return;
    }
    let setup = healthy().await;
    setup.sim.node_down("node02", Down::NoRoute).unwrap();
    // The simulated HA manager never recovers services, which is a cause of its own.
    let node = ",node=\"node02\"";
    fires(&setup.scrape().await, &[("ProxmoxHaRecoveryStuck", node), ("ProxmoxNodeOffline", node)]);
    setup.sim.node_up("node02").unwrap();
    // Several collectors fail for it.
    setup.sim.node_down_after("node03", Down::Stale, Duration::from_millis(100)).unwrap();
    let exposition = setup.scrape().await;
    assert!(exposition.samples("pve_exporter_collector_failed_places").len() > 3);
    fires(&exposition, &[("ProxmoxNodeNotResponding", ",node=\"node03\"")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_without_privileges_fires_once() {
    if !Optional::Prometheus.program("promtool") {
        return;
    }
    let setup = Setup::start(Spec { rights: Rights::None, guests: 24, ..Spec::default() }, &[]).await;
    let exposition = setup.scrape().await;
    assert!(exposition.samples("pve_exporter_collector_failed_places").len() > 4);
    fires(&exposition, &[("ProxmoxPermissionDenied", "")]);
}

/// Each graph has something to show.
#[tokio::test(flavor = "multi_thread")]
async fn every_query_returns_series() {
    if !Optional::Prometheus.program("promtool") {
        return;
    }
    let setup = Setup::start(Spec { nodes: 3, guests: 24, ..Spec::default() }, &[]).await;
    let exposition = setup.scrape().await;
    let rows = pages::under(PAGE, "Queries for graphs");
    let queries: BTreeSet<&str> = rows.iter().flat_map(|row| row.code(1)).collect();
    assert!(queries.len() > 8, "{queries:?}");
    let some = |query: &&str| (format!("count({query}) > bool 0"), vec![String::new()]);
    passes(&unit_test(&exposition, "1m", "10m", &queries.iter().map(some).collect::<Vec<_>>()));
}
