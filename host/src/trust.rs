//! Owners and modes of files and directories: who else can read or change them.

use std::fmt;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// What other users can do with a file or a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposure {
    /// It belongs to another user, with this number, who is not root.
    Owned(u32),
    /// Its group or everybody can change it: its mode.
    Writable(u32),
    /// Everybody can read it: its mode.
    Readable(u32),
}

impl fmt::Display for Exposure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Owned(user) => write!(f, "belongs to another user ({user})"),
            Self::Writable(mode) => write!(f, "can be changed by other users (mode {mode:04o})"),
            Self::Readable(mode) => write!(f, "can be read by every user (mode {mode:04o})"),
        }
    }
}

/// Who else can change what a path leads to. `None` too if it can't be looked at: whoever opens it reports that.
#[must_use]
pub fn changeable(path: &Path) -> Option<Exposure> {
    of(&std::fs::metadata(path).ok()?)
}

/// Who else can change or read a file with a secret.
#[must_use]
pub fn readable(path: &Path) -> Option<Exposure> {
    let metadata = std::fs::metadata(path).ok()?;
    of(&metadata).or_else(|| (metadata.mode() & 0o004 != 0).then(|| Exposure::Readable(metadata.mode() & 0o7777)))
}

fn of(metadata: &std::fs::Metadata) -> Option<Exposure> {
    let mode = metadata.mode() & 0o7777;
    if metadata.uid() != 0 && metadata.uid() != user() {
        Some(Exposure::Owned(metadata.uid()))
    } else if mode & 0o022 != 0 {
        Some(Exposure::Writable(mode))
    } else {
        None
    }
}

/// Why a directory is not ours alone. Code is loaded from it, so its content and the directories above it count too: whoever can
/// rename one of those can put another in its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotPrivate {
    #[error("it {0}")]
    Itself(Exposure),
    #[error("the directory {directory} above it {exposure}")]
    Above { directory: String, exposure: Exposure },
    #[error("the file {file} in it {exposure}")]
    Inside { file: String, exposure: Exposure },
    #[error("{0}")]
    Unreadable(String),
}

/// Levels of a directory that are looked at.
const DEPTH: usize = 6;

/// Checks that only this user and root can change a directory. `directory` is absolute, without links.
pub fn check_private(directory: &Path) -> Result<(), NotPrivate> {
    let look = |path: &Path| {
        std::fs::symlink_metadata(path)
            .map_err(|error| NotPrivate::Unreadable(format!("{} can't be looked at: {error}", crate::text::path(path))))
    };
    let metadata = look(directory)?;
    if let Some(exposure) = of(&metadata) {
        return Err(NotPrivate::Itself(exposure));
    }
    for above in directory.ancestors().skip(1) {
        let metadata = look(above)?;
        // Nobody can rename what belongs to others in a directory with the sticky bit, as /tmp has it. A group that is our
        // own is usually ours alone.
        let sticky = metadata.mode() & 0o1000 != 0;
        let own_group = metadata.mode() & 0o002 == 0 && metadata.gid() == group();
        match of(&metadata) {
            Some(Exposure::Writable(_)) if sticky || own_group => {}
            Some(exposure) => {
                return Err(NotPrivate::Above { directory: crate::text::path(above).to_string(), exposure });
            }
            None => {}
        }
    }
    check_inside(directory, DEPTH)
}

fn check_inside(directory: &Path, depth: usize) -> Result<(), NotPrivate> {
    let unreadable = |error: std::io::Error| {
        NotPrivate::Unreadable(format!("{} can't be read: {error}", crate::text::path(directory)))
    };
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        // Another process of ours may have removed it.
        let Ok(metadata) = std::fs::symlink_metadata(&path) else { continue };
        // The mode of a link means nothing, and only its owner can have made it.
        let exposed = of(&metadata).filter(|exposure| !metadata.is_symlink() || matches!(exposure, Exposure::Owned(_)));
        if let Some(exposure) = exposed {
            return Err(NotPrivate::Inside { file: crate::text::path(&path).to_string(), exposure });
        }
        if metadata.is_dir() && depth > 0 {
            check_inside(&path, depth - 1)?;
        }
    }
    Ok(())
}

fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn group() -> u32 {
    rustix::process::getegid().as_raw()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn chmod(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn modes_of_files() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "").unwrap();
        for (mode, change, read) in [
            (0o600, None, None),
            (0o640, None, None),
            (0o644, None, Some("can be read by every user (mode 0644)")),
            (
                0o660,
                Some("can be changed by other users (mode 0660)"),
                Some("can be changed by other users (mode 0660)"),
            ),
            (
                0o602,
                Some("can be changed by other users (mode 0602)"),
                Some("can be changed by other users (mode 0602)"),
            ),
        ] {
            chmod(&file, mode);
            assert_eq!(changeable(&file).map(|exposure| exposure.to_string()).as_deref(), change, "{mode:o}");
            assert_eq!(readable(&file).map(|exposure| exposure.to_string()).as_deref(), read, "{mode:o}");
        }
        assert_eq!(changeable(&folder.path().join("none")), None);
    }

    #[test]
    fn a_private_directory() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let cache = root.join("cache");
        std::fs::create_dir(&cache).unwrap();
        chmod(&cache, 0o700);
        assert_eq!(check_private(&cache), Ok(()));
        chmod(&cache, 0o777);
        assert_eq!(check_private(&cache), Err(NotPrivate::Itself(Exposure::Writable(0o777))));
        chmod(&cache, 0o755);
        let file = cache.join("code");
        std::fs::write(&file, "").unwrap();
        chmod(&file, 0o666);
        assert!(matches!(check_private(&cache), Err(NotPrivate::Inside { .. })));
        chmod(&file, 0o644);
        assert_eq!(check_private(&cache), Ok(()));
        chmod(&root, 0o777);
        assert!(matches!(check_private(&cache), Err(NotPrivate::Above { .. })));
        // Like /tmp.
        chmod(&root, 0o1777);
        assert_eq!(check_private(&cache), Ok(()));
    }
}
