//! An exporter under attack, and what must hold meanwhile and afterwards.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use harness::{Exposition, Setup, client};
use pve_sim::Spec;
use tokio::task::JoinHandle;

/// What the process may hold at 300 guests, whatever attacks it.
const PEAK_KIB: u64 = 400 * 1024;
/// The promise is 100 ms; a test machine can be busier than any exporter's.
const HEALTH: Duration = Duration::from_secs(5);

pub(super) struct Siege {
    pub(super) setup: Setup,
    folder: PathBuf,
    _directory: tempfile::TempDir,
    healthy: BTreeSet<String>,
    watch: Watch,
}

impl Siege {
    pub(super) async fn begin(arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("collectors");
        std::fs::create_dir(&folder).unwrap();
        let mut all = vec!["--collectors.directory", folder.to_str().unwrap()];
        all.extend(arguments);
        let setup = Setup::start(Spec { guests: 300, ..Spec::default() }, &all).await;
        let healthy = series(&get(&setup, "/metrics", "60").await);
        assert!(healthy.len() > 3000, "{}", healthy.len());
        let watch = Watch::begin(setup.exporter.url("/-/healthy"));
        Self { setup, folder, _directory: directory, healthy, watch }
    }

    pub(super) fn put(&self, file: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.folder.join(file), content).unwrap();
    }

    /// The response of a reload.
    pub(super) async fn reload(&self) -> String {
        let response = client().post(self.setup.exporter.url("/-/reload")).send().await.unwrap();
        response.text().await.unwrap()
    }

    /// A scrape by a Prometheus with a scrape timeout of this many seconds.
    pub(super) async fn scrape(&self, timeout: &str) -> Exposition {
        get(&self.setup, "/metrics", timeout).await
    }

    /// The series of the healthy exporter that a scrape lacks.
    pub(super) fn lost(&self, exposition: &Exposition) -> Vec<&str> {
        let found = series(exposition);
        self.healthy.iter().filter(|series| !found.contains(*series)).map(String::as_str).collect()
    }

    /// Asserts that a scrape has every series of the healthy exporter.
    pub(super) fn assert_complete(&self, exposition: &Exposition, what: &str) {
        let lost = self.lost(exposition);
        let log = self.setup.exporter.log();
        assert!(
            lost.is_empty(),
            "{what}: {} series are lost, such as {:?}\n{log}",
            lost.len(),
            &lost[..lost.len().min(5)]
        );
    }

    /// Ends the attack. Everything must be as before, but for the series whose names start with `except`: a collector that broke down
    /// again and again pauses.
    pub(super) async fn end(self, what: &str, except: &[&str]) {
        self.setup.sim.clear_faults();
        for file in std::fs::read_dir(&self.folder).unwrap() {
            std::fs::remove_file(file.unwrap().path()).unwrap();
        }
        self.reload().await;
        let exposition = self.scrape("60").await;
        let lost = self.lost(&exposition);
        let lost: Vec<&&str> =
            lost.iter().filter(|series| !except.iter().any(|name| series.starts_with(name))).collect();
        let log = self.setup.exporter.log();
        assert!(
            lost.is_empty(),
            "after {what} {} series are lost, such as {:?}\n{log}",
            lost.len(),
            &lost[..lost.len().min(5)]
        );
        let hidden = |c: char| c.is_control() && c != '\n';
        assert!(!exposition.0.contains(hidden) && !log.contains(hidden), "{what}: control characters in the output");
        self.assert_bounded(&exposition, what);
        let health = self.watch.end().await;
        println!("{what}: peak {} MiB, {health}", self.setup.exporter.resources().peak_kib / 1024);
        assert!(self.setup.exporter.terminate().success(), "{what}");
    }

    /// Ends the exporter in the middle of the attack.
    pub(super) fn terminate(self) {
        assert!(self.setup.exporter.terminate().success());
    }

    fn assert_bounded(&self, exposition: &Exposition, what: &str) {
        let peak = self.setup.exporter.resources().peak_kib;
        assert!(peak <= PEAK_KIB, "{what}: {peak} KiB");
        let budget = |metric: &str| {
            exposition.value(&format!("pve_exporter_memory_budget_{metric}{{purpose=\"process\"}}")).unwrap()
        };
        let highest = budget("highest_bytes");
        assert!(highest > 0.0 && highest <= budget("bytes"), "{what}: {highest} bytes");
    }
}

async fn get(setup: &Setup, path: &str, timeout: &str) -> Exposition {
    let request = client().get(setup.exporter.url(path)).header("x-prometheus-scrape-timeout-seconds", timeout);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200, "{}", setup.exporter.log());
    Exposition(response.text().await.unwrap())
}

/// Names and labels of all series of the cluster.
fn series(exposition: &Exposition) -> BTreeSet<String> {
    let of_cluster = |line: &&str| !["#", "pve_exporter_", "process_"].iter().any(|start| line.starts_with(start));
    exposition.0.lines().filter(of_cluster).filter_map(|line| Some(line.rsplit_once(' ')?.0.to_owned())).collect()
}

/// Requests the health endpoint all the time.
struct Watch {
    ended: Arc<AtomicBool>,
    slowest: Arc<AtomicU64>,
    task: JoinHandle<u32>,
}

impl Watch {
    fn begin(url: String) -> Self {
        let (ended, slowest) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (until, most) = (Arc::clone(&ended), Arc::clone(&slowest));
        let task = tokio::spawn(async move {
            let client = client();
            let mut requests = 0;
            while !until.load(Ordering::Relaxed) {
                let start = Instant::now();
                let response = client.get(&url).timeout(HEALTH).send().await;
                assert!(response.is_ok_and(|response| response.status() == 200), "the exporter is not healthy");
                most.fetch_max(u64::try_from(start.elapsed().as_millis()).unwrap(), Ordering::Relaxed);
                requests += 1;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            requests
        });
        Self { ended, slowest, task }
    }

    /// How it went, in words.
    async fn end(self) -> String {
        self.ended.store(true, Ordering::Relaxed);
        let requests = self.task.await.unwrap();
        assert!(requests > 0);
        format!("{requests} health checks, the slowest in {} ms", self.slowest.load(Ordering::Relaxed))
    }
}
