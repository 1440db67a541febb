//! A request body into an upload's file, never into memory.

use crate::lock::Place;
use crate::tus::Checksum;
use crate::upload::{Standing, Upload};
use crate::volume::blocking;
use crate::{Limits, Result, StorageError};
use axum::body::{Body, BodyDataStream};
use futures_util::StreamExt;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncWriteExt, BufWriter};

/// Small frames of a slow link are gathered to this many bytes before they go to the disk.
const WRITE_BLOCK_BYTES: usize = 256 << 10;
/// What is read of a body whose request was refused, so that the refusal is read before the connection resets.
const DRAIN_MAX_BYTES: usize = 4 << 20;
const DRAIN_WITHIN: std::time::Duration = std::time::Duration::from_secs(2);

/// One PATCH's worth of bytes.
pub(crate) struct Chunk {
    pub body: Body,
    /// How long the client says it is, bytes.
    pub length: Option<u64>,
    /// Where the client says the upload stands.
    pub offset: u64,
    /// `Upload-Checksum` of this chunk.
    pub checksum: Option<Checksum>,
}

/// Appends a chunk, whatever happens to the connection: what has come is kept and synced before this returns. Holds
/// `place` until then. Gives the upload as it stands afterwards, finished with its last byte.
pub(crate) async fn receive(
    mut upload: Upload,
    chunk: Chunk,
    limits: Limits,
    place: Place,
) -> Result<(Upload, Standing)> {
    let Chunk { body, length, offset, checksum } = chunk;
    let mut body = body.into_data_stream();
    let looked = upload.clone();
    let file = blocking(move || match looked.standing()? {
        Standing::Finished => Ok(None),
        Standing::At(at) if at != offset => Err(StorageError::Offset { offset: at }),
        // Told beforehand that it goes past the end: not a byte of it is kept.
        Standing::At(at) if length.is_some_and(|length| length > looked.left(at)) => {
            Err(StorageError::TooLarge { max_bytes: looked.left(at) })
        }
        Standing::At(_) => looked.open_at(offset).map(Some),
    })
    .await;
    let file = match file {
        Ok(Some(file)) => file,
        Ok(None) if offset == upload.sidecar.size_bytes => return Ok((upload, Standing::Finished)),
        Ok(None) => {
            drop(place);
            drain(body).await;
            return Err(StorageError::Finished);
        }
        Err(e) => {
            drop(place);
            drain(body).await;
            return Err(e);
        }
    };
    let mut file = tokio::fs::File::from_std(file);
    let left = upload.left(offset);
    let mut hasher = checksum.is_some().then(Sha256::new);
    let copied = copy(&mut body, &mut file, left, &limits, &place, hasher.as_mut()).await;
    // Also after a failure: what was written counts, so it must be on the disk before an offset is told.
    let synced = match file.flush().await {
        Ok(()) => file.sync_data().await,
        Err(e) => Err(e),
    };
    drop(file);
    if let Err(e) = copied {
        drop(place);
        drain(body).await;
        return Err(e);
    }
    synced.map_err(|e| StorageError::io("syncing an upload", e))?;
    let wrong = checksum.zip(hasher).is_some_and(|(Checksum(want), found)| want != found.finalize()[..]);
    blocking(move || {
        let _place = place;
        if wrong {
            upload.cut_back(offset)?;
            return Err(StorageError::Checksum);
        }
        let Standing::At(at) = upload.standing()? else { return Ok((upload, Standing::Finished)) };
        upload.sniff(at)?;
        if at < upload.sidecar.size_bytes {
            return Ok((upload, Standing::At(at)));
        }
        upload.finish(base::clock::now_ms())?;
        Ok((upload, Standing::Finished))
    })
    .await
}

async fn copy(
    body: &mut BodyDataStream,
    file: &mut tokio::fs::File,
    left: u64,
    limits: &Limits,
    place: &Place,
    mut hasher: Option<&mut Sha256>,
) -> Result<()> {
    let failed = |e| StorageError::io("writing an upload", e);
    let most = left.min(limits.chunk_max_bytes);
    let mut taken = 0u64;
    let mut writer = BufWriter::with_capacity(WRITE_BLOCK_BYTES, file);
    let ended = loop {
        let frame = tokio::select! {
            frame = body.next() => frame,
            () = place.cancelled() => break Err(StorageError::Broken),
            () = tokio::time::sleep(limits.body_idle) => break Err(StorageError::Idle),
        };
        let bytes = match frame {
            None => break Ok(()),
            Some(Err(_)) => break Err(StorageError::Broken),
            Some(Ok(bytes)) => bytes,
        };
        taken += bytes.len() as u64;
        if taken > most {
            break Err(StorageError::TooLarge { max_bytes: most });
        }
        place.busy();
        if let Some(hasher) = hasher.as_mut() {
            hasher.update(&bytes);
        }
        writer.write_all(&bytes).await.map_err(failed)?;
    };
    writer.flush().await.map_err(failed)?;
    ended
}

/// Reads a little of a refused body.
pub(crate) async fn drain(mut body: BodyDataStream) {
    let read = async {
        let mut taken = 0;
        while let Some(Ok(bytes)) = body.next().await {
            taken += bytes.len();
            if taken > DRAIN_MAX_BYTES {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(DRAIN_WITHIN, read).await;
}
