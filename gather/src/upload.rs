//! 上传: finished slices go to storage and then to the site; local bytes are deleted only after both have said that
//! they hold exactly these bytes (R-GAT-27).

pub mod tus;

use crate::disk;
use crate::error::{GatherError, Result};
use crate::record::finish::hash_file;
use crate::record::ledger::{Ledger, SliceRow, SliceState};
use crate::site::Site;
use base::{Backoff, CancellationToken};
use relay_proto::site::SliceNotice;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tracing::{info, warn};
use tus::{Upload, Uploaded};
use url::Url;

/// A refusal that will not go away by itself (the channel was deleted on the site) is tried again this often.
const REFUSED_PAUSE: Duration = Duration::from_secs(600);
/// Marks in a row's note that its receipt was refused before.
const RECEIPT_REFUSED: &str = "the site refused the receipt";

/// What the site decides about uploads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadSettings {
    /// Base address of storage.
    pub storage: Url,
    /// 自动重连存储服务器.
    pub reconnect: bool,
}

/// How uploads stand, for reports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UploadStatus {
    /// Files that are not confirmed.
    pub waiting: u32,
    /// Their bytes.
    pub waiting_bytes: u64,
    /// The last error, English; empty when all is well.
    pub error: String,
}

/// The uploader. One a gatherer.
pub struct Uploader {
    /// The site.
    pub site: Arc<Site>,
    /// The ledger.
    pub ledger: Ledger,
    /// Settings; the newest count.
    pub settings: watch::Receiver<UploadSettings>,
    /// Wakes it: a slice was closed, or the site is back.
    pub wake: Arc<Notify>,
    /// Files at a time.
    pub at_once: usize,
    /// Told after every change.
    pub status: watch::Sender<UploadStatus>,
}

/// When what may be tried again.
#[derive(Debug, Default)]
struct Pauses {
    all: Backoff,
    all_until: Option<Instant>,
    one: HashMap<String, (Backoff, Instant)>,
}

impl Uploader {
    /// Runs until the token is cancelled. An upload that is cut off goes on at its offset at the next start.
    pub async fn run(self, token: CancellationToken) {
        let mut pauses = Pauses::default();
        let mut busy: JoinSet<(String, Result<()>)> = JoinSet::new();
        let mut names: Vec<String> = Vec::new();
        loop {
            let next = self.start_more(&mut busy, &mut names, &pauses).await;
            self.tell(None).await;
            tokio::select! {
                () = token.cancelled() => return,
                () = self.wake.notified() => pauses.all_until = None,
                Some(done) = busy.join_next() => {
                    let Ok((slice_id, result)) = done else {
                        // A task that panicked has no name to give back: forget all names of tasks that are gone.
                        if busy.is_empty() { names.clear() }
                        continue;
                    };
                    names.retain(|name| *name != slice_id);
                    self.learn(&mut pauses, &slice_id, result).await;
                }
                () = sleep_until(next) => {}
            }
        }
    }

    /// Starts what may be started; the moment when something else may.
    async fn start_more(
        &self,
        busy: &mut JoinSet<(String, Result<()>)>,
        names: &mut Vec<String>,
        pauses: &Pauses,
    ) -> Option<Instant> {
        let now = Instant::now();
        if let Some(until) = pauses.all_until.filter(|until| now < *until) {
            return Some(until);
        }
        let rows = match self.ledger.queue().await {
            Ok(rows) => rows,
            Err(error) => {
                warn!(%error, "Cannot read the upload queue");
                return Some(now + REFUSED_PAUSE);
            }
        };
        let mut next: Option<Instant> = None;
        for row in rows {
            let slice_id = row.facts.slice_id.clone();
            if busy.len() >= self.at_once || names.contains(&slice_id) {
                continue;
            }
            if let Some((_, until)) = pauses.one.get(&slice_id).filter(|(_, until)| now < *until) {
                next = Some(next.map_or(*until, |next| next.min(*until)));
                continue;
            }
            names.push(slice_id.clone());
            let job = Job { site: self.site.clone(), ledger: self.ledger.clone() };
            let storage = self.settings.borrow().storage.clone();
            busy.spawn(async move { (slice_id, job.run(row, &storage).await) });
        }
        next
    }

    async fn learn(&self, pauses: &mut Pauses, slice_id: &str, result: Result<()>) {
        let Err(error) = result else {
            pauses.all.reset();
            pauses.one.remove(slice_id);
            self.tell(Some(String::new())).await;
            return;
        };
        warn!(slice.id = slice_id, %error, "Slice {slice_id} is not on the site yet: {error}");
        let now = Instant::now();
        let reconnect = self.settings.borrow().reconnect;
        match &error {
            GatherError::Unreachable { .. } | GatherError::StorageFull => {
                // Without 自动重连 it waits for the next closed slice, the link or a restart.
                let pause = if reconnect { pauses.all.next() } else { Duration::from_secs(86_400) };
                pauses.all_until = Some(now + pause);
            }
            other => {
                let permanent = matches!(other, GatherError::Refused { status: 400..500, .. })
                    && !other.is_unauthorized();
                let (backoff, until) =
                    pauses.one.entry(slice_id.to_owned()).or_insert_with(|| (Backoff::default(), now));
                *until = now + if permanent { REFUSED_PAUSE } else { backoff.next() };
            }
        }
        self.tell(Some(error.to_string())).await;
    }

    async fn tell(&self, error: Option<String>) {
        let Ok((waiting, waiting_bytes)) = self.ledger.waiting().await else { return };
        self.status.send_if_modified(|status| {
            let error = match error {
                Some(error) => error,
                None if waiting == 0 => String::new(),
                None => status.error.clone(),
            };
            let new = UploadStatus { waiting, waiting_bytes, error };
            let changed = *status != new;
            *status = new;
            changed
        });
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

/// One slice on its way. Each step may be repeated after a crash.
struct Job {
    site: Arc<Site>,
    ledger: Ledger,
}

impl Job {
    async fn run(&self, mut row: SliceRow, storage: &Url) -> Result<()> {
        let slice_id = row.facts.slice_id.clone();
        loop {
            match row.state {
                SliceState::Closed => self.store(&row, storage).await?,
                SliceState::Stored => self.register(&row).await?,
                SliceState::Registered => self.delete(&row).await?,
                SliceState::Open | SliceState::Deleted | SliceState::Damaged => return Ok(()),
            }
            row = match self.ledger.get(&slice_id).await? {
                Some(row) => row,
                None => return Ok(()),
            };
        }
    }

    async fn store(&self, row: &SliceRow, storage: &Url) -> Result<()> {
        if !row.file().exists() {
            return self
                .ledger
                .damaged(&row.facts.slice_id, "its file vanished before it was uploaded")
                .await;
        }
        if row.has_still && row.still_receipt.is_none() {
            self.store_still(row, storage).await?;
        }
        let slice_id = &row.facts.slice_id;
        let upload = Upload {
            path: row.file(),
            size_bytes: row.facts.size_bytes as u64,
            sha256: row.facts.sha256.clone(),
            kind: "slice",
        };
        let remember =
            |url: Option<String>| async move { self.ledger.uploading(slice_id, url.as_deref()).await };
        let begun = Instant::now();
        match tus::upload(&self.site, storage, &upload, row.upload_url.as_deref(), remember).await? {
            Uploaded::Receipt(receipt) => {
                let (size_bytes, took_ms) = (upload.size_bytes, begun.elapsed().as_millis() as u64);
                info!(slice.id = slice_id, size_bytes, took_ms, "Uploaded slice {slice_id}");
                self.ledger.stored(slice_id, &receipt).await
            }
            Uploaded::HashMismatch => {
                warn!(
                    slice.id = slice_id,
                    "Storage got other bytes of slice {slice_id}; hashing the file anew"
                );
                let (size_bytes, sha256) = hash_in_background(row.file()).await?;
                self.ledger.rehashed(slice_id, size_bytes, &sha256).await?;
                Err(GatherError::Slice { slice_id: slice_id.clone(), why: "storage got other bytes".into() })
            }
        }
    }

    async fn store_still(&self, row: &SliceRow, storage: &Url) -> Result<()> {
        let slice_id = &row.facts.slice_id;
        let Ok((size_bytes, sha256)) = hash_in_background(row.still()).await else {
            return self.ledger.no_still(slice_id).await;
        };
        let upload = Upload { path: row.still(), size_bytes: size_bytes as u64, sha256, kind: "still" };
        let remember =
            |url: Option<String>| async move { self.ledger.still_uploading(slice_id, url.as_deref()).await };
        match tus::upload(&self.site, storage, &upload, row.still_upload_url.as_deref(), remember).await {
            Ok(Uploaded::Receipt(receipt)) => self.ledger.still_stored(slice_id, &receipt).await,
            Ok(Uploaded::HashMismatch) => self.ledger.no_still(slice_id).await,
            // A picture is no reason to keep a lesson from the site.
            Err(error @ GatherError::Refused { status: 400..500, .. }) if !error.is_unauthorized() => {
                warn!(slice.id = slice_id, %error, "Storage does not take the still of slice {slice_id}");
                self.ledger.no_still(slice_id).await
            }
            Err(error) => Err(error),
        }
    }

    async fn register(&self, row: &SliceRow) -> Result<()> {
        let slice_id = &row.facts.slice_id;
        let notice = SliceNotice {
            facts: row.facts.clone(),
            receipt: row.receipt.clone().unwrap_or_default(),
            still_receipt: row.still_receipt.clone(),
        };
        let ack = match self.site.slice(&notice).await {
            Ok(ack) => ack,
            Err(error) if error.code() == Some("bad_receipt") => {
                // The receipt may just be old: the finished upload gives a new one. Refused again, it starts anew.
                self.ledger.unstored(slice_id, row.note != RECEIPT_REFUSED).await?;
                self.ledger.note(slice_id, RECEIPT_REFUSED).await?;
                let why = RECEIPT_REFUSED.to_owned();
                return Err(GatherError::Slice { slice_id: slice_id.clone(), why });
            }
            Err(error) => return Err(error),
        };
        let same = ack.slice_id == *slice_id
            && ack.size_bytes == row.facts.size_bytes
            && ack.sha256 == row.facts.sha256;
        if !same {
            let why = "the site answered with another size or hash; the file stays here".to_owned();
            return Err(GatherError::Slice { slice_id: slice_id.clone(), why });
        }
        info!(slice.id = slice_id, "Slice {slice_id} is on the site");
        self.ledger.registered(slice_id).await
    }

    async fn delete(&self, row: &SliceRow) -> Result<()> {
        for path in [row.file(), row.still()] {
            remove(&path)?;
        }
        self.ledger.deleted(&row.facts.slice_id).await
    }
}

/// Removes a file that may be gone already, durably.
fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Ok(()) => disk::sync_parent(path).map_err(GatherError::io("removing", path)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(GatherError::Io { doing: "removing", path: path.to_owned(), source }),
    }
}

async fn hash_in_background(path: std::path::PathBuf) -> Result<(i64, String)> {
    let hashed = tokio::task::spawn_blocking(move || hash_file(&path)).await;
    hashed.map_err(|e| GatherError::System { doing: "hashing a file", why: e.to_string() })?
}
