//! `collector record` on the simulated cluster: the fixtures contain no secrets.

use pve_sim::{Sim, Spec};

use super::support::Bench;
use harness::{configure, forge, repository};

fn component(bench: &Bench, name: &str) {
    let file = format!("{name}.wasm");
    bench.write(&file, std::fs::read(repository().join("target/components").join(&file)).unwrap());
}

fn record(bench: &Bench, name: &str, out: &str) -> String {
    let file = format!("{name}.wasm");
    let outcome = bench.run(&["record", "--collector", &file, "--yes", "--config.file", "pve.yml", "--out", out]);
    assert_eq!(outcome.status, 0, "{}", outcome.text);
    outcome.text
}

/// The names and texts of all files below a folder.
fn everything(folder: &std::path::Path) -> String {
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let text = |path: &std::path::PathBuf| match path.is_dir() {
        true => everything(path),
        false => format!("{}\n{}", path.file_name().unwrap().display(), std::fs::read_to_string(path).unwrap()),
    };
    paths.iter().map(text).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_serials_stay_in_the_cluster() {
    let sim = Sim::start(Spec::default()).await.unwrap();
    let bench = Bench::new();
    configure(&sim, bench.directory.path());
    tokio::task::block_in_place(|| {
        for name in ["resources", "physical-disk", "config"] {
            component(&bench, name);
            let said = record(&bench, name, &format!("{name}/recorded"));
            assert!(said.contains("read them before you publish them"), "{said}");
        }
    });
    let recorded = ["resources", "physical-disk", "config"].map(|name| everything(&bench.path(name))).concat();
    let answers = guests(&sim).await;
    assert!(answers.len() >= 20, "{answers:?}");
    for guest in answers {
        assert!(!recorded.contains(&format!("\"{guest}\"")), "{guest}");
    }
    assert!(recorded.contains("\"serial-01\"") && recorded.contains("\"guest01\""));
    assert!(recorded.contains("02:00:00:00:00:01") && !recorded.contains("BC:24:11"));

    // Recording again yields the same files, whatever order the API answered in, and the result is a working case.
    tokio::task::block_in_place(|| {
        record(&bench, "config", "again/recorded");
        let update = ["test", "config.wasm", "--fixtures", "again", "--update"];
        assert_eq!(bench.run(&update).status, 0);
        let outcome = bench.run(&["test", "config.wasm", "--fixtures", "again"]);
        assert_eq!(outcome.status, 0, "{}", outcome.text);
        bench.golden(
            "record-exists",
            &["record", "--collector", "config.wasm", "--config.file", "pve.yml", "--out", "again/recorded"],
        );
    });
}

/// Nothing is requested unless a grant or the user allows it.
#[tokio::test(flavor = "multi_thread")]
async fn requests_need_a_grant_or_consent() {
    let sim = Sim::start(Spec::default()).await.unwrap();
    let bench = Bench::new();
    configure(&sim, bench.directory.path());
    bench.write("plain.wasm", forge("plain").requests(&["/version", "/cluster/status"]).build());
    bench.write("agent.wasm", forge("agent").requests(&["/nodes/{node}/qemu/{vmid}/agent/get-users"]).build());
    bench.write("granted.wasm", forge("granted").requests(&["/version", "/cluster/status"]).build());
    bench.write("granted.yml", "allow: [/version]\n");
    tokio::task::block_in_place(|| {
        for (name, component, more) in [
            ("record-no-consent", "plain.wasm", &[][..]),
            ("record-denied", "agent.wasm", &["--yes"]),
            ("record-not-granted", "granted.wasm", &["--yes"]),
        ] {
            let record = ["record", "--collector", component, "--config.file", "pve.yml", "--out", "case"];
            bench.golden(name, &[&record, more].concat());
        }
        bench.golden("run-no-consent", &["run", "plain.wasm", "--config.file", "pve.yml", "--listen", "127.0.0.1:0"]);
        assert_eq!(sim.counters().total, 0);
        bench.write("granted.yml", "allow: [/version, /cluster/status]\n");
        let record = ["record", "--collector", "granted.wasm", "--config.file", "pve.yml", "--out", "case"];
        assert_eq!(bench.run(&record).status, 0);
    });
}

/// The guests' names in the simulated cluster.
async fn guests(sim: &Sim) -> Vec<String> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().tls_danger_accept_invalid_certs(true).no_proxy().build().unwrap();
    let url = format!("https://{}/api2/json/cluster/resources", sim.addr());
    let answer = client.get(url).header("Authorization", sim.spec().authorization()).send().await.unwrap();
    let answer: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    let guests = answer["data"].as_array().unwrap().iter().filter(|entry| entry["vmid"].is_number());
    guests.filter_map(|guest| guest["name"].as_str().map(str::to_owned)).collect()
}
