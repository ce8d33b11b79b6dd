//! Collectors folders: which components there are, as bytes with their grant files' texts.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

/// Bytes of a grant file; real ones have some hundred.
const GRANT_BYTES: u64 = 64 * 1024;

/// One `name.wasm`, read.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) bytes: Vec<u8>,
    /// What it is, to be compared with what it was.
    pub(super) stamp: Stamp,
}

/// What a component and its grant file hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    /// SHA-256 of the component, in hexadecimal.
    pub(super) digest: String,
    /// The grant file's text; why it can't be read; or `None` where there is none.
    pub(super) grant: Option<Result<String, String>>,
}

/// What a folder holds: each component's path, with its content or why it can't be read.
pub(super) type Content = BTreeMap<PathBuf, Result<Candidate, String>>;

/// Reads a folder. Fails where it can't be listed: it may have vanished, and then nothing is known of its files.
pub(super) fn read(folder: &Path, component_bytes: usize) -> std::io::Result<Content> {
    let mut content = Content::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            match candidate(&path, component_bytes) {
                // Gone since it was listed, or a link to nothing: as if it were not there.
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
    // One byte more than allowed is enough to know that it is too large.
    let mut bytes = Vec::new();
    file.by_ref().take(component_bytes as u64 + 1).read_to_end(&mut bytes)?;
    let grant = match read_grant(&path.with_extension("yml")) {
        Ok(text) => Some(Ok(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => Some(Err(error.to_string())),
    };
    let digest = hex::encode(Sha256::digest(&bytes));
    Ok(Candidate { bytes, stamp: Stamp { digest, grant } })
}

/// Opens a file, and nothing else: to open a named pipe would be to wait for a writer, with all reloads behind it.
fn open(path: &Path) -> std::io::Result<std::fs::File> {
    let metadata = std::fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(std::io::Error::new(ErrorKind::IsADirectory, "it is a folder"));
    }
    if !metadata.is_file() {
        return Err(std::io::Error::new(ErrorKind::InvalidInput, "it is no regular file"));
    }
    std::fs::File::open(path)
}

fn read_grant(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let read = open(path)?.take(GRANT_BYTES + 1).read_to_string(&mut text)?;
    if read as u64 > GRANT_BYTES {
        return Err(std::io::Error::new(ErrorKind::FileTooLarge, format!("longer than {GRANT_BYTES} bytes")));
    }
    Ok(text)
}
