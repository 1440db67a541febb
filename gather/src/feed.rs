//! One shared ring a channel, between its source and whoever uses the packets: recorder, pusher, snapshots.
//!
//! The source never waits for a reader. A reader that falls too far behind is told how much it missed and goes on at a
//! keyframe. Cloned items share their bytes. Times that leave the feed rise strictly per track, whatever the camera
//! does with its clock (`feed/timeline.rs`).

mod ring;
mod timeline;

use media::{Packet, Track};
use relay_proto::ChannelCause;
use ring::Ring;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::Notify;

/// How much a feed keeps.
#[derive(Debug, Clone, Copy)]
pub struct FeedBounds {
    /// GOPs kept for readers yet to come, the growing one counted.
    pub gops: usize,
    /// Packets kept for readers yet to come.
    pub packets: usize,
    /// Bytes kept for readers yet to come.
    pub bytes: usize,
    /// Packets kept at most for a slow reader before it is made to skip.
    pub lag_packets: usize,
    /// Bytes kept at most for a slow reader before it is made to skip.
    pub lag_bytes: usize,
}

impl Default for FeedBounds {
    /// 3 whole GOPs and the growing one, 2500 packets (three GOPs of 10 s at 30 fps with AAC), 16 MiB; a reader may lag
    /// by 32 MiB, a minute at 4 Mbit/s: a disk that stalls longer has lost its recording anyway.
    fn default() -> Self {
        Self { gops: 4, packets: 2500, bytes: 16 << 20, lag_packets: 10_000, lag_bytes: 32 << 20 }
    }
}

/// When a packet reached this machine.
#[derive(Debug, Clone, Copy)]
pub struct Received {
    /// Wall clock, Unix ms: for file names and lessons.
    pub at_ms: i64,
    /// Monotonic: for spans.
    pub instant: Instant,
}

impl Received {
    /// Now, by both clocks.
    pub fn now() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { at_ms: wall.as_millis() as i64, instant: Instant::now() }
    }
}

/// A packet in the feed.
#[derive(Debug, Clone)]
pub struct Fed {
    /// The packet; its dts rises strictly within its track.
    pub packet: Packet,
    /// When it reached this machine: wall clock, Unix ms.
    pub received_at_ms: i64,
}

/// What a reader gets.
#[derive(Debug, Clone)]
pub enum FeedItem {
    /// The tracks of the packets that follow, video first. Comes before the first packet and whenever they change.
    Tracks(Arc<[Track]>),
    /// The next packet.
    Packet(Arc<Fed>),
    /// The source broke off here. What follows is a new connection: its first video packet may be no keyframe, and
    /// media time has gone on by the monotonic clock.
    Lost(ChannelCause),
    /// This reader was too slow: so many items are gone. What follows starts at a keyframe.
    Skipped {
        /// Items missed.
        packets: u64,
    },
    /// The channel was stopped or changed its source for good; nothing follows.
    Closed,
}

/// Where a reader begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With the next packet that arrives, keyframe or not.
    Now,
    /// With the newest keyframe kept; with the next one to come when none is kept.
    LastKeyframe,
    /// So many keyframes back (1 is the newest, more than kept is the oldest).
    Back {
        /// Keyframes to go back.
        gops: usize,
    },
}

struct Shared {
    ring: Mutex<Ring>,
    news: Notify,
}

/// The writing end, and the place to get readers from. Clones are the same feed.
#[derive(Clone)]
pub struct Feed(Arc<Shared>);

impl Feed {
    /// An empty feed.
    pub fn new(bounds: FeedBounds) -> Self {
        Self(Arc::new(Shared { ring: Mutex::new(Ring::new(bounds)), news: Notify::new() }))
    }

    /// The tracks of the packets to come. Says nothing when they are the same as before.
    pub fn tracks(&self, tracks: Vec<Track>) {
        self.lock().set_tracks(tracks);
    }

    /// One packet, with the source's own times.
    pub fn packet(&self, packet: Packet, received: Received) {
        self.lock().push(packet, received);
        self.0.news.notify_waiters();
    }

    /// The source broke off. Its packets are no place to start from any more.
    pub fn lost(&self, cause: ChannelCause) {
        self.lock().lost(cause);
        self.0.news.notify_waiters();
    }

    /// The end: every reader drains what it has, then gets [`FeedItem::Closed`] for ever.
    pub fn close(&self) {
        self.lock().close();
        self.0.news.notify_waiters();
    }

    /// A reader of its own pace.
    pub fn read(&self, start: Start) -> FeedReader {
        let id = self.lock().add_reader(start);
        FeedReader { shared: self.0.clone(), id }
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        lock(&self.0)
    }
}

/// A std mutex: nothing awaits while it is held, and every section is short. A writer that panicked left a ring that
/// still holds together, so poison is passed over.
fn lock(shared: &Shared) -> MutexGuard<'_, Ring> {
    shared.ring.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One reader of a [`Feed`]. Dropping it lets go of what was kept for it.
pub struct FeedReader {
    shared: Arc<Shared>,
    id: u64,
}

impl FeedReader {
    /// The next item; waits for one. Cancel safe: an item is either returned or still there.
    pub async fn next(&mut self) -> FeedItem {
        loop {
            let mut news = std::pin::pin!(self.shared.news.notified());
            news.as_mut().enable();
            if let Some(item) = lock(&self.shared).take(self.id) {
                return item;
            }
            news.await;
        }
    }

    /// The next item if there is one already.
    pub fn try_next(&mut self) -> Option<FeedItem> {
        lock(&self.shared).take(self.id)
    }
}

impl Drop for FeedReader {
    fn drop(&mut self) {
        lock(&self.shared).remove_reader(self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use media::{DecoderConfig, MediaTime, TrackKind};
    use std::time::Duration;

    pub(super) fn video(ms: i64, key: bool) -> Packet {
        let data = Bytes::from(vec![0; 100]);
        Packet { kind: TrackKind::Video, dts: MediaTime::from_ms(ms), composition_offset: 0, key, data }
    }

    fn track(width: u16) -> Track {
        let config = DecoderConfig::H264(Bytes::from_static(b"x"));
        Track { config, timescale: 1000, width, height: 9, sample_rate: 0, channels: 0 }
    }

    /// Pushes frames of 40 ms, a keyframe each `gop`, with clocks that agree.
    fn fill(feed: &Feed, from: i64, count: i64, gop: i64) {
        let zero = Instant::now();
        for i in from..from + count {
            let instant = zero + Duration::from_millis((i - from) as u64 * 40);
            feed.packet(video(i * 40, i % gop == 0), Received { at_ms: i * 40, instant });
        }
    }

    fn drain(reader: &mut FeedReader) -> Vec<String> {
        std::iter::from_fn(|| reader.try_next())
            .map(|item| match item {
                FeedItem::Tracks(tracks) => format!("tracks {}", tracks[0].width),
                FeedItem::Packet(fed) => {
                    format!("{}{}", fed.received_at_ms, if fed.packet.key { "K" } else { "" })
                }
                FeedItem::Lost(cause) => format!("lost {cause:?}"),
                FeedItem::Skipped { packets } => format!("skipped {packets}"),
                FeedItem::Closed => "closed".into(),
            })
            .take_while(|text| text != "closed")
            .collect()
    }

    #[test]
    fn a_reader_starts_where_it_asked_and_hears_the_tracks_first() {
        let feed = Feed::new(FeedBounds { gops: 3, ..FeedBounds::default() });
        feed.tracks(vec![track(16)]);
        fill(&feed, 0, 17, 5);
        assert_eq!(drain(&mut feed.read(Start::LastKeyframe)), ["tracks 16", "600K", "640"]);
        assert_eq!(drain(&mut feed.read(Start::Back { gops: 2 }))[..2], ["tracks 16", "400K"]);
        assert_eq!(drain(&mut feed.read(Start::Back { gops: 9 }))[1], "200K", "the oldest of three");
        let mut now = feed.read(Start::Now);
        assert!(drain(&mut now).is_empty());
        fill(&feed, 17, 1, 5);
        assert_eq!(drain(&mut now), ["tracks 16", "680"]);
    }

    #[test]
    fn changed_tracks_come_before_their_first_packet_only() {
        let feed = Feed::new(FeedBounds::default());
        feed.tracks(vec![track(16)]);
        fill(&feed, 0, 1, 5);
        feed.tracks(vec![track(16)]);
        feed.tracks(vec![track(32)]);
        fill(&feed, 1, 1, 1);
        assert_eq!(drain(&mut feed.read(Start::Back { gops: 9 })), ["tracks 16", "0K", "tracks 32", "40K"]);
        assert_eq!(drain(&mut feed.read(Start::LastKeyframe)), ["tracks 32", "40K"]);
    }

    #[test]
    fn a_slow_reader_skips_to_a_keyframe_and_holds_nobody_up() {
        let feed = Feed::new(FeedBounds { gops: 1, lag_packets: 12, ..FeedBounds::default() });
        feed.tracks(vec![track(16)]);
        let mut slow = feed.read(Start::Now);
        fill(&feed, 0, 12, 5);
        assert_eq!(drain(&mut slow).len(), 13, "within its lag it misses nothing");
        fill(&feed, 12, 18, 5);
        assert_eq!(drain(&mut slow)[..2], ["skipped 8", "800K"], "up to the keyframe");
    }

    #[test]
    fn packets_before_a_loss_are_no_place_to_start() {
        let feed = Feed::new(FeedBounds::default());
        feed.tracks(vec![track(16)]);
        let mut old = feed.read(Start::Now);
        fill(&feed, 0, 3, 5);
        feed.lost(ChannelCause::Lost);
        let mut fresh = feed.read(Start::LastKeyframe);
        assert!(drain(&mut fresh).is_empty());
        fill(&feed, 4, 2, 5);
        assert_eq!(drain(&mut fresh), ["tracks 16", "200K"], "waits for a keyframe");
        assert_eq!(drain(&mut old), ["tracks 16", "0K", "40", "80", "lost Lost", "160", "200K"]);
        feed.close();
        assert!(matches!(old.try_next(), Some(FeedItem::Closed)));
    }

    #[tokio::test]
    async fn a_waiting_reader_wakes() {
        let feed = Feed::new(FeedBounds::default());
        feed.tracks(vec![track(16)]);
        let mut reader = feed.read(Start::LastKeyframe);
        let task = tokio::spawn(async move { (reader.next().await, reader.next().await) });
        tokio::task::yield_now().await;
        fill(&feed, 0, 1, 5);
        assert!(matches!(task.await.unwrap(), (FeedItem::Tracks(_), FeedItem::Packet(_))));
    }
}
