//! Uploads on disk: `incoming/<id>` holds the bytes, `incoming/<id>.json` what was announced.
//!
//! The file's length is how far an upload is; nothing else counts bytes. An upload exists when its sidecar does. The
//! object's id is chosen at creation, so that a crash between placing the file and marking the sidecar heals: the file
//! is gone from `incoming` and stands in its place.

use crate::sniff::{HEAD_BYTES, Kind};
use crate::volume::{head_of, sync_dir};
use crate::{ObjectId, Result, StorageError, Volume};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::PathBuf;

/// Bytes hashed at once.
const HASH_BLOCK_BYTES: usize = 1 << 20;

/// What is known of an upload beside its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sidecar {
    /// The object it becomes.
    pub object_id: String,
    /// The gatherer that made it, and alone may go on with it.
    pub creator: String,
    pub kind: Kind,
    /// SHA-256 of the whole file, 64 lower-case hex digits.
    pub sha256: String,
    pub size_bytes: u64,
    pub created_at_ms: i64,
    /// Set when the object stands in its place.
    pub finished_at_ms: Option<i64>,
}

impl Sidecar {
    pub(crate) fn object(&self) -> Result<ObjectId> {
        ObjectId::parse(&self.object_id).ok_or(StorageError::NotFound)
    }
}

/// An upload's two files. All functions block.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    pub id: ObjectId,
    pub sidecar: Sidecar,
    volume: Volume,
}

/// How an upload stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// So many bytes have arrived.
    At(u64),
    /// The object stands in its place.
    Finished,
}

impl Upload {
    /// Bytes still to come after `offset`.
    pub(crate) fn left(&self, offset: u64) -> u64 {
        self.sidecar.size_bytes.saturating_sub(offset)
    }

    fn data(volume: &Volume, id: &ObjectId) -> PathBuf {
        volume.incoming().join(id.as_str())
    }

    fn side(volume: &Volume, id: &ObjectId) -> PathBuf {
        volume.incoming().join(format!("{id}.json"))
    }

    /// Makes an upload; it survives a power cut when this returns.
    pub(crate) fn create(volume: &Volume, sidecar: Sidecar) -> Result<Self> {
        let failed = |e| StorageError::io("making an upload", e);
        let upload = Self { id: ObjectId::random()?, sidecar, volume: volume.clone() };
        let data = Self::data(volume, &upload.id);
        File::create_new(&data).and_then(|f| f.sync_all()).map_err(failed)?;
        upload.write_sidecar().inspect_err(|_| {
            let _ = fs::remove_file(&data);
        })?;
        Ok(upload)
    }

    /// Finds an upload by its id.
    pub(crate) fn load(volume: &Volume, id: &ObjectId) -> Result<Self> {
        let text = match fs::read(Self::side(volume, id)) {
            Ok(text) => text,
            Err(e) if e.kind() == ErrorKind::NotFound => return Err(StorageError::NotFound),
            Err(e) => return Err(StorageError::io("reading an upload", e)),
        };
        let sidecar =
            serde_json::from_slice(&text).map_err(|e| StorageError::io("reading an upload", e.into()))?;
        Ok(Self { id: id.clone(), sidecar, volume: volume.clone() })
    }

    fn write_sidecar(&self) -> Result<()> {
        let failed = |e| StorageError::io("writing an upload's sidecar", e);
        let side = Self::side(&self.volume, &self.id);
        let temporary = side.with_extension("json.tmp");
        let text = serde_json::to_vec(&self.sidecar).map_err(|e| failed(e.into()))?;
        File::create(&temporary)
            .and_then(|mut f| f.write_all(&text).and_then(|()| f.sync_all()))
            .map_err(failed)?;
        fs::rename(&temporary, &side).map_err(failed)?;
        sync_dir(&self.volume.incoming())
    }

    /// How far it is, told only after it is on the disk.
    pub(crate) fn standing(&self) -> Result<Standing> {
        if self.sidecar.finished_at_ms.is_some() {
            // The site removed the object: nothing is left to give a receipt for.
            return match self.volume.len_now(&self.sidecar.object()?) {
                Some(_) => Ok(Standing::Finished),
                None => Err(StorageError::NotFound),
            };
        }
        match File::open(Self::data(&self.volume, &self.id)) {
            Ok(file) => {
                let synced = file.sync_data().and_then(|()| file.metadata());
                let len = synced.map_err(|e| StorageError::io("syncing an upload", e))?.len();
                Ok(Standing::At(len.min(self.sidecar.size_bytes)))
            }
            Err(e) if e.kind() == ErrorKind::NotFound => {
                match self.volume.len_now(&self.sidecar.object()?) == Some(self.sidecar.size_bytes) {
                    true => Ok(Standing::Finished),
                    false => Err(StorageError::NotFound),
                }
            }
            Err(e) => Err(StorageError::io("opening an upload", e)),
        }
    }

    /// Opens its file to go on at `offset`, which must be its end.
    pub(crate) fn open_at(&self, offset: u64) -> Result<File> {
        let failed = |e| StorageError::io("opening an upload", e);
        let mut file =
            OpenOptions::new().write(true).open(Self::data(&self.volume, &self.id)).map_err(failed)?;
        let end = file.seek(std::io::SeekFrom::End(0)).map_err(failed)?;
        if end == offset { Ok(file) } else { Err(StorageError::Offset { offset: end }) }
    }

    /// Cuts its file back to `offset`: a chunk with a wrong checksum was never there.
    pub(crate) fn cut_back(&self, offset: u64) -> Result<()> {
        let file = OpenOptions::new().write(true).open(Self::data(&self.volume, &self.id));
        let cut = file.and_then(|f| f.set_len(offset).and_then(|()| f.sync_data()));
        cut.map_err(|e| StorageError::io("cutting an upload back", e))
    }

    /// Refuses a file that cannot be of its kind as soon as enough bytes are there, and drops the upload.
    pub(crate) fn sniff(&self, arrived: u64) -> Result<()> {
        if arrived < (HEAD_BYTES as u64).min(self.sidecar.size_bytes) {
            return Ok(());
        }
        let mut file = self.open_data()?;
        let head = head_of(&mut file).map_err(|e| StorageError::io("reading an upload", e))?;
        if self.sidecar.kind.fits(&head) {
            return Ok(());
        }
        self.remove()?;
        Err(StorageError::WrongKind { expected: self.sidecar.kind.format() })
    }

    /// All bytes are there: verifies them against the disk, moves them to their place and marks the sidecar. An upload
    /// with another hash is dropped.
    pub(crate) fn finish(&mut self, now_ms: i64) -> Result<()> {
        if self.standing()? != Standing::Finished {
            self.sniff(self.sidecar.size_bytes)?;
            if self.hash()? != self.sidecar.sha256 {
                self.remove()?;
                return Err(StorageError::HashMismatch);
            }
            self.volume.place(&Self::data(&self.volume, &self.id), &self.sidecar.object()?)?;
        }
        if self.sidecar.finished_at_ms.is_none() {
            self.sidecar.finished_at_ms = Some(now_ms);
            self.write_sidecar()?;
        }
        Ok(())
    }

    fn open_data(&self) -> Result<File> {
        File::open(Self::data(&self.volume, &self.id)).map_err(|e| StorageError::io("opening an upload", e))
    }

    fn hash(&self) -> Result<String> {
        let mut file = self.open_data()?;
        let mut hasher = Sha256::new();
        let mut block = vec![0; HASH_BLOCK_BYTES];
        loop {
            match file.read(&mut block) {
                Ok(0) => return Ok(hasher.finalize().iter().map(|b| format!("{b:02x}")).collect()),
                Ok(n) => hasher.update(&block[..n]),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(StorageError::io("hashing an upload", e)),
            }
        }
    }

    /// Removes its files; the sidecar last, so that a crash leaves something to remove again.
    pub(crate) fn remove(&self) -> Result<()> {
        for path in [Self::data(&self.volume, &self.id), Self::side(&self.volume, &self.id)] {
            match fs::remove_file(&path) {
                Err(e) if e.kind() != ErrorKind::NotFound => {
                    return Err(StorageError::io("removing an upload", e));
                }
                _ => {}
            }
        }
        sync_dir(&self.volume.incoming())
    }
}
