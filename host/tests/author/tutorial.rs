//! The tutorial's commands, in order, from an empty folder to series in the real Prometheus.

use std::process::{Command, Stdio};

use harness::{Exporter, Prometheus, binary, configure, isolate, repository};
use pve_sim::{Sim, Spec};

use super::projects::build;
use super::support::Bench;

/// The document's code blocks in a language.
fn blocks(document: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    document.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// The reader waits for the next scrape, and so does the test: a minute at most.
fn waited_for(query: &str) -> String {
    format!("tries=0\nuntil {query} | grep pve_; do tries=$((tries + 1)); [ $tries -lt 60 ]; sleep 1; done\n")
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "the tutorial's steps in order")]
async fn its_commands_work_from_an_empty_folder() {
    let document = std::fs::read_to_string(repository().join("docs/collectors/tutorial.md")).unwrap();
    let bench = Bench::new();
    let sdk = repository().join("guests/sdk");
    // A project apart shows whether the wasm target and the crates are available.
    assert_eq!(bench.run(&["new", "probe", "--sdk", sdk.to_str().unwrap()]).status, 0);
    if !build(&bench, "probe") {
        return;
    }
    let target = repository().join("target/author-rust");
    let prometheus_is_there = Prometheus::is_installed();
    let mut script = String::from("set -eu\n");
    for block in blocks(&document, "sh") {
        if !block.starts_with("promtool query ") {
            script.push_str(&block);
        } else if prometheus_is_there {
            script.push_str(&waited_for(block.trim_end()));
        }
    }
    // The crate is not published yet; the rest is verbatim.
    let script =
        script.replace("collector new pool-space", &format!("collector new pool-space --sdk {}", sdk.display()));
    let source = blocks(&document, "rust").into_iter().next().unwrap();
    bench.write("lib.rs", source);
    let collectors = bench.path("collectors");
    std::fs::create_dir(&collectors).unwrap();
    let sim = Sim::start(Spec { nodes: 2, guests: 4, ..Spec::default() }).await.unwrap();
    let config = configure(&sim, bench.directory.path());
    let exporter = Exporter::start(&config, &["--collectors.directory", collectors.to_str().unwrap()]);
    let address = exporter.address.to_string();
    let prometheus = prometheus_is_there.then(|| {
        let config = blocks(&document, "yaml").into_iter().find(|block| block.starts_with("scrape_configs:")).unwrap();
        Prometheus::start(&config.replace("localhost:9221", &address))
    });
    let lock = repository().join("Cargo.lock");
    let script = script
        .replace(
            "cd pool-space\n",
            &format!(
                "cd pool-space\ncp {} .\nln -s {} target\ncp ../lib.rs src/lib.rs\n",
                lock.display(),
                target.display()
            ),
        )
        .replace("cargo ", "cargo --offline ")
        .replace("/etc/pve-exporter/collectors", collectors.to_str().unwrap())
        .replace("localhost:9221", &address)
        .replace(
            "localhost:9090",
            &prometheus.as_ref().map_or_else(String::new, |prometheus| prometheus.address.to_string()),
        );
    let path = format!("{}:{}", binary().parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("sh");
    isolate(&mut command)
        .arg("-c")
        .arg(&script)
        .env("PATH", path)
        .current_dir(bench.directory.path())
        .stdin(Stdio::null());
    // Off the runtime's threads: the simulated cluster must answer in the meantime.
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
    assert!(output.status.success(), "{script}\n{said}");
    assert!(said.contains("all as expected") && said.contains("0 errors, 0 warnings"), "{said}");
    assert!(bench.path("collectors/pool-space.yml").exists(), "{said}");
    // The last exposition is the one from `curl`: `collector test` printed a fixture's before.
    let (_, served) = said.rsplit_once("# TYPE pve_pool_space_free_bytes gauge\n").unwrap();
    // promtool writes a series as `name{…} => value @[time]`.
    let (stored, served): (Vec<&str>, Vec<&str>) = served
        .lines()
        .filter(|line| line.starts_with("pve_pool_space_free_bytes{"))
        .partition(|line| line.contains(" => "));
    assert!(!served.is_empty(), "{said}");
    assert_eq!(stored.len(), if prometheus_is_there { served.len() } else { 0 }, "{said}");
}
