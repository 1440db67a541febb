//! 通道截图: a running channel's newest keyframe as a JPEG on the site, every few minutes (R-GAT-25).
//!
//! One loop a channel, so that never more than one picture of it is under way.

use crate::channel::ChannelStatus;
use crate::disk;
use crate::error::{GatherError, Result};
use crate::feed::{Feed, FeedItem, Start};
use crate::ffmpeg;
use crate::record::finish::hex;
use crate::site::Site;
use crate::upload::tus::{self, Upload, Uploaded};
use base::CancellationToken;
use media::{Packet, Track};
use model::ChannelId;
use relay_proto::ChannelPhase;
use relay_proto::site::SnapshotNotice;
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tracing::{debug, warn};
use url::Url;

/// From the first packets to the first picture: exposure and focus of a camera that was just switched on.
const FIRST_AFTER: Duration = Duration::from_secs(2);
/// A failed picture is tried again after this, or at the next regular moment if that is sooner.
const AGAIN_AFTER: Duration = Duration::from_secs(30);
/// Longest wait for a keyframe.
const KEYFRAME_WITHIN: Duration = Duration::from_secs(20);
/// Frames after the keyframe that the decoder may be given before it must have shown one.
const FOLLOWING_MAX: usize = 3;

/// What the site decides about snapshots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotSettings {
    /// Between two pictures.
    pub every: Duration,
    /// Base address of storage.
    pub storage: Url,
}

/// Takes the pictures of one channel.
pub struct Snapshots {
    /// Which channel.
    pub channel: ChannelId,
    /// Its packets.
    pub feed: Feed,
    /// How it stands.
    pub status: watch::Receiver<ChannelStatus>,
    /// Settings; the newest count.
    pub settings: watch::Receiver<SnapshotSettings>,
    /// The site.
    pub site: Arc<Site>,
    /// Directories for the file on its way; the roomiest is used (R-GAT-26).
    pub spools: Arc<[PathBuf]>,
}

impl Snapshots {
    /// Runs until the token is cancelled or the channel is gone.
    pub async fn run(mut self, token: CancellationToken) {
        tokio::select! {
            () = token.cancelled() => {}
            () = self.take_all() => {}
        }
    }

    async fn take_all(&mut self) {
        let mut pause = FIRST_AFTER;
        loop {
            if self.status.wait_for(|status| status.phase == ChannelPhase::Running).await.is_err() {
                return;
            }
            if !self.wait(pause).await {
                pause = FIRST_AFTER;
                continue;
            }
            let every = self.settings.borrow().every;
            pause = match self.take_one().await {
                Ok(()) => every,
                Err(error) => {
                    let channel = self.channel;
                    warn!(channel.id = %channel, %error, "No snapshot of channel {channel}: {error}");
                    every.min(AGAIN_AFTER)
                }
            };
        }
    }

    /// Waits; false when the channel stopped running meanwhile. A new interval counts from its arrival.
    async fn wait(&mut self, mut pause: Duration) -> bool {
        loop {
            let gone = self.status.wait_for(|status| status.phase != ChannelPhase::Running);
            tokio::select! {
                _ = gone => return false,
                () = tokio::time::sleep(pause) => return true,
                changed = self.settings.changed() => {
                    let every = self.settings.borrow_and_update().every;
                    if changed.is_err() {
                        return false;
                    }
                    pause = pause.min(every);
                }
            }
        }
    }

    async fn take_one(&self) -> Result<()> {
        let failed = |why: &str| GatherError::System { doing: "taking a snapshot", why: why.to_owned() };
        let found = tokio::time::timeout(KEYFRAME_WITHIN, self.last_keyframe()).await;
        let (tracks, packets, taken_at_ms) =
            found.map_err(|_| failed("no keyframe came"))?.ok_or_else(|| failed("the channel stopped"))?;
        let decoded = tokio::task::spawn_blocking(move || ffmpeg::decode_still(&tracks, &packets)).await;
        let still = decoded.map_err(|e| failed(&e.to_string()))?.map_err(|e| failed(&e.to_string()))?;

        let dir = disk::roomiest(&self.spools).ok_or_else(|| failed("no spool directory"))?;
        let path = dir.join(format!("{}.snapshot", self.channel.stream()));
        tokio::fs::write(&path, &still.jpeg).await.map_err(GatherError::io("writing", &path))?;
        let upload = Upload {
            path: path.clone(),
            size_bytes: still.jpeg.len() as u64,
            sha256: hex(&Sha256::digest(&still.jpeg)),
            kind: "snapshot",
        };
        let sent = self.send(&upload, taken_at_ms).await;
        // The next one overwrites it anyway.
        let _ = tokio::fs::remove_file(&path).await;
        sent
    }

    async fn send(&self, upload: &Upload, taken_at_ms: i64) -> Result<()> {
        let storage = self.settings.borrow().storage.clone();
        let forget = |_: Option<String>| std::future::ready(Ok(()));
        match tus::upload(&self.site, &storage, upload, None, forget).await? {
            Uploaded::Receipt(receipt) => {
                let channel_id = self.channel;
                self.site.snapshot(&SnapshotNotice { channel_id, receipt, taken_at_ms }).await?;
                debug!(channel.id = %channel_id, "Snapshot of channel {channel_id} is on the site");
                Ok(())
            }
            Uploaded::HashMismatch => Err(GatherError::System {
                doing: "uploading a snapshot",
                why: "storage got other bytes".to_owned(),
            }),
        }
    }

    /// Tracks, the newest keyframe with up to three frames behind it, and when it was received.
    async fn last_keyframe(&self) -> Option<(Arc<[Track]>, Vec<Packet>, i64)> {
        let mut reader = self.feed.read(Start::LastKeyframe);
        let mut tracks: Option<Arc<[Track]>> = None;
        let mut packets = Vec::new();
        let mut taken_at_ms = 0;
        loop {
            // Behind the keyframe only what is there already.
            let item = match packets.is_empty() {
                true => reader.next().await,
                false => match reader.try_next() {
                    Some(item) => item,
                    None => return Some((tracks?, packets, taken_at_ms)),
                },
            };
            match item {
                FeedItem::Tracks(new) if packets.is_empty() => tracks = Some(new),
                FeedItem::Packet(fed) if packets.is_empty() && fed.packet.starts_gop() => {
                    taken_at_ms = fed.received_at_ms;
                    packets.push(fed.packet.clone());
                }
                FeedItem::Packet(fed)
                    if !packets.is_empty() && fed.packet.kind == media::TrackKind::Video =>
                {
                    packets.push(fed.packet.clone());
                    if packets.len() > FOLLOWING_MAX {
                        return Some((tracks?, packets, taken_at_ms));
                    }
                }
                FeedItem::Closed if packets.is_empty() => return None,
                FeedItem::Tracks(_) | FeedItem::Closed => return Some((tracks?, packets, taken_at_ms)),
                FeedItem::Packet(_) | FeedItem::Lost(_) | FeedItem::Skipped { .. } => {}
            }
        }
    }
}
