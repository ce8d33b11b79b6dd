//! The command line, which accepts what argparse accepts.

use std::path::Path;
use std::time::Duration;

use pve_exporter::config::{Config, Flags, LogFormat, LogLevel};

const BUILTINS: [&str; 4] = ["status", "node", "node-status", "resources"];

fn parse(arguments: &[&str]) -> Result<Flags, String> {
    let arguments = std::iter::once("pve-exporter").chain(arguments.iter().copied());
    Flags::parse_args(arguments, &BUILTINS).map_err(|error| error.to_string())
}

fn addresses(arguments: &[&str]) -> Vec<String> {
    parse(arguments).unwrap().web.listen_addresses.iter().map(ToString::to_string).collect()
}

#[test]
fn the_grammar_is_consistent() {
    Flags::command(&BUILTINS).debug_assert();
}

#[test]
fn defaults() {
    let flags = parse(&[]).unwrap();
    assert_eq!(flags.config_file, Path::new("/etc/prometheus/pve.yml"));
    assert_eq!(addresses(&[]), ["[::]:9221"]);
    assert_eq!((flags.log_level, flags.log_format), (LogLevel::Info, LogFormat::Logfmt));
    assert_eq!((flags.api_max_concurrent, flags.api_max_concurrent_per_node, flags.api_max_body), (16, 3, 32 << 20));
    assert_eq!(flags.timeout_offset, Duration::from_millis(500));
    assert!(flags.sandbox_max_instances >= 4);
    assert!(flags.collectors.is_empty() && flags.collectors_directories.is_empty());
}

#[test]
fn addresses_in_every_spelling() {
    assert_eq!(addresses(&["--web.listen-address=:9000"]), ["[::]:9000"]);
    assert_eq!(
        addresses(&["--web.listen-address", "127.0.0.1:0", "--web.listen-address", "[::1]:1"]),
        ["127.0.0.1:0", "[::1]:1"]
    );
    for bad in ["9221", "::1:9221", "[::1]", "host:port", "[host]:1", "http://a:1", ":99999"] {
        let text = parse(&["--web.listen-address", bad]).unwrap_err();
        assert!(text.contains("write host:port, [address]:port or :port"), "{bad}: {text}");
    }
}

#[test]
fn collectors_are_switched_and_the_last_word_counts() {
    let flags = parse(&["--no-collector.status", "--collector.node", "--no-collector.node-status"]).unwrap();
    assert!(
        !flags.collector("status", true) && flags.collector("node", false) && !flags.collector("node-status", true)
    );
    assert!(flags.collector("resources", true) && !flags.collector("resources", false));
    let flags = parse(&["--no-collector.status", "--collector.status", "--collector.status"]).unwrap();
    assert_eq!(flags.collectors.get("status"), Some(&true));
    let flags = parse(&["--collector.status", "--no-collector.status"]).unwrap();
    assert_eq!(flags.collectors.get("status"), Some(&false));
    assert!(parse(&["--collector.stauts"]).unwrap_err().contains("--collector.status"));
}

#[test]
fn beginnings_are_enough_and_the_last_value_counts() {
    let flags = parse(&["--config.f=a.yml", "--config.file", "b.yml", "--no-collector.r"]).unwrap();
    assert_eq!(flags.config_file, Path::new("b.yml"));
    assert_eq!(flags.collectors.get("resources"), Some(&false));
    assert!(parse(&["--config", "a.yml"]).is_err(), "--config.file or --config.check");
}

#[test]
fn sizes_and_counts() {
    for (text, bytes) in [("33554432", 32 << 20), ("1MiB", 1 << 20), ("512k", 512 << 10), ("1 GB", 1 << 30)] {
        assert_eq!(parse(&["--api.max-body", text]).unwrap().api_max_body, bytes, "{text}");
    }
    for bad in ["0", "12", "-1", "MiB", "1TiB", "99999999999GiB"] {
        assert!(parse(&[&format!("--api.max-body={bad}")]).is_err(), "{bad}");
    }
    assert!(parse(&["--api.max-concurrent=0"]).is_err());
    assert!(parse(&["--web.timeout-offset=-1"]).is_err());
    assert!(parse(&["--web.timeout-offset=NaN"]).is_err());
}

#[test]
fn key_and_certificate_belong_together() {
    assert!(parse(&["--server.keyfile", "k"]).unwrap_err().contains("--server.certfile"));
    assert!(parse(&["--server.keyfile", "k", "--server.certfile", "c"]).is_ok());
}

#[test]
fn levels_and_version() {
    assert_eq!(parse(&["--log.level=DEBUG", "--log.format=json"]).unwrap().log_level, LogLevel::Debug);
    assert!(parse(&["--log.level=loud"]).unwrap_err().contains("possible values: debug, info, warn, error"));
    assert!(parse(&["--version"]).unwrap_err().starts_with("pve-exporter "));
}

#[test]
fn contradictions_are_reported() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let environment = [("PVE_USER", "p@pve"), ("PVE_PASSWORD", "sesame")].into_iter().collect();
    let config = Config::load(file.path(), &environment).unwrap();
    let notices = |arguments: &[&str]| -> Vec<String> {
        parse(arguments).unwrap().contradictions(&config, &BUILTINS).iter().map(ToString::to_string).collect()
    };
    assert_eq!(notices(&[]), [""; 0]);
    assert_eq!(notices(&["--config.file", "pve.yml"]), ["--config.file is not read, because PVE_USER is set"]);
    let offset = "--web.timeout-offset is 20 s, which leaves no time of a scrape timeout of 10 s, Prometheus's default";
    assert_eq!(notices(&["--web.timeout-offset=20"]), [offset]);
    let off: Vec<String> = BUILTINS.iter().map(|name| format!("--no-collector.{name}")).collect();
    let off: Vec<&str> = off.iter().map(String::as_str).collect();
    assert_eq!(notices(&off), ["all collectors are disabled: scrapes collect nothing"]);
    let setting = ["--no-collector.resources", "--collectors.setting=resources.deprecated=0"];
    assert_eq!(notices(&setting), ["--collectors.setting resources: the collector is disabled"]);
}

#[test]
fn the_peers_switches_are_accepted_and_not_shown() {
    assert!(parse(&["--collector.pve-api-metrics", "--no-collector.target-metrics"]).is_ok());
    let help = parse(&["--help"]).unwrap_err();
    assert!(help.contains("--collector.status") && !help.contains("pve-api-metrics"), "{help}");
}
