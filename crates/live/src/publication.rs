//! A publisher's hold on a stream.

use crate::ask::{PublishPass, Refused};
use crate::on_demand::Event;
use crate::stream::{Stream, lock};
use bytes::Bytes;
use media::TrackKind;
use media::format::flv::{self, FlvKind, FlvTracks};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// Messages in a row that cannot be read before the publisher is sent away; a camera's hiccup is shorter.
const MAX_BAD_MESSAGES: u32 = 50;

/// Who publishes a stream now.
pub(crate) struct Slot {
    id: u64,
    publisher: String,
    epoch: u64,
    pub replaced: CancellationToken,
    pub since_ms: i64,
}

/// Held by the publisher's connection; dropping it ends the publication.
pub(crate) struct Publication {
    stream: Arc<Stream>,
    id: u64,
    tracks: FlvTracks,
    replaced: CancellationToken,
    audio_refused: bool,
    bad_messages: u32,
    flushed_at: Instant,
    /// Something waits for the next flush.
    unflushed: bool,
}

impl Publication {
    /// Takes the stream. Of two publishers the newer epoch wins; the same publisher may come again, for its old
    /// connection may be dead without anybody knowing.
    pub(crate) fn begin(stream: Arc<Stream>, pass: PublishPass) -> Result<Self, Refused> {
        let id = stream.new_id();
        let replaced = CancellationToken::new();
        {
            let mut slot = lock(&stream.publisher);
            if let Some(old) = slot.as_ref() {
                let newer =
                    pass.epoch > old.epoch || pass.epoch == old.epoch && pass.publisher == old.publisher;
                if !newer {
                    return Err(Refused::NewerPublisher);
                }
                info!(stream = %stream.name, "A newer publisher takes over `{}`", stream.name);
                old.replaced.cancel();
            }
            *slot = Some(Slot {
                id,
                publisher: pass.publisher,
                epoch: pass.epoch,
                replaced: replaced.clone(),
                since_ms: base::now_ms(),
            });
            // Inside the slot's lock, so that a late message of the old publisher cannot come between.
            lock(&stream.ring).begin();
        }
        Ok(Self {
            stream,
            id,
            tracks: FlvTracks::new(),
            replaced,
            audio_refused: false,
            bad_messages: 0,
            flushed_at: Instant::now(),
            unflushed: false,
        })
    }

    /// Cancelled when a newer publisher has taken over or the server stops.
    pub(crate) fn replaced(&self) -> &CancellationToken {
        &self.replaced
    }

    /// `onMetaData`: which tracks to expect.
    pub(crate) fn metadata(&mut self, body: &[u8]) {
        let has = |name: &[u8]| body.windows(name.len()).any(|w| w == name);
        let (video, audio) = (has(b"videocodecid"), has(b"audiocodecid"));
        if (video || audio) && self.is_current() {
            lock(&self.stream.ring).announce(video, audio && !self.audio_refused);
        }
    }

    /// A message of the publisher.
    ///
    /// # Errors
    /// What about it cannot be served; the publisher has to go.
    pub(crate) fn message(&mut self, kind: FlvKind, ts_ms: u32, body: &Bytes) -> Result<(), media::Error> {
        self.stream.in_bytes.fetch_add(body.len() as u64, Relaxed);
        if kind == FlvKind::Audio && self.audio_refused {
            return Ok(());
        }
        let events = match self.tracks.push(kind, ts_ms, body) {
            Ok(events) => {
                self.bad_messages = 0;
                events
            }
            Err(error) => return self.bad(kind, error),
        };
        if events.is_empty() {
            return Ok(());
        }
        let mut wake = std::mem::take(&mut self.unflushed);
        let mut now_live = false;
        let ready = {
            // The slot stays locked, so that nothing of an old publisher follows the beginning of a new one.
            let slot = lock(&self.stream.publisher);
            if slot.as_ref().is_none_or(|slot| slot.id != self.id) {
                return Ok(());
            }
            let mut ring = lock(&self.stream.ring);
            for event in events {
                match event {
                    flv::Event::Track(track) => {
                        info!(stream = %self.stream.name, codec = track.codec_name(), width = track.width,
                            height = track.height, "`{}` carries {}", self.stream.name, track.codec_name());
                        ring.set_track(track);
                    }
                    flv::Event::Packet(packet) => wake |= ring.push(packet),
                    flv::Event::End(_) => {}
                }
            }
            ring.is_ready()
        };
        if ready && !self.stream.live.swap(true, Relaxed) {
            self.stream.went_live();
            (wake, now_live) = (true, true);
        }
        if wake && (now_live || self.flushed_at.elapsed() >= self.stream.pace.pause()) {
            self.flushed_at = Instant::now();
            self.stream.flush();
        } else {
            // The next message takes it along.
            self.unflushed = wake;
        }
        Ok(())
    }

    fn bad(&mut self, kind: FlvKind, error: media::Error) -> Result<(), media::Error> {
        let fatal = kind == FlvKind::Video && matches!(error, media::Error::UnsupportedCodec(_));
        if kind == FlvKind::Audio && matches!(error, media::Error::UnsupportedCodec(_)) {
            // The picture is worth more than nothing.
            warn!(stream = %self.stream.name, "`{}` goes on without sound: {error}", self.stream.name);
            self.audio_refused = true;
            lock(&self.stream.ring).announce(true, false);
            return Ok(());
        }
        self.bad_messages += 1;
        if fatal || self.bad_messages > MAX_BAD_MESSAGES {
            return Err(error);
        }
        Ok(())
    }

    fn is_current(&self) -> bool {
        lock(&self.stream.publisher).as_ref().is_some_and(|slot| slot.id == self.id)
    }
}

impl Drop for Publication {
    fn drop(&mut self) {
        {
            let mut slot = lock(&self.stream.publisher);
            if slot.as_ref().is_none_or(|slot| slot.id != self.id) {
                return;
            }
            *slot = None;
        }
        self.stream.live.store(false, Relaxed);
        self.stream.event(Event::PublisherStopped);
    }
}

/// Names of the codecs, for people.
pub(crate) fn codec_names(tracks: &[media::Track]) -> (Option<&'static str>, Option<&'static str>) {
    let name = |kind| tracks.iter().find(|t| t.kind() == kind).map(media::Track::codec_name);
    (name(TrackKind::Video), name(TrackKind::Audio))
}
