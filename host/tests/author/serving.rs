//! `collector run`: what it prints and what it serves.

use std::process::Stdio;

use pve_collector::contract::Value;
use pve_sim::{Sim, Spec};

use super::support::Bench;
use harness::{Process, client, command, configure, forge, repository, row, wait_for};

/// A running `collector run`. Its output goes to a file, which needs no reader.
struct Running<'a> {
    bench: &'a Bench,
    _process: Process,
}

impl<'a> Running<'a> {
    fn start(bench: &'a Bench, arguments: &[&str]) -> Self {
        let out = std::fs::File::create(bench.path("out")).unwrap();
        let child = command()
            .args(["collector", "run", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .current_dir(bench.directory.path())
            .stdout(out)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { bench, _process: Process(child) }
    }

    /// Waits until the output contains these words, and returns it.
    fn says(&self, words: &str) -> String {
        wait_for(words, || Some(self.bench.read("out")).filter(|said| said.contains(words)))
    }

    async fn metrics(&self) -> String {
        let said = self.says("serving on ");
        let url = said.split("serving on ").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
        client().get(url).send().await.unwrap().text().await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_followed() {
    let bench = Bench::new();
    let version = |value| forge("sample").rows(vec![row(0, &["calm"], &[Value::Number(value)])]).build();
    bench.write("sample.wasm", version(1.0));
    std::fs::create_dir_all(bench.path("fixtures/one")).unwrap();
    let running = Running::start(&bench, &["sample.wasm", "--watch", "--fixtures", "fixtures"]);
    assert!(running.metrics().await.contains("pve_sample{case=\"calm\"} 1\n"));
    bench.write("sample.wasm", version(2.0));
    let said = running.says("+pve_sample{case=\"calm\"} 2");
    assert!(said.contains("-pve_sample{case=\"calm\"} 1"), "{said}");
    bench.write("sample.wasm", b"\0asm");
    running.says("not reloaded, the previous version keeps serving: sample.wasm: does not compile");
    assert!(running.metrics().await.contains("pve_sample{case=\"calm\"} 2\n"));
    bench.write("sample.wasm", version(2.0));
    running.says("reloaded; the exposition is the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_asked_each_time() {
    let sim = Sim::start(Spec::default()).await.unwrap();
    let bench = Bench::new();
    configure(&sim, bench.directory.path());
    bench.write("node-status.wasm", std::fs::read(repository().join("target/components/node-status.wasm")).unwrap());
    let running = Running::start(&bench, &["node-status.wasm", "--yes", "--config.file", "pve.yml"]);
    let text = running.metrics().await;
    assert_eq!(text.lines().filter(|line| line.starts_with("pve_node_load1{")).count(), 3, "{text}");
    assert!(!text.contains("pve_exporter_"), "{text}");
}

#[test]
fn errors() {
    let bench = Bench::new();
    bench.write("sample.wasm", forge("sample").build());
    std::fs::create_dir_all(bench.path("fixtures/one")).unwrap();
    bench.golden("run-no-case", &["run", "sample.wasm", "--fixtures", "fixtures", "--case", "two"]);
    bench.write("sample/one/nodes/node01/status.json", "{\"data\":{}}");
    bench.golden("run-not-requested", &["run", "sample.wasm", "--fixtures", "sample", "--listen", "127.0.0.1:0"]);
    bench.golden("run-no-config", &["run", "sample.wasm", "--config.file", "nowhere.yml", "--listen", "127.0.0.1:0"]);
    bench.write("pve.yml", "default:\n  user: a@pve\n  token_name: x\n  token_value: y\n");
    bench.golden("run-no-target", &["run", "sample.wasm", "--config.file", "pve.yml", "--listen", "127.0.0.1:0"]);
    bench.golden(
        "run-no-module",
        &["run", "sample.wasm", "--config.file", "pve.yml", "--module", "other", "--listen", "127.0.0.1:0"],
    );
}
