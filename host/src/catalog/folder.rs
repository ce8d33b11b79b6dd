//! Reads collectors folders: the components and the text of their grants.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::yaml::{self, ReadError};

/// Maximum bytes of a grant file; real ones have a few hundred.
const GRANT_BYTES: u64 = 64 * 1024;

/// A component file, `name.wasm`.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) bytes: Vec<u8>,
    pub(super) stamp: Stamp,
}

/// The content of a component and its grant file, for comparison with the next reload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    /// SHA-256 of the component, in hexadecimal.
    pub(super) digest: String,
    /// The text of the grant file, or why it can't be read; `None` if there is none.
    pub(super) grant: Option<Result<String, String>>,
}

/// A folder's components by path, or why they can't be read.
pub(super) type Content = BTreeMap<PathBuf, Result<Candidate, String>>;

/// Reads a folder. Fails if it can't be listed; then nothing is known about its files.
pub(super) fn read(folder: &Path, component_bytes: usize) -> std::io::Result<Content> {
    let mut content = Content::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            match candidate(&path, component_bytes) {
                // Removed since the folder was listed, or a dangling link.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => drop(content.insert(path, Err(format!("can't be read: {error}")))),
                Ok(candidate) => drop(content.insert(path, Ok(candidate))),
            }
        }
    }
    Ok(content)
}

fn candidate(path: &Path, component_bytes: usize) -> std::io::Result<Candidate> {
    let mut file = open(path)?;
    // One byte more than allowed shows that it is too large.
    let mut bytes = Vec::new();
    file.by_ref().take(component_bytes as u64 + 1).read_to_end(&mut bytes)?;
    let grant = match open(&path.with_extension("yml")).map(read_grant) {
        Ok(Ok(text)) => Some(Ok(text)),
        Ok(Err(error)) => Some(Err(error.to_string())),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => Some(Err(format!("can't be read: {error}"))),
    };
    let digest = hex::encode(Sha256::digest(&bytes));
    Ok(Candidate { bytes, stamp: Stamp { digest, grant } })
}

/// Opens regular files only: opening a named pipe would wait for a writer and block all reloads.
fn open(path: &Path) -> std::io::Result<std::fs::File> {
    let metadata = std::fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(std::io::Error::new(ErrorKind::IsADirectory, "it is a directory"));
    }
    if !metadata.is_file() {
        return Err(std::io::Error::new(ErrorKind::InvalidInput, "not a regular file"));
    }
    std::fs::File::open(path)
}

fn read_grant(file: std::fs::File) -> Result<String, ReadError> {
    let mut bytes = Vec::new();
    file.take(GRANT_BYTES + 1).read_to_end(&mut bytes).map_err(ReadError::Io)?;
    if bytes.len() as u64 > GRANT_BYTES {
        return Err(ReadError::TooLarge(GRANT_BYTES));
    }
    yaml::decode(bytes)
}
