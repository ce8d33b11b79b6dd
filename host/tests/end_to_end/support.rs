//! The exporter as a process, and a cluster for it.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pve_sim::{Sim, Spec};

/// How long anything that must happen may take on a busy machine before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A running exporter. Dropping it kills the process.
pub(crate) struct Exporter {
    child: Child,
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
}

impl Exporter {
    /// Starts it with a configuration file and further arguments.
    pub(crate) fn start(config: &Path, arguments: &[&str]) -> Self {
        let mut child = command()
            .arg("--config.file")
            .arg(config)
            .args(["--web.listen-address", "127.0.0.1:0"])
            .args(arguments)
            // Whoever waits for the end of the test's output does not wait for a process it left behind.
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let lines = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                lines.lock().unwrap().push(line);
            }
        });
        let address = wait_for("the exporter to listen", || {
            let log = log.lock().unwrap();
            let line = log.iter().find(|line| line.contains("message=listening"))?;
            line.split_whitespace().find_map(|field| field.strip_prefix("address=")?.parse().ok())
        });
        Self { child, address, log }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The whole log so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// The log as soon as it has these words in it: it comes through a pipe, a moment after the answer.
    pub(crate) fn log_with(&self, words: &str) -> String {
        wait_for(words, || Some(self.log()).filter(|log| log.contains(words)))
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// What the process holds of the machine, as the system says.
    pub(crate) fn resources(&self) -> Resources {
        let process = PathBuf::from(format!("/proc/{}", self.child.id()));
        let status = std::fs::read_to_string(process.join("status")).unwrap();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.split_whitespace().next().unwrap().parse().unwrap()
        };
        Resources {
            memory_kib: field("VmRSS:"),
            threads: field("Threads:"),
            descriptors: std::fs::read_dir(process.join("fd")).unwrap().count(),
        }
    }

    /// Sends SIGTERM and waits for the end.
    pub(crate) fn terminate(mut self) -> std::process::ExitStatus {
        self.signal("TERM");
        wait_for("the exporter to end", || self.child.try_wait().unwrap())
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a process holds of the machine.
#[derive(Debug)]
pub(crate) struct Resources {
    pub(crate) memory_kib: u64,
    pub(crate) threads: u64,
    pub(crate) descriptors: usize,
}

/// The binary, with none of the environment it would read.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pve-exporter"));
    for name in
        ["PVE_USER", "PVE_PASSWORD", "PVE_TOKEN_NAME", "PVE_TOKEN_VALUE", "PVE_VERIFY_SSL", "PVE_MODULE", "PVE_TARGET"]
    {
        command.env_remove(name);
    }
    command
}

/// A client for the exporter and Prometheus, both plain HTTP; reqwest wants a TLS provider all the same.
pub(crate) fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_gzip().no_proxy().build().unwrap()
}

/// Asks until there is an answer.
pub(crate) fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain for: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A cluster, a configuration for it, and an exporter that scrapes it.
pub(crate) struct Setup {
    pub(crate) sim: Sim,
    pub(crate) exporter: Exporter,
    directory: tempfile::TempDir,
}

impl Setup {
    pub(crate) async fn start(spec: Spec, arguments: &[&str]) -> Self {
        let sim = Sim::start(spec).await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let config = configure(&sim, directory.path());
        let exporter = Exporter::start(&config, arguments);
        Self { sim, exporter, directory }
    }

    /// The configuration file.
    pub(crate) fn config(&self) -> PathBuf {
        self.directory.path().join("pve.yml")
    }

    /// An exposition in text format.
    pub(crate) async fn scrape(&self) -> Exposition {
        self.get("/metrics").await
    }

    pub(crate) async fn get(&self, path: &str) -> Exposition {
        let answer = client().get(self.exporter.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        Exposition(answer.text().await.unwrap())
    }
}

/// Writes CA and `pve.yml` for a simulated cluster.
pub(crate) fn configure(sim: &Sim, directory: &Path) -> PathBuf {
    let ca = directory.join("ca.pem");
    std::fs::write(&ca, sim.ca_pem()).unwrap();
    let (user, token) = sim.spec().token_id.split_once('!').unwrap();
    let text = format!(
        "default:\n  user: {user}\n  token_name: {token}\n  token_value: {}\n  verify_ssl: {}\n  target: {}\n",
        sim.spec().token_secret,
        ca.display(),
        sim.addr(),
    );
    let config = directory.join("pve.yml");
    std::fs::write(&config, text).unwrap();
    config
}

/// An exposition, to be asked for its samples.
pub(crate) struct Exposition(pub(crate) String);

impl Exposition {
    /// The value of the one sample that begins with this, up to the blank before the value.
    pub(crate) fn value(&self, series: &str) -> Option<f64> {
        let mut found = self.0.lines().filter_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok());
        let value = found.next();
        assert!(found.next().is_none(), "{series} stands twice");
        value
    }

    /// The samples of a family, comments left out.
    pub(crate) fn samples(&self, family: &str) -> Vec<&str> {
        let of_family =
            |line: &&str| line.strip_prefix(family).is_some_and(|rest| rest.starts_with('{') || rest.starts_with(' '));
        self.0.lines().filter(of_family).collect()
    }
}
