//! A channel under a test's eyes: started for real, everything that leaves its feed collected.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test program uses a part of it; a broken stage should stop it"
)]

use gather::address::AddressRules;
use gather::channel::{Channel, ChannelHandle, ChannelSettings, ChannelStatus};
use gather::feed::{Fed, FeedItem, FeedReader, Start};
use media::{Track, TrackKind};
use model::channel::{Source, Transport};
use model::{ChannelId, GathererId, GradeId};
use relay_proto::ChannelPhase;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub struct Watched {
    pub handle: ChannelHandle,
    reader: FeedReader,
    pub tasks: base::Tasks,
}

pub fn rtsp(url: String) -> Source {
    login(url, "", "")
}

pub fn login(url: String, user: &str, password: &str) -> Source {
    let (user, password) = (user.to_owned(), password.to_owned());
    Source::Pull { url, user, password, transport: Transport::Tcp }
}

pub fn channel(source: Source) -> model::channel::Channel {
    model::channel::Channel {
        id: ChannelId(7),
        gatherer_id: GathererId(1),
        grade_id: GradeId(1),
        class_name: "三年级二班".into(),
        source,
        enabled: true,
    }
}

pub fn settings(data_dir: &Path, reconnect_source: bool) -> ChannelSettings {
    ChannelSettings { reconnect_source, rules: Arc::new(AddressRules::new(data_dir)) }
}

impl Watched {
    pub fn start(source: Source, data_dir: &Path) -> Self {
        Self::start_with(source, settings(data_dir, true))
    }

    pub fn start_with(source: Source, settings: ChannelSettings) -> Self {
        let tasks = base::Tasks::new();
        let handle = Channel::start(channel(source), settings, &tasks);
        let reader = handle.feed().read(Start::Now);
        Self { handle, reader, tasks }
    }

    /// Waits for a phase.
    #[track_caller]
    pub fn until(&self, phase: ChannelPhase, limit: Duration) -> impl Future<Output = ChannelStatus> + use<> {
        let (mut status, caller) = (self.handle.status(), std::panic::Location::caller());
        async move {
            let found = tokio::time::timeout(limit, status.wait_for(|status| status.phase == phase)).await;
            let found = found.map(|found| found.unwrap().clone());
            found
                .unwrap_or_else(|_| panic!("{caller}: not {phase:?} within {limit:?}: {:?}", status.borrow()))
        }
    }

    /// Everything of so much media time, from the next item on.
    pub async fn collect(&mut self, seconds: f64) -> Seen {
        let mut seen = Seen::default();
        let started = Instant::now();
        while seen.video_s() < seconds {
            let left = Duration::from_secs_f64(seconds + 20.0).saturating_sub(started.elapsed());
            let item = tokio::time::timeout(left, self.reader.next()).await;
            match item.unwrap_or_else(|_| panic!("{:?} saw only {:.1} s", self.status(), seen.video_s())) {
                FeedItem::Tracks(tracks) => seen.tracks.push(tracks),
                FeedItem::Packet(fed) => seen.packets.push(fed),
                FeedItem::Lost(_) => seen.losses += 1,
                other => panic!("{other:?}"),
            }
        }
        seen
    }

    pub fn status(&self) -> ChannelStatus {
        self.handle.status().borrow().clone()
    }
}

/// What came out of a feed.
#[derive(Default)]
pub struct Seen {
    pub tracks: Vec<Arc<[Track]>>,
    pub packets: Vec<Arc<Fed>>,
    pub losses: usize,
}

impl Seen {
    pub fn of(&self, kind: TrackKind) -> impl DoubleEndedIterator<Item = &Arc<Fed>> + Clone {
        self.packets.iter().filter(move |fed| fed.packet.kind == kind)
    }

    /// First and last dts of a track, s.
    pub fn span_s(&self, kind: TrackKind) -> (f64, f64) {
        let at = |fed: Option<&Arc<Fed>>| fed.map_or(0.0, |fed| fed.packet.dts.as_secs());
        (at(self.of(kind).next()), at(self.of(kind).next_back()))
    }

    fn video_s(&self) -> f64 {
        let (first, last) = self.span_s(TrackKind::Video);
        last - first
    }

    pub fn keyframes(&self) -> usize {
        self.packets.iter().filter(|fed| fed.packet.starts_gop()).count()
    }

    #[track_caller]
    pub fn assert_times_rise(&self) {
        for kind in [TrackKind::Video, TrackKind::Audio] {
            let times: Vec<_> = self.of(kind).map(|fed| fed.packet.dts).collect();
            assert!(times.windows(2).all(|pair| pair[1] > pair[0]), "{kind:?}");
        }
    }

    /// Longest step between two pictures, s.
    pub fn longest_step_s(&self, kind: TrackKind) -> f64 {
        let times: Vec<f64> = self.of(kind).map(|fed| fed.packet.dts.as_secs()).collect();
        times.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max)
    }
}
