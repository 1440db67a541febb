//! Files that survive a power cut, free space, and the one process a data directory.

use crate::error::{GatherError, Result};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Holds the data directory for one process; released when dropped, also by kill -9.
#[derive(Debug)]
pub struct DirLock {
    _file: File,
}

/// Makes the data directory if need be and proves that it takes files (R-GAT-02).
pub fn prepare_dir(dir: &Path) -> Result<()> {
    let failed = |source| GatherError::NotWritable { path: dir.to_owned(), source };
    // Closed to other users: recordings wait here, and the key lies here.
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed)?;
    let probe = dir.join(".write-probe");
    // Running as root, a read-only mode hides nothing: a real write is the only honest answer.
    fs::write(&probe, b"ok").map_err(failed)?;
    fs::remove_file(&probe).map_err(failed)
}

/// Takes `dir/gather.lock`; fails at once when another gatherer holds it.
pub fn lock_dir(dir: &Path) -> Result<DirLock> {
    let path = dir.join("gather.lock");
    let failed = |source| GatherError::NotWritable { path: dir.to_owned(), source };
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(DirLock { _file: file }),
        Err(fs::TryLockError::WouldBlock) => Err(GatherError::AlreadyRunning { path: dir.to_owned() }),
        Err(fs::TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Whether a gatherer holds `dir` now.
pub fn is_locked(dir: &Path) -> bool {
    let Ok(file) = File::open(dir.join("gather.lock")) else { return false };
    matches!(file.try_lock_shared(), Err(fs::TryLockError::WouldBlock))
}

/// Replaces `path` in one step: a reader sees the old bytes or the new ones, after a power cut too.
/// `mode` are the file's permissions, e.g. `0o600`.
pub fn write_atomic(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let temp = temp_beside(path);
    let write = || -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(mode);
        let mut file = options.open(&temp)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temp, path)?;
        sync_parent(path)
    };
    write().map_err(GatherError::io("writing", path))
}

/// As [`write_atomic`] without waiting for the disk: for files that are written anew each second or two.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let temp = temp_beside(path);
    fs::write(&temp, bytes).and_then(|()| fs::rename(&temp, path)).map_err(GatherError::io("writing", path))
}

fn temp_beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

/// Makes creation, renaming or removal of a file durable: its directory is a file too.
pub fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

/// Free bytes for an ordinary user where `path` lies; 0 when that cannot be asked.
pub fn free_bytes(path: &Path) -> u64 {
    rustix::fs::statvfs(path).map_or(0, |stat| stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// The directory with the most free space (R-GAT-26).
pub fn roomiest(dirs: &[PathBuf]) -> Option<&PathBuf> {
    dirs.iter().max_by_key(|dir| free_bytes(dir))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_directory_belongs_to_one_process() {
        let dir = tempfile::tempdir().unwrap();
        prepare_dir(dir.path()).unwrap();
        assert!(!is_locked(dir.path()));
        let held = lock_dir(dir.path()).unwrap();
        assert!(is_locked(dir.path()));
        assert!(matches!(lock_dir(dir.path()), Err(GatherError::AlreadyRunning { .. })));
        drop(held);
        assert!(lock_dir(dir.path()).is_ok());
    }

    #[test]
    fn a_directory_that_cannot_be_written_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a");
        fs::write(&file, b"").unwrap();
        let error = prepare_dir(&file.join("data")).unwrap_err();
        assert!(matches!(error, GatherError::NotWritable { .. }));
        assert!(error.to_string().contains("--data"));
    }

    #[test]
    fn a_file_is_replaced_whole_and_keeps_its_mode() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        write_atomic(&path, b"one", 0o600).unwrap();
        write_atomic(&path, b"two", 0o600).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn free_space_is_asked_of_the_file_system() {
        assert!(free_bytes(Path::new("/")) > 0);
        assert_eq!(free_bytes(Path::new("/no/such/place")), 0);
        assert_eq!(roomiest(&["/no/such".into(), "/".into()]), Some(&PathBuf::from("/")));
    }
}
