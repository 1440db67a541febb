//! A local volume: `objects/aa/bb/<id>` for what is stored, `incoming/` for what is being uploaded.

use crate::sniff::HEAD_BYTES;
use crate::{ObjectId, Result, StorageError};
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A directory that holds objects. Clones share it.
#[derive(Debug, Clone)]
pub struct Volume {
    root: Arc<PathBuf>,
}

/// Room of a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Size of the file system, bytes.
    pub total_bytes: u64,
    /// What an ordinary user may still write, bytes.
    pub free_bytes: u64,
}

impl Space {
    /// Whether `size_bytes` more leave `reserve_percent` of the whole free.
    pub fn has_room(self, size_bytes: u64, reserve_percent: u8) -> bool {
        let reserve = u128::from(self.total_bytes) * u128::from(reserve_percent) / 100;
        u128::from(self.free_bytes) >= u128::from(size_bytes) + reserve
    }
}

/// Runs blocking file work off the async threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|e| Err(StorageError::io("running file work", std::io::Error::other(e))))
}

/// A directory's own entries reach the disk: without it a renamed file may be gone after a power cut.
pub(crate) fn sync_dir(dir: &Path) -> Result<()> {
    let failed = |e| StorageError::io("syncing a directory", e);
    File::open(dir).and_then(|d| d.sync_all()).map_err(failed)
}

impl Volume {
    /// Opens or makes the volume under `root`.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self> {
        let root: PathBuf = root.into();
        for dir in ["objects", "incoming"] {
            let mut maker = fs::DirBuilder::new();
            // Recordings of classrooms are not for other users of this machine.
            maker.recursive(true).mode(0o700);
            maker.create(root.join(dir)).map_err(|e| StorageError::io("making the volume", e))?;
        }
        sync_dir(&root)?;
        Ok(Self { root: Arc::new(root) })
    }

    /// Where it is: for status pages.
    pub fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn incoming(&self) -> PathBuf {
        self.root.join("incoming")
    }

    /// Two levels of 256 directories: a million objects leave 15 files in each.
    fn path(&self, id: &ObjectId) -> PathBuf {
        let text = id.as_str();
        self.root.join("objects").join(&text[..2]).join(&text[2..4]).join(text)
    }

    /// The truth about its room, asked of the file system.
    pub fn space(&self) -> Result<Space> {
        let stat = rustix::fs::statvfs(self.root.as_path())
            .map_err(|e| StorageError::io("asking for free space", e.into()))?;
        Ok(Space { total_bytes: stat.f_blocks * stat.f_frsize, free_bytes: stat.f_bavail * stat.f_frsize })
    }

    /// Size of an object, bytes; `None` when there is none.
    pub async fn len(&self, id: &ObjectId) -> Result<Option<u64>> {
        let path = self.path(id);
        blocking(move || match fs::metadata(&path) {
            Ok(found) => Ok(Some(found.len())),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(StorageError::io("looking at an object", e)),
        })
        .await
    }

    /// Opens an object for reading: the file, at its start, and its size in bytes.
    pub async fn open_object(&self, id: &ObjectId) -> Result<(tokio::fs::File, u64)> {
        let path = self.path(id);
        let opened = blocking(move || match File::open(&path).and_then(|f| Ok((f.metadata()?.len(), f))) {
            Ok(found) => Ok(found),
            Err(e) if e.kind() == ErrorKind::NotFound => Err(StorageError::NotFound),
            Err(e) => Err(StorageError::io("opening an object", e)),
        });
        opened.await.map(|(len, file)| (tokio::fs::File::from_std(file), len))
    }

    /// Removes an object: whether it was there. Readers that have it open read on.
    pub async fn delete(&self, id: &ObjectId) -> Result<bool> {
        let path = self.path(id);
        blocking(move || match fs::remove_file(&path) {
            Ok(()) => {
                path.parent().map_or(Ok(()), sync_dir)?;
                Ok(true)
            }
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
            Err(e) => Err(StorageError::io("removing an object", e)),
        })
        .await
    }

    /// Moves a finished, synced file of `incoming` to its place. Blocking.
    pub(crate) fn place(&self, from: &Path, id: &ObjectId) -> Result<()> {
        let failed = |e| StorageError::io("placing an object", e);
        let to = self.path(id);
        let (Some(bb), Some(aa)) = (to.parent(), to.parent().and_then(Path::parent)) else {
            return Err(StorageError::NotFound);
        };
        if !bb.exists() {
            fs::create_dir_all(bb).map_err(failed)?;
            sync_dir(&self.root.join("objects"))?;
            sync_dir(aa)?;
        }
        fs::rename(from, &to).map_err(failed)?;
        sync_dir(bb)?;
        sync_dir(&self.incoming())
    }

    /// Size of an object without waiting for a thread. Blocking.
    pub(crate) fn len_now(&self, id: &ObjectId) -> Option<u64> {
        fs::metadata(self.path(id)).ok().map(|found| found.len())
    }
}

/// The first bytes of a file. Blocking.
pub(crate) fn head_of(file: &mut File) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    file.take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_reserve_is_a_part_of_the_whole() {
        let space = Space { total_bytes: 1000, free_bytes: 150 };
        assert!(space.has_room(50, 10));
        assert!(!space.has_room(51, 10));
        assert!(space.has_room(150, 0));
        assert!(!space.has_room(u64::MAX, 90));
    }

    #[tokio::test]
    async fn an_object_is_placed_found_and_removed_once() {
        let dir = tempfile::tempdir().unwrap();
        let volume = Volume::open(dir.path()).unwrap();
        let id = ObjectId::random().unwrap();
        let from = volume.incoming().join("x");
        fs::write(&from, b"hello").unwrap();
        volume.place(&from, &id).unwrap();
        assert_eq!(Volume::open(dir.path()).unwrap().len(&id).await.unwrap(), Some(5));
        let mode = |name| fs::metadata(dir.path().join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("objects"), mode("incoming")), (0o700, 0o700), "closed to other users");
        assert!(volume.delete(&id).await.unwrap());
        assert!(!volume.delete(&id).await.unwrap());
        assert!(matches!(volume.open_object(&id).await, Err(StorageError::NotFound)));
        assert!(volume.space().unwrap().total_bytes > 0);
    }
}
