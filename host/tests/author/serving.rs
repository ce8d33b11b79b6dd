//! `collector run`: what an author sees in the terminal and at the port.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use pve_collector::contract::Value;
use pve_sim::{Sim, Spec};

use super::support::{Bench, exporter, root};
use harness::{forge, row};

const PATIENCE: Duration = Duration::from_secs(60);

/// A running `collector run`, killed at the end; its words go to a file, so that nothing waits for its pipe.
struct Running<'a> {
    bench: &'a Bench,
    child: Child,
}

impl<'a> Running<'a> {
    fn start(bench: &'a Bench, arguments: &[&str]) -> Self {
        let out = std::fs::File::create(bench.path("out")).unwrap();
        let child = exporter()
            .args(["collector", "run", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .current_dir(bench.directory.path())
            .stdout(out)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { bench, child }
    }

    /// What it said, as soon as these words are in it.
    fn says(&self, words: &str) -> String {
        let start = Instant::now();
        loop {
            let said = self.bench.read("out");
            if said.contains(words) {
                return said;
            }
            assert!(start.elapsed() < PATIENCE, "waited in vain for {words:?}:\n{said}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    async fn metrics(&self) -> String {
        let said = self.says("serving on ");
        let url = said.split("serving on ").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_gzip().no_proxy().build().unwrap();
        client.get(url).send().await.unwrap().text().await.unwrap()
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
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
    running.says("not loaded, the version before it serves: sample.wasm: does not compile");
    assert!(running.metrics().await.contains("pve_sample{case=\"calm\"} 2\n"));
    bench.write("sample.wasm", version(2.0));
    running.says("loaded; the exposition is as before");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_asked_each_time() {
    let sim = Sim::start(Spec::default()).await.unwrap();
    let bench = Bench::new();
    configure(&bench, &sim);
    bench.write("node-status.wasm", std::fs::read(root().join("target/components/node-status.wasm")).unwrap());
    let running = Running::start(&bench, &["node-status.wasm", "--config.file", "pve.yml"]);
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
    bench.golden("run-no-config", &["run", "sample.wasm", "--config.file", "nowhere.yml", "--listen", "127.0.0.1:0"]);
    bench.write("pve.yml", "default:\n  user: a@pve\n  token_name: x\n  token_value: y\n");
    bench.golden("run-no-target", &["run", "sample.wasm", "--config.file", "pve.yml", "--listen", "127.0.0.1:0"]);
    bench.golden(
        "run-no-module",
        &["run", "sample.wasm", "--config.file", "pve.yml", "--module", "other", "--listen", "127.0.0.1:0"],
    );
}

/// CA and `pve.yml` for a simulated cluster.
pub(crate) fn configure(bench: &Bench, sim: &Sim) {
    bench.write("ca.pem", sim.ca_pem());
    let (user, token) = sim.spec().token_id.split_once('!').unwrap();
    let (secret, ca, target) = (&sim.spec().token_secret, bench.path("ca.pem"), sim.addr());
    bench.write(
        "pve.yml",
        format!(
            "default:\n  user: {user}\n  token_name: {token}\n  token_value: {secret}\n  verify_ssl: {}\n  target: {target}\n",
            ca.display()
        ),
    );
}
