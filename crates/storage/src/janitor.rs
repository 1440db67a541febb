//! Removing what nobody will finish or ask for any more.

use crate::upload::{Standing, Upload};
use crate::volume::blocking;
use crate::{ObjectId, Result, Storage, StorageError};
use std::future::Future;

/// What one round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Round {
    /// Unfinished uploads that were removed.
    pub expired: u32,
    /// Sidecars of finished uploads that were removed.
    pub forgotten: u32,
}

impl Storage {
    /// One round now: removes uploads older than [`crate::Limits::keep`], sidecars of finished ones, and stray files.
    /// Gives how many uploads went. [`Storage::run_janitor`] does it regularly.
    pub async fn clean(&self, now_ms: i64) -> Result<u32> {
        let (storage, oldest_ms) = (self.clone(), now_ms.saturating_sub(self.limits().keep_ms()));
        let round = blocking(move || clean(&storage, oldest_ms)).await?;
        if round != Round::default() {
            let Round { expired, forgotten } = round;
            tracing::info!(
                expired,
                forgotten,
                "Removed {expired} expired uploads and forgot {forgotten} finished ones"
            );
        }
        Ok(round.expired + round.forgotten)
    }

    /// Cleans now and every [`crate::Limits::janitor_every`] until `stop` resolves.
    pub async fn run_janitor(self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        loop {
            if let Err(e) = self.clean(base::clock::now_ms()).await {
                tracing::warn!(error = %e, "The janitor failed, it will try again: {e}");
            }
            tokio::select! {
                () = &mut stop => return,
                () = tokio::time::sleep(self.limits().janitor_every) => {}
            }
        }
    }
}

fn clean(storage: &Storage, oldest_ms: i64) -> Result<Round> {
    let failed = |e| StorageError::io("looking through uploads", e);
    let mut round = Round::default();
    for entry in std::fs::read_dir(storage.volume().incoming()).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        match name.strip_suffix(".json").and_then(ObjectId::parse) {
            Some(id) => clean_upload(storage, &id, oldest_ms, &mut round)?,
            // A crash can leave a file whose sidecar was not written, or a temporary sidecar.
            None => {
                let whose = ObjectId::parse(name.split('.').next().unwrap_or(""));
                let lonely = whose.is_some_and(|id| {
                    matches!(Upload::load(storage.volume(), &id), Err(StorageError::NotFound))
                });
                let modified = entry.metadata().and_then(|m| m.modified()).ok();
                let age = modified.and_then(|m| m.duration_since(std::time::UNIX_EPOCH).ok());
                if lonely && age.is_some_and(|age| (age.as_millis() as i64) < oldest_ms) {
                    std::fs::remove_file(entry.path()).map_err(failed)?;
                }
            }
        }
    }
    Ok(round)
}

fn clean_upload(storage: &Storage, id: &ObjectId, oldest_ms: i64, round: &mut Round) -> Result<()> {
    // An unreadable sidecar is left for a person to look at; it must not stop the round.
    let Ok(upload) = Upload::load(storage.volume(), id) else { return Ok(()) };
    let since_ms = upload.sidecar.finished_at_ms.unwrap_or(upload.sidecar.created_at_ms);
    if since_ms > oldest_ms {
        return Ok(());
    }
    let Some(_place) = storage.locks().take_now(id) else { return Ok(()) };
    match upload.standing() {
        Ok(Standing::At(_)) => round.expired += 1,
        _ => round.forgotten += 1,
    }
    upload.remove()
}
