//! Reads text files of operators, and recognises the encodings and files that are none.

use std::io::Read as _;
use std::path::Path;

use super::Position;

/// Why a file is not text. The words follow the file's name and quote nothing of the file.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("does not exist")]
    Missing,
    #[error("is a directory: name a file in it")]
    Directory,
    #[error("can't be read: {0}")]
    Io(std::io::Error),
    #[error("is larger than {0} bytes")]
    TooLarge(u64),
    #[error("is UTF-16 or binary, not UTF-8: save it as UTF-8 (iconv -f UTF-16 -t UTF-8)")]
    Utf16,
    #[error("is not UTF-8 at line {}, column {}: save it as UTF-8 (iconv -f ISO-8859-1 -t UTF-8)", .0.line, .0.column)]
    NotUtf8(Position),
}

/// Reads a file of at most `limit` bytes, without the byte order mark.
pub fn read(path: &Path, limit: u64) -> Result<String, ReadError> {
    read_bytes(path, limit).and_then(decode)
}

/// Reads a file of at most `limit` bytes.
pub fn read_bytes(path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
    use std::io::ErrorKind;
    let error = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => ReadError::Missing,
        ErrorKind::IsADirectory => ReadError::Directory,
        _ => ReadError::Io(error),
    };
    let mut bytes = Vec::new();
    std::fs::File::open(path).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes)).map_err(error)?;
    if bytes.len() as u64 > limit {
        return Err(ReadError::TooLarge(limit));
    }
    Ok(bytes)
}

/// UTF-8 without the byte order mark.
pub fn decode(bytes: Vec<u8>) -> Result<String, ReadError> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") || bytes.contains(&0) {
        return Err(ReadError::Utf16);
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let before = String::from_utf8_lossy(error.as_bytes().get(..valid).unwrap_or_default()).into_owned();
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            Err(ReadError::NotUtf8(Position { line, column }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings() {
        assert_eq!(decode(b"\xef\xbb\xbfa: b".to_vec()).unwrap(), "a: b");
        for utf16 in [&b"\xff\xfea\0"[..], b"\xfe\xff\0a", b"a\0b\0"] {
            assert!(matches!(decode(utf16.to_vec()), Err(ReadError::Utf16)));
        }
        let latin = decode(b"a: b\nc: \xfcber".to_vec()).unwrap_err();
        assert!(latin.to_string().starts_with("is not UTF-8 at line 2, column 4: save it as UTF-8"), "{latin}");
    }

    #[test]
    fn files() {
        let folder = tempfile::tempdir().unwrap();
        let problem = |path: &Path| read(path, 10).unwrap_err().to_string();
        assert_eq!(problem(folder.path()), "is a directory: name a file in it");
        assert_eq!(problem(&folder.path().join("none")), "does not exist");
        let file = folder.path().join("file");
        std::fs::write(&file, "01234567890").unwrap();
        assert_eq!(problem(&file), "is larger than 10 bytes");
    }
}
