//! A catalog with a collectors folder.

use std::path::PathBuf;
use std::sync::Arc;

use pve_exporter::catalog::{Catalog, Changes, Loader, NoAnswers, builtins};
use pve_exporter::collector::{Collector, Origin};
use pve_exporter::limits::Limits;
use pve_exporter::sandbox::{Capacity, Sandbox};
use tempfile::TempDir;

use super::support::limits;
use harness::{Forge, forge};

/// A catalog with one built-in collector and one folder.
pub(crate) struct Shop {
    pub(crate) folder: TempDir,
    pub(crate) catalog: Catalog,
}

impl Shop {
    pub(crate) fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::new(Capacity { slots: 2, max_memory: Limits::default().memory }, None).unwrap();
        let loader = Loader { sandbox, compiler: None, limits: limits(), max_memory: 128 << 20 };
        let (_, bytes) = builtins().iter().find(|(name, _)| *name == "node-status").unwrap();
        let builtin = Arc::new(loader.load_builtin(bytes, Vec::new()).unwrap());
        Self { catalog: Catalog::new(loader, vec![builtin], vec![folder.path().to_owned()]), folder }
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    pub(crate) fn put(&self, file: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(file), content).unwrap();
    }

    pub(crate) fn remove(&self, file: &str) {
        std::fs::remove_file(self.path(file)).unwrap();
    }

    pub(crate) fn reload(&self) -> Changes {
        self.catalog.reload(&NoAnswers)
    }

    /// Why the file is currently refused.
    pub(crate) fn refusal(&self, file: &str) -> String {
        let reload = self.reload();
        let path = self.path(file);
        let entries = self.catalog.entries();
        let found = entries.iter().find(|entry| entry.origin == Origin::File(path.clone()));
        found.and_then(|entry| entry.refusal.clone()).unwrap_or_else(|| panic!("{file} is not refused: {reload:?}"))
    }

    pub(crate) fn serving(&self) -> Vec<String> {
        self.catalog
            .serving()
            .iter()
            .map(|collector| format!("{} {}", collector.name(), collector.schema.version))
            .collect()
    }

    pub(crate) fn collector(&self, name: &str) -> Arc<Collector> {
        Arc::clone(self.catalog.serving().get(name).unwrap())
    }
}

pub(crate) const BUILTIN: &str = "node-status 0.1.0";
pub(crate) const ALLOW: &str = "allow: [\"/cluster/status\"]\n";

/// A version of a collector that requests one path.
pub(crate) fn version(name: &str, version: &str) -> Forge {
    forge(name).requests(&["/cluster/status"]).manifest(|manifest| manifest.version = version.to_owned())
}
