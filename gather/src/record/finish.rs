//! What happens to a slice after its last packet: finalised in place, hashed, given a still, closed in the ledger.
//! The same way is taken by slices that a crash left open (R-GAT-28): nothing that was recorded is thrown away.

use crate::disk;
use crate::error::{GatherError, Result};
use crate::record::ledger::{ClosedSlice, Ledger, SliceRow, SliceState};
use crate::record::still;
use crate::record::writer::{Recording, apply_final};
use base::{Backoff, Tasks};
use media::TrackKind;
use media::format::mp4::{Finalised, Mp4Reader, Recovery, recover};
use model::slice::SliceEnd;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::{Notify, Semaphore};
use tracing::{error, info, warn};

/// Slices finished at the same time: hashing reads the whole file, and at the bell all rooms close at once.
const AT_ONCE: usize = 2;
/// Bytes hashed at a time.
const HASH_CHUNK_BYTES: usize = 1 << 20;
/// Where files go that no row knows or that cannot be finished, inside their spool directory.
pub const LOST_DIR: &str = "lost+found";

/// Finishes slices in tasks of its own. Clones are the same.
#[derive(Debug, Clone)]
pub struct Finisher(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    ledger: Ledger,
    tasks: Tasks,
    slots: Semaphore,
    closed: Arc<Notify>,
}

/// What a finished file is.
struct Outcome {
    duration_ms: u64,
    video_frames: u64,
    audio_frames: u64,
}

impl From<&Finalised> for Outcome {
    fn from(done: &Finalised) -> Self {
        let Finalised { duration_ms, video_frames, audio_frames, .. } = *done;
        Self { duration_ms, video_frames, audio_frames }
    }
}

impl Finisher {
    /// `closed` is notified whenever a slice is ready for upload.
    pub fn new(ledger: Ledger, closed: Arc<Notify>, tasks: Tasks) -> Self {
        Self(Arc::new(Inner { ledger, tasks, slots: Semaphore::new(AT_ONCE), closed }))
    }

    /// Finishes a slice that was just closed.
    pub(crate) fn finish(&self, recording: Recording, end: SliceEnd) {
        let this = self.clone();
        let slice_id = recording.slice_id.clone();
        self.0.tasks.spawn(format!("finish {slice_id}"), async move {
            let permit = this.0.slots.acquire().await;
            let done = this.finish_once(recording, end).await;
            drop(permit);
            if let Err(error) = done {
                error!(slice.id = slice_id, %error, "Slice {slice_id} could not be finished: {error}");
                this.recover_until_done(&slice_id, SliceEnd::Disk).await;
            }
        });
    }

    /// Finishes a slice whose writer was interrupted; `end` says by what.
    pub fn recover(&self, slice_id: &str, end: SliceEnd) {
        let (this, slice_id) = (self.clone(), slice_id.to_owned());
        self.0.tasks.spawn(format!("recover {slice_id}"), async move {
            this.recover_until_done(&slice_id, end).await;
        });
    }

    /// Waits until everything under way is finished, at most `deadline`.
    pub async fn stop(&self, deadline: std::time::Duration) {
        self.0.tasks.stop_all(deadline).await;
    }

    async fn finish_once(&self, recording: Recording, end: SliceEnd) -> Result<()> {
        let (slice_id, path) = (recording.slice_id.clone(), recording.path.clone());
        let closed = blocking(move || {
            let Recording { slice_id, path, file, media, .. } = recording;
            let done = media.finalise().map_err(|source| GatherError::Media {
                slice_id,
                doing: "finalising",
                source,
            })?;
            apply_final(&file, &path, &done.ops)?;
            drop(file);
            describe(&path, &Outcome::from(&done), end)
        })
        .await?;
        self.close(&slice_id, &path, closed).await
    }

    async fn close(&self, slice_id: &str, path: &Path, closed: ClosedSlice) -> Result<()> {
        self.0.ledger.closed(slice_id, &closed).await?;
        let ClosedSlice { duration_ms, size_bytes, end, .. } = closed;
        info!(slice.id = slice_id, duration_ms, size_bytes, ?end, "Closed slice {}", path.display());
        self.0.closed.notify_one();
        Ok(())
    }

    /// Tries until it works or the gatherer stops; the next start tries again.
    async fn recover_until_done(&self, slice_id: &str, end: SliceEnd) {
        let mut backoff = Backoff::default();
        loop {
            let done = {
                let _permit = self.0.slots.acquire().await;
                self.recover_once(slice_id, end).await
            };
            let Err(error) = done else { return };
            warn!(slice.id = slice_id, %error, "Slice {slice_id} could not be recovered yet: {error}");
            let _ = self.0.ledger.note(slice_id, &error.to_string()).await;
            tokio::select! {
                () = self.0.tasks.token().cancelled() => return,
                () = tokio::time::sleep(backoff.next()) => {}
            }
        }
    }

    async fn recover_once(&self, slice_id: &str, end: SliceEnd) -> Result<()> {
        let Some(row) = self.0.ledger.get(slice_id).await? else { return Ok(()) };
        if row.state != SliceState::Open {
            return Ok(());
        }
        let path = row.file();
        match blocking(move || recover_file(&row, end)).await? {
            Ok(closed) => self.close(slice_id, &path, closed).await,
            Err(why) => {
                warn!(slice.id = slice_id, "Slice {slice_id} holds nothing that can be saved: {why}");
                self.0.ledger.damaged(slice_id, &why).await
            }
        }
    }
}

/// Runs blocking work on its own thread.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(e) => Err(GatherError::System { doing: "finishing a slice", why: e.to_string() }),
    }
}

/// Cuts an interrupted file back to its last whole fragment and finishes it. The inner error says why there is nothing
/// to save; the file then lies in `lost+found`.
fn recover_file(row: &SliceRow, end: SliceEnd) -> Result<std::result::Result<ClosedSlice, String>> {
    let path = row.file();
    let slice_id = &row.facts.slice_id;
    let file = match File::options().read(true).write(true).open(&path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return Ok(Err("its file does not exist".into()));
        }
        Err(source) => return Err(GatherError::Io { doing: "opening", path, source }),
    };
    let outcome = match recover(&file) {
        Ok(Recovery::Finish { truncate_to, finalised }) => {
            file.set_len(truncate_to).map_err(GatherError::io("truncating", &path))?;
            apply_final(&file, &path, &finalised.ops)?;
            Outcome::from(&finalised)
        }
        Ok(Recovery::AlreadyFinished) => match measure(&path) {
            Ok(outcome) => outcome,
            Err(why) => return set_aside(&path, &why).map(Err),
        },
        Ok(Recovery::Nothing) => return set_aside(&path, "no whole fragment was on the disk").map(Err),
        Err(media::Error::Io(why)) => {
            return Err(GatherError::Slice { slice_id: slice_id.clone(), why });
        }
        Err(error) => return set_aside(&path, &error.to_string()).map(Err),
    };
    drop(file);
    describe(&path, &outcome, end).map(Ok)
}

fn measure(path: &Path) -> std::result::Result<Outcome, String> {
    let file = File::open(path).map_err(|e| e.to_string())?;
    let reader = Mp4Reader::open(file).map_err(|e| e.to_string())?;
    let count = |kind| reader.samples().iter().filter(|sample| sample.kind == kind).count() as u64;
    Ok(Outcome {
        duration_ms: reader.duration().as_ms().max(0) as u64,
        video_frames: count(TrackKind::Video),
        audio_frames: count(TrackKind::Audio),
    })
}

/// Hash, size and still of a finished file.
fn describe(path: &Path, outcome: &Outcome, end: SliceEnd) -> Result<ClosedSlice> {
    let (size_bytes, sha256) = hash_file(path)?;
    let still = path.with_extension("jpg");
    let has_still = match still::random_still(path) {
        Ok(jpeg) => disk::write_atomic(&still, &jpeg, 0o644).is_ok(),
        Err(why) => {
            warn!("No still of {}: {why}", path.display());
            false
        }
    };
    Ok(ClosedSlice {
        duration_ms: outcome.duration_ms as i64,
        size_bytes,
        sha256,
        video_frames: outcome.video_frames as i64,
        end,
        has_still,
        audio_codec: if outcome.audio_frames > 0 { "AAC".into() } else { String::new() },
    })
}

/// Size and SHA-256 (lower-case hex) of a file.
pub fn hash_file(path: &Path) -> Result<(i64, String)> {
    let failed = || GatherError::io("reading", path);
    let mut file = File::open(path).map_err(failed())?;
    let mut hash = Sha256::new();
    let mut chunk = vec![0; HASH_CHUNK_BYTES];
    let mut size = 0i64;
    loop {
        match file.read(&mut chunk).map_err(failed())? {
            0 => break,
            count => {
                hash.update(&chunk[..count]);
                size += count as i64;
            }
        }
    }
    Ok((size, hex(&hash.finalize())))
}

/// Lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Moves a file into `lost+found` of its directory and says why.
fn set_aside(path: &Path, why: &str) -> Result<String> {
    let dir = path.parent().unwrap_or(Path::new(".")).join(LOST_DIR);
    let to = dir.join(path.file_name().unwrap_or_default());
    fs::create_dir_all(&dir).and_then(|()| fs::rename(path, &to)).map_err(GatherError::io("moving", path))?;
    Ok(why.to_owned())
}

/// Files in the spool that no row of the ledger knows go to `lost+found`; leftovers of deleted slices go for good.
/// Returns how many were set aside.
pub async fn sweep(ledger: &Ledger, dirs: &[PathBuf]) -> Result<usize> {
    let mut aside = 0;
    for dir in dirs {
        for path in listed(dir)? {
            let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
            match ledger.get(&stem).await?.map(|row| row.state) {
                Some(SliceState::Deleted) => {
                    fs::remove_file(&path).map_err(GatherError::io("removing", &path))?;
                }
                Some(_) => {}
                None => {
                    warn!("{} is in no ledger; moved to {LOST_DIR}", path.display());
                    set_aside(&path, "")?;
                    aside += 1;
                }
            }
        }
    }
    Ok(aside)
}

fn listed(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(dir).map_err(GatherError::io("listing", dir))?;
    let media = |path: &PathBuf| path.extension().is_some_and(|e| e == "mp4" || e == "jpg");
    Ok(entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file() && media(path)).collect())
}
