//! New versions go live without a restart and without a failed scrape; if one is refused, the old one keeps serving.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use pve_sim::Spec;

use harness::{Exposition, PATIENCE, Setup, client, zoo_component};

const MARKER: &[u8] = b"marker-00000000";
const GRANT: &str = "allow: [\"/nodes/{node}/status\"]\n";

/// The zoo's `versioned`, with another marker of the same length.
fn component(version: &str) -> Vec<u8> {
    let mut bytes = zoo_component("versioned");
    let at = bytes.windows(MARKER.len()).position(|window| window == MARKER).expect("the marker is in it");
    let marker = format!("marker-{version:0>8}");
    bytes[at..at + MARKER.len()].copy_from_slice(marker.as_bytes());
    bytes
}

/// Writes to a temporary file and renames it, as recommended.
fn install(folder: &Path, bytes: &[u8]) {
    std::fs::write(folder.join("versioned.tmp"), bytes).unwrap();
    std::fs::rename(folder.join("versioned.tmp"), folder.join("versioned.wasm")).unwrap();
}

/// The versions whose rows are in an exposition.
fn versions(exposition: &Exposition) -> BTreeSet<String> {
    let samples = exposition.samples("pve_zoo_versioned");
    let version = |sample: &&str| sample.split("version=\"marker-").nth(1)?.get(..8).map(str::to_owned);
    samples.iter().filter_map(version).collect()
}

struct Reloading {
    setup: Setup,
    folder: PathBuf,
    _directory: tempfile::TempDir,
}

impl Reloading {
    async fn start(arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("collectors");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("versioned.yml"), GRANT).unwrap();
        let mut all = vec!["--collectors.directory", folder.to_str().unwrap()];
        all.extend(arguments);
        let setup = Setup::start(Spec { nodes: 3, guests: 6, ..Spec::default() }, &all).await;
        Self { setup, folder, _directory: directory }
    }

    /// Scrapes until exactly these versions are served.
    async fn serves(&self, expected: &[&str]) {
        let expected: BTreeSet<String> = expected.iter().map(|version| format!("{version:0>8}")).collect();
        let start = Instant::now();
        loop {
            let found = versions(&self.setup.scrape().await);
            if found == expected {
                return;
            }
            let log = self.setup.exporter.log();
            assert!(start.elapsed() < PATIENCE, "waited in vain for {expected:?}, there is {found:?}\n{log}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn reload(&self) -> (u16, String) {
        let answer = client().post(self.setup.exporter.url("/-/reload")).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_noticed_however_they_change() {
    let reloading = Reloading::start(&[]).await;
    let Reloading { folder, .. } = &reloading;
    reloading.serves(&[]).await;
    install(folder, &component("1"));
    reloading.serves(&["1"]).await;
    // `cp` over the file.
    std::fs::write(folder.join("versioned.wasm"), component("2")).unwrap();
    reloading.serves(&["2"]).await;
    // Half-written: the old version keeps serving until the file is complete.
    let whole = component("3");
    std::fs::write(folder.join("versioned.wasm"), &whole[..whole.len() / 2]).unwrap();
    reloading.setup.exporter.log_with("does not compile");
    reloading.serves(&["2"]).await;
    std::fs::write(folder.join("versioned.wasm"), whole).unwrap();
    reloading.serves(&["3"]).await;
    std::fs::remove_file(folder.join("versioned.wasm")).unwrap();
    reloading.serves(&[]).await;
}

/// As in a Kubernetes ConfigMap: `versioned.wasm` → `..data/versioned.wasm`, `..data` → a folder that is replaced.
#[tokio::test(flavor = "multi_thread")]
async fn links_are_followed_when_they_are_swapped() {
    use std::os::unix::fs::symlink;
    let reloading = Reloading::start(&[]).await;
    let folder = &reloading.folder;
    for version in ["1", "2"] {
        std::fs::create_dir(folder.join(format!("..{version}"))).unwrap();
        std::fs::write(folder.join(format!("..{version}/versioned.wasm")), component(version)).unwrap();
    }
    symlink("..1", folder.join("..data")).unwrap();
    symlink("..data/versioned.wasm", folder.join("versioned.wasm")).unwrap();
    reloading.serves(&["1"]).await;
    symlink("..2", folder.join("..data.tmp")).unwrap();
    std::fs::rename(folder.join("..data.tmp"), folder.join("..data")).unwrap();
    reloading.serves(&["2"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_vanishes_takes_nothing_with_it() {
    let reloading = Reloading::start(&["--collectors.poll-interval", "1s"]).await;
    let folder = &reloading.folder;
    install(folder, &component("1"));
    reloading.serves(&["1"]).await;
    let aside = folder.with_extension("aside");
    std::fs::rename(folder, &aside).unwrap();
    reloading.setup.exporter.log_with("refused: ");
    reloading.serves(&["1"]).await;
    install(&aside, &component("2"));
    std::fs::rename(&aside, folder).unwrap();
    reloading.serves(&["2"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_said_and_the_old_version_serves() {
    let reloading = Reloading::start(&[]).await;
    let folder = &reloading.folder;
    install(folder, &component("1"));
    reloading.serves(&["1"]).await;
    assert_eq!(reloading.reload().await, (200, "nothing changed\n".to_owned()));

    // It panics on the last answers: the trial notices before a scrape does.
    install(folder, &component("x"));
    // The response reports it even if the watcher was faster.
    let (_, text) = reloading.reload().await;
    assert!(text.contains("the trial on the last answers") && text.contains("this version is broken"), "{text}");
    reloading.setup.exporter.log_with("the trial on the last answers");
    reloading.serves(&["1"]).await;
    let exposition = reloading.setup.scrape().await;
    assert_eq!(exposition.samples("pve_exporter_component_refused").len(), 1);

    install(folder, &component("2"));
    reloading.serves(&["2"]).await;
    // Revoking a grant takes effect at once, and so does restoring it.
    std::fs::write(folder.join("versioned.yml"), "allow: []\n").unwrap();
    reloading.serves(&[]).await;
    reloading.setup.exporter.log_with("add to its grant file: allow: [\\\"/nodes/{node}/status\\\"]");
    std::fs::write(folder.join("versioned.yml"), GRANT).unwrap();
    reloading.serves(&["2"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_reloads_and_a_broken_one_changes_nothing() {
    let reloading = Reloading::start(&[]).await;
    let config = reloading.setup.config();
    let good = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, good.replace("verify_ssl", "verfy_ssl")).unwrap();
    let (code, text) = reloading.reload().await;
    assert_eq!(code, 500);
    assert!(text.contains("did you mean verify_ssl?"), "{text}");
    let exposition = reloading.setup.scrape().await;
    assert_eq!(exposition.value("pve_exporter_target_up"), Some(1.0));
    assert_eq!(exposition.value("pve_exporter_config_last_reload_successful"), Some(0.0));

    std::fs::write(&config, good.replace("token_value: 4", "token_value: 5")).unwrap();
    assert_eq!(reloading.reload().await, (200, "changed module default: user, token or password\n".to_owned()));
    assert_eq!(reloading.setup.scrape().await.value("pve_exporter_target_up"), Some(0.0));
    assert_eq!(reloading.reload().await, (200, "nothing changed\n".to_owned()));

    let more = format!("{good}other:\n  user: a@pve\n  password: sesame\n  timeout: 3\n");
    std::fs::write(&config, &more).unwrap();
    let lines = "changed module default: user, token or password\nadded module other\n";
    assert_eq!(reloading.reload().await, (200, lines.to_owned()));
    std::fs::write(&config, more.replace("timeout: 3", "timeout: 4")).unwrap();
    assert_eq!(reloading.reload().await.1, "changed module other: timeout\n");
    // The same path, another file.
    let ca = config.with_file_name("default.pem");
    let (right, wrong) = (std::fs::read(&ca).unwrap(), rcgen::generate_simple_self_signed(["x".to_owned()]).unwrap());
    reloading.setup.scrape().await;
    std::fs::write(&ca, wrong.cert.pem()).unwrap();
    assert_eq!(reloading.reload().await.1, "changed module default: its certificate files\n");
    assert_eq!(reloading.setup.scrape().await.value("pve_exporter_target_up"), Some(0.0));
    std::fs::write(&ca, right).unwrap();
    assert_eq!(reloading.reload().await.1, "changed module default: its certificate files\n");
    reloading.setup.exporter.log_with("configuration reloaded: changed module default: its certificate files");

    std::fs::write(&config, good).unwrap();
    reloading.setup.exporter.signal("HUP");
    let start = Instant::now();
    while reloading.setup.scrape().await.value("pve_exporter_target_up") != Some(1.0) {
        assert!(start.elapsed() < PATIENCE);
    }
}

/// Four clients scrape without a pause while versions change 1,000 times, a third of them bad.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_versions_under_load() {
    let swaps: u32 = std::env::var("PVE_EXPORTER_TEST_SWAPS").map_or(1000, |swaps| swaps.parse().unwrap());
    let reloading = Reloading::start(&[]).await;
    install(&reloading.folder, &component("0"));
    reloading.serves(&["0"]).await;
    let before = reloading.setup.exporter.resources();

    let stop = Arc::new(AtomicBool::new(false));
    let scrapes = Arc::new(AtomicU64::new(0));
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let (stop, scrapes, url) = (stop.clone(), scrapes.clone(), reloading.setup.exporter.url("/metrics"));
            tokio::spawn(async move {
                let client = client();
                while !stop.load(Ordering::Relaxed) {
                    let answer = client.get(&url).send().await.unwrap();
                    assert_eq!(answer.status(), 200);
                    let exposition = Exposition(answer.text().await.unwrap());
                    let found = versions(&exposition);
                    assert_eq!(found.len(), 1, "parts of several versions: {found:?}");
                    assert_eq!(exposition.samples("pve_zoo_versioned").len(), 60);
                    for family in ["pve_node_load1", "pve_physical_disk_info", "pve_ha_crm_master"] {
                        assert!(!exposition.samples(family).is_empty(), "{family}");
                    }
                    scrapes.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();

    let mut times = Vec::new();
    let mut serving = "0".to_owned();
    for swap in 1..=swaps {
        let good = swap % 3 != 0;
        let version = if good { swap.to_string() } else { format!("x{swap}") };
        // Every other bad one is not a component.
        let bytes = if swap % 6 == 0 { component(&version)[..5000].to_vec() } else { component(&version) };
        let start = Instant::now();
        install(&reloading.folder, &bytes);
        reloading.reload().await;
        if good {
            times.push(start.elapsed());
            serving = version;
        }
        if swap % 100 == 0 {
            reloading.serves(&[&serving]).await;
        }
    }
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    reloading.serves(&[&serving]).await;
    times.sort();
    let after = reloading.setup.exporter.resources();
    println!(
        "{swaps} versions under {} scrapes; rename to serving: median {:?}, p99 {:?}; {before:?} before, {after:?} after",
        scrapes.load(Ordering::Relaxed),
        times[times.len() / 2],
        times[times.len() * 99 / 100],
    );
    assert!(after.descriptors <= before.descriptors + 16, "{before:?} {after:?}");
    assert!(after.threads <= before.threads + 16, "{before:?} {after:?}");
    // Enough for the allocator, not for 1,000 versions (0.3 MB of code each).
    assert!(after.memory_kib < before.memory_kib + 100 * 1024, "{before:?} {after:?}");
}
