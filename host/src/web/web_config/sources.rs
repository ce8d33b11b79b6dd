//! The files a configuration was read from, to notice when one changes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

/// Each file's digest; `None` if it could not be read.
#[derive(Debug, Default)]
pub(super) struct Sources(BTreeMap<PathBuf, Option<[u8; 32]>>);

impl Sources {
    pub(super) fn read(&mut self, path: &Path) -> std::io::Result<Vec<u8>> {
        let content = std::fs::read(path);
        self.0.insert(path.to_owned(), digest(&content));
        content
    }

    /// Whether a file is not as it was read. By content: copies and renames can leave times and sizes as they were.
    pub(super) fn changed(&self) -> bool {
        self.0.iter().any(|(path, before)| digest(&std::fs::read(path)) != *before)
    }
}

fn digest(content: &std::io::Result<Vec<u8>>) -> Option<[u8; 32]> {
    content.as_ref().ok().map(|content| Sha256::digest(content).into())
}
