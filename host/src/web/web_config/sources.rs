//! The files a configuration was read from, to notice when one changes, and when others can change or read one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::config::Notice;
use crate::yaml::{ReadError, read_bytes};

/// Maximum bytes of a file.
const FILE_BYTES: u64 = 1 << 20;

#[derive(Debug, Default)]
pub(super) struct Sources(BTreeMap<PathBuf, Source>);

#[derive(Debug)]
struct Source {
    /// `None` if it could not be read.
    digest: Option<[u8; 32]>,
    secret: bool,
}

impl Sources {
    pub(super) fn read(&mut self, path: &Path) -> Result<Vec<u8>, ReadError> {
        let content = read_bytes(path, FILE_BYTES);
        self.0.insert(path.to_owned(), Source { digest: digest(&content), secret: false });
        content
    }

    /// Others should not be able to read a file.
    pub(super) fn has_secret(&mut self, path: &Path) {
        if let Some(source) = self.0.get_mut(path) {
            source.secret = true;
        }
    }

    /// Whether a file is not as it was read. By content: copies and renames can leave times and sizes as they were.
    pub(super) fn changed(&self) -> bool {
        self.0.iter().any(|(path, before)| digest(&read_bytes(path, FILE_BYTES)) != before.digest)
    }

    /// Files that other users can change, or read if they have secrets.
    pub(super) fn exposed(&self) -> impl Iterator<Item = String> {
        let exposed = self.0.iter().filter_map(|(path, source)| Notice::exposed_web_file(path, source.secret));
        exposed.map(|notice| notice.to_string())
    }
}

fn digest(content: &Result<Vec<u8>, ReadError>) -> Option<[u8; 32]> {
    content.as_ref().ok().map(|content| Sha256::digest(content).into())
}
