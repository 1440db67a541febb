//! HLS from memory, made only while somebody asks for it.
//!
//! The first playlist request starts a task that reads the ring from its oldest keyframe, so a warm stream has a
//! playlist at once. It ends when no HLS viewer was heard of for a lease.

use crate::ring::Content;
use crate::stream::{Stream, lock};
use base::Tasks;
use bytes::Bytes;
use media::Track;
use media::format::hls::{Segmenter, SegmenterLimits};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tracing::{debug, info};

/// How often the task looks whether anybody still asks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A file of the playlist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Init(u64),
    Segment(u64),
}

impl Part {
    /// `init-5.mp4` or `123.m4s`.
    pub(crate) fn from_file(file: &str) -> Option<Self> {
        if let Some(number) = file.strip_suffix(".m4s") {
            return number.parse().ok().map(Self::Segment);
        }
        file.strip_prefix("init-")?.strip_suffix(".mp4")?.parse().ok().map(Self::Init)
    }
}

/// The segments of one stream while they are asked for.
pub(crate) struct Hls {
    /// Added to the segmenter's numbers: the Unix time of the beginning in seconds. Segments are at least a second
    /// long on average, so a stream's numbers go up over the lives of this object, as players and caches expect.
    base: u64,
    segmenter: Mutex<Segmenter>,
    /// Counts finished segments.
    changed: watch::Sender<u64>,
    viewers: Mutex<HashMap<String, Instant>>,
    lease: Duration,
    first_within: Duration,
    over: AtomicBool,
}

/// The stream's HLS, begun if it must be; `viewer` counts as a viewer of it.
pub(crate) fn of(stream: &Arc<Stream>, tasks: &Tasks, viewer: &str) -> Arc<Hls> {
    let mut slot = lock(&stream.hls);
    let hls = match slot.as_ref().filter(|hls| !hls.over.load(Relaxed)) {
        Some(hls) => hls.clone(),
        None => {
            let hls = Arc::new(Hls::new(stream));
            *slot = Some(hls.clone());
            tasks.spawn(format!("live hls {}", stream.name), follow(stream.clone(), hls.clone()));
            hls
        }
    };
    lock(&hls.viewers).insert(viewer.to_owned(), Instant::now());
    hls
}

impl Hls {
    fn new(stream: &Stream) -> Self {
        let target_ms = stream.config.hls_segment.as_millis() as i64;
        let limits =
            SegmenterLimits { target_ms, window: stream.config.hls_window, ..SegmenterLimits::default() };
        Self {
            base: (base::now_ms() / 1000) as u64,
            segmenter: Mutex::new(Segmenter::new(limits)),
            changed: watch::Sender::new(0),
            viewers: Mutex::new(HashMap::new()),
            lease: stream.config.times.lease,
            first_within: stream.config.times.start_timeout,
            over: AtomicBool::new(false),
        }
    }

    /// Viewers heard of within a lease.
    pub(crate) fn viewers(&self) -> Vec<String> {
        let mut viewers = lock(&self.viewers);
        viewers.retain(|_, heard| heard.elapsed() < self.lease);
        viewers.keys().cloned().collect()
    }

    pub(crate) fn leave(&self, viewer: &str) {
        lock(&self.viewers).remove(viewer);
    }

    /// The playlist, as soon as it has a segment; its addresses are relative to `/live/` and carry the token.
    pub(crate) async fn playlist(&self, name: &str, token: &str) -> Option<String> {
        let mut changed = self.changed.subscribe();
        let segment = async { changed.wait_for(|&count| count > 0 || self.over.load(Relaxed)).await.is_ok() };
        if !tokio::time::timeout(self.first_within, segment).await.unwrap_or(false) {
            return None;
        }
        let base = self.base;
        let segmenter = lock(&self.segmenter);
        let first = segmenter.window().next()?.sequence;
        let text = segmenter.playlist(
            |number| format!("{name}/{}.m4s?token={token}", base + number),
            |version| format!("{name}/init-{}.mp4?token={token}", base + u64::from(version)),
            |_| None,
            false,
        );
        let own = format!("#EXT-X-MEDIA-SEQUENCE:{first}\n");
        Some(text.replacen(&own, &format!("#EXT-X-MEDIA-SEQUENCE:{}\n", base + first), 1))
    }

    pub(crate) fn part(&self, part: Part) -> Option<Bytes> {
        let segmenter = lock(&self.segmenter);
        match part {
            Part::Segment(number) => {
                segmenter.segment(number.checked_sub(self.base)?).map(|s| s.bytes.clone())
            }
            Part::Init(number) => {
                let version = u32::try_from(number.checked_sub(self.base)?).ok()?;
                segmenter.init(version).cloned()
            }
        }
    }
}

/// Feeds the segmenter from the ring until nobody asks, the stream fails or the server stops.
async fn follow(stream: Arc<Stream>, hls: Arc<Hls>) {
    info!(stream = %stream.name, "HLS of `{}` began", stream.name);
    let mut flushed = stream.flushed.subscribe();
    let failures = stream.failures();
    let (mut next, mut tracks) = (None, Vec::new());
    loop {
        flushed.borrow_and_update();
        if stream.over.load(Relaxed) || stream.failures() != failures || hls.viewers().is_empty() {
            break;
        }
        let read = lock(&stream.ring).follow(next);
        if let Some(read) = read {
            next = Some(read.next);
            let mut segmenter = lock(&hls.segmenter);
            let mut closed = 0;
            if read.lost {
                segmenter.restart();
            }
            if !read.tracks.is_empty() {
                tracks = read.tracks;
                segmenter.set_tracks(&tracks);
            }
            for entry in &read.entries {
                match &entry.content {
                    Content::Track(track) => {
                        replace(&mut tracks, track);
                        segmenter.set_tracks(&tracks);
                    }
                    Content::Packet(packet) => closed += u64::from(segmenter.push(packet)),
                }
            }
            drop(segmenter);
            if closed > 0 {
                hls.changed.send_modify(|count| *count += closed);
            }
        }
        let _ = tokio::time::timeout(LOOK_EVERY, flushed.changed()).await;
    }
    hls.over.store(true, Relaxed);
    hls.changed.send_modify(|_| ());
    let mut slot = lock(&stream.hls);
    if slot.as_ref().is_some_and(|current| Arc::ptr_eq(current, &hls)) {
        *slot = None;
    }
    debug!(stream = %stream.name, "HLS of `{}` ended", stream.name);
}

/// Video stays before audio, as init segments are written.
fn replace(tracks: &mut Vec<Track>, track: &Track) {
    tracks.retain(|t| t.kind() != track.kind());
    tracks.push(track.clone());
    tracks.sort_by_key(Track::kind);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_names_of_its_parts_and_no_others() {
        assert_eq!(Part::from_file("123.m4s"), Some(Part::Segment(123)));
        assert_eq!(Part::from_file("init-5.mp4"), Some(Part::Init(5)));
        for other in ["", ".m4s", "init-.mp4", "-1.m4s", "x.m4s", "init-5.m4s", "5.mp4"] {
            assert_eq!(Part::from_file(other), None, "{other}");
        }
    }
}
