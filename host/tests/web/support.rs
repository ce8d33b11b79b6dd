//! An exporter without a cluster: `/metrics` has its own metrics only.

use harness::{Exporter, Exposition, client};

pub(super) struct Lone {
    pub(super) exporter: Exporter,
    _directory: tempfile::TempDir,
}

impl Lone {
    pub(super) fn start(arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let config = directory.path().join("pve.yml");
        std::fs::write(&config, "default:\n  user: a@pve\n  token_name: x\n  token_value: y\n").unwrap();
        let exporter = Exporter::start(&config, arguments);
        Self { exporter, _directory: directory }
    }

    pub(super) async fn get(&self, path: &str) -> reqwest::Response {
        client().get(self.exporter.url(path)).send().await.unwrap()
    }

    pub(super) async fn metrics(&self) -> Exposition {
        Exposition(self.get("/metrics").await.text().await.unwrap())
    }
}
