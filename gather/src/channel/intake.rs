//! What a source writes into: the feed, the status and the meter of its channel.

use super::ChannelStatus;
use crate::feed::{Feed, Received};
use media::{Packet, Track, TrackKind};
use relay_proto::ChannelPhase;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tokio::sync::watch;

/// Readings of a [`Meter`] kept: 5 s at one a second.
const READINGS: usize = 6;

/// Bytes so far, counted by one task and read by another.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counter(Arc<AtomicU64>);

impl Counter {
    /// So many bytes more.
    pub fn add(&self, bytes: usize) {
        self.0.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

/// Kbit/s over the last 5 s of a [`Counter`] that is read once a second.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    readings: VecDeque<(Instant, u64)>,
}

impl Meter {
    /// A reading now; the rate over the readings kept.
    pub fn read(&mut self, counter: &Counter, now: Instant) -> u32 {
        let total = counter.0.load(Ordering::Relaxed);
        self.readings.push_back((now, total));
        if self.readings.len() > READINGS {
            self.readings.pop_front();
        }
        let Some(&(since, before)) = self.readings.front() else { return 0 };
        let ms = now.saturating_duration_since(since).as_millis() as u64;
        (total - before).saturating_mul(8).checked_div(ms).unwrap_or(0).min(u32::MAX.into()) as u32
    }
}

/// The source's end of a channel, for one connection.
pub struct Intake {
    feed: Feed,
    status: watch::Sender<ChannelStatus>,
    bytes: Counter,
    running_since: Option<Instant>,
}

impl Intake {
    /// For tests of a source alone: packets go into `feed`.
    pub fn new(feed: Feed, status: watch::Sender<ChannelStatus>) -> Self {
        Self::counting(feed, status, Counter::default())
    }

    pub(super) fn counting(feed: Feed, status: watch::Sender<ChannelStatus>, bytes: Counter) -> Self {
        Self { feed, status, bytes, running_since: None }
    }

    /// The tracks of the packets to come. `audio_name` is what people read of the sound: `AAC`, `AAC (G.711)`.
    pub fn tracks(&mut self, tracks: Vec<Track>, audio_name: &str) {
        let video = tracks.iter().find(|track| track.kind() == TrackKind::Video);
        let has_audio = tracks.iter().any(|track| track.kind() == TrackKind::Audio);
        self.status.send_modify(|status| {
            status.video_codec = video.map_or("", Track::codec_name).to_owned();
            status.audio_codec = if has_audio { audio_name } else { "" }.to_owned();
            (status.width, status.height) = video.map_or((0, 0), |track| (track.width, track.height));
        });
        self.feed.tracks(tracks);
    }

    /// A packet that came now.
    pub fn packet(&mut self, packet: Packet) {
        self.packet_received(packet, Received::now());
    }

    /// A packet that was held back for a moment.
    pub fn packet_received(&mut self, packet: Packet, received: Received) {
        self.bytes.add(packet.data.len());
        if self.running_since.is_none() {
            self.running_since = Some(received.instant);
            self.status.send_modify(|status| (status.phase, status.cause) = (ChannelPhase::Running, None));
        }
        self.feed.packet(packet, received);
    }

    /// Something the admin should know although the channel runs, e.g. that its sound is left out.
    pub fn note(&mut self, detail: String) {
        self.status.send_if_modified(|status| {
            let is_new = status.detail != detail;
            status.detail = detail;
            is_new
        });
    }

    /// When the first packet of this connection came.
    pub fn running_since(&self) -> Option<Instant> {
        self.running_since
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_rate_is_of_the_last_seconds() {
        let (counter, mut meter, zero) = (Counter::default(), Meter::default(), Instant::now());
        let mut rates = Vec::new();
        for second in 0..12 {
            counter.add(if second < 6 { 125_000 } else { 0 });
            rates.push(meter.read(&counter, zero + Duration::from_secs(second)));
        }
        assert_eq!((rates[0], rates[1], rates[5], rates[11]), (0, 1000, 1000, 0));
    }
}
