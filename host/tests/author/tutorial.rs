//! The tutorial's commands, in order, from an empty folder to series in the real Prometheus.

use std::path::Path;
use std::process::{Command, Stdio};

use pve_sim::{Sim, Spec};

use super::projects::build;
use super::servers::{self, Exporter, Prometheus};
use super::support::{Bench, root};

/// Blocks of the document in this language.
fn blocks(document: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    document.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// What a reader waits for, a scrape, the test waits for too: a minute at most.
fn waited_for(query: &str) -> String {
    format!("tries=0\nuntil {query} | grep pve_; do tries=$((tries + 1)); [ $tries -lt 60 ]; sleep 1; done\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn its_commands_work_from_an_empty_folder() {
    let document = std::fs::read_to_string(root().join("docs/collectors/tutorial.md")).unwrap();
    let bench = Bench::new();
    let sdk = root().join("guests/sdk");
    // Whether the target is there, and the registry's crates with it, is found out on a project of its own.
    assert_eq!(bench.run(&["new", "probe", "--sdk", sdk.to_str().unwrap()]).status, 0);
    if !build(&bench, "probe") {
        return;
    }
    let target = root().join("target/author-rust");
    let prometheus_is_there = servers::prometheus_is_there();
    let mut script = String::from("set -eu\n");
    for block in blocks(&document, "sh") {
        if !block.starts_with("promtool query ") {
            script.push_str(&block);
        } else if prometheus_is_there {
            script.push_str(&waited_for(block.trim_end()));
        }
    }
    // The crate is not published from here; the rest is as it is written.
    let script =
        script.replace("collector new pool-space", &format!("collector new pool-space --sdk {}", sdk.display()));
    let source = blocks(&document, "rust").into_iter().next().unwrap();
    bench.write("lib.rs", source);
    let collectors = bench.path("collectors");
    std::fs::create_dir(&collectors).unwrap();
    let sim = Sim::start(Spec { nodes: 2, guests: 4, ..Spec::default() }).await.unwrap();
    let exporter = Exporter::start(&bench, &sim, &collectors);
    let prometheus = prometheus_is_there.then(|| {
        let config = blocks(&document, "yaml").into_iter().find(|block| block.starts_with("scrape_configs:")).unwrap();
        Prometheus::start(&bench, &config.replace("localhost:9221", &exporter.address))
    });
    let lock = root().join("Cargo.lock");
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
        .replace("localhost:9221", &exporter.address)
        .replace("localhost:9090", prometheus.as_ref().map_or("", |prometheus| &prometheus.address));
    let binary = Path::new(env!("CARGO_BIN_EXE_pve-exporter")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(&script)
        .env("PATH", path)
        .env("CACHE_DIRECTORY", root().join("target/author-cache"))
        .current_dir(bench.directory.path())
        .stdin(Stdio::null());
    // Not on a thread of the simulated cluster, which answers meanwhile.
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
    assert!(output.status.success(), "{script}\n{said}");
    assert!(said.contains("all as expected") && said.contains("0 errors, 0 warnings"), "{said}");
    assert!(bench.path("collectors/pool-space.yml").exists(), "{said}");
    // What `curl` showed last: a node's fixture was printed before.
    let (_, served) = said.rsplit_once("# TYPE pve_pool_space_free_bytes gauge\n").unwrap();
    // promtool writes a series as `name{…} => value @[time]`.
    let (stored, served): (Vec<&str>, Vec<&str>) = served
        .lines()
        .filter(|line| line.starts_with("pve_pool_space_free_bytes{"))
        .partition(|line| line.contains(" => "));
    assert!(!served.is_empty(), "{said}");
    assert_eq!(stored.len(), if prometheus_is_there { served.len() } else { 0 }, "{said}");
}
