//! The last pictures of a stream, kept so that a new viewer starts at once.

use crate::{MediaTime, Packet, TrackKind};
use std::collections::VecDeque;

/// Bounds of a [`GopCache`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GopLimits {
    /// GOPs kept, at least 1; the last one may still be growing.
    pub gops: usize,
    /// Packets of both kinds.
    pub packets: usize,
    /// Bytes of packet data.
    pub bytes: usize,
    /// Media time of audio kept while a stream has no video.
    pub audio_only_ms: i64,
}

impl Default for GopLimits {
    /// 3 GOPs (HLS players want three segments), 2500 packets (three GOPs of 10 s at 30 fps with AAC), 8 MiB (6 s at
    /// 10 Mbit/s).
    fn default() -> Self {
        Self { gops: 3, packets: 2500, bytes: 8 << 20, audio_only_ms: 2000 }
    }
}

/// Packets from the keyframe of the oldest kept GOP on, audio interleaved as it came. Pure; cloned packets share bytes.
#[derive(Debug, Clone, Default)]
pub struct GopCache {
    limits: GopLimits,
    packets: VecDeque<Packet>,
    /// Positions of keyframes, counted from the first packet ever kept (`dropped` + index).
    keyframes: VecDeque<u64>,
    dropped: u64,
    bytes: usize,
    video_seen: bool,
}

impl GopCache {
    /// An empty cache with these bounds.
    pub fn new(limits: GopLimits) -> Self {
        Self { limits: GopLimits { gops: limits.gops.max(1), ..limits }, ..Self::default() }
    }

    /// Keeps a packet and lets go of what is beyond the bounds. Video before the first keyframe is not kept. When one
    /// GOP alone is beyond the bounds, everything goes and the cache is empty up to the next keyframe.
    pub fn push(&mut self, packet: Packet) {
        if packet.starts_gop() {
            if self.keyframes.is_empty() {
                self.drop_front(self.packets.len());
            }
            self.video_seen = true;
            self.keyframes.push_back(self.dropped + self.packets.len() as u64);
        } else if self.keyframes.is_empty() && (self.video_seen || packet.kind == TrackKind::Video) {
            self.video_seen = true;
            return;
        }
        self.bytes += packet.data.len();
        self.packets.push_back(packet);
        self.trim();
    }

    fn trim(&mut self) {
        if !self.video_seen {
            let newest = self.packets.back().map(|packet| packet.dts);
            while let (Some(front), Some(newest)) = (self.packets.front(), newest) {
                let span_ms = (newest - front.dts).as_ms();
                if !self.is_over() && (0..=self.limits.audio_only_ms).contains(&span_ms) {
                    break;
                }
                self.drop_front(1);
            }
            return;
        }
        while self.keyframes.len() > self.limits.gops || self.is_over() {
            let end =
                self.keyframes.get(1).map_or(self.packets.len(), |&next| (next - self.dropped) as usize);
            self.keyframes.pop_front();
            self.drop_front(end);
        }
    }

    fn is_over(&self) -> bool {
        self.packets.len() > self.limits.packets || self.bytes > self.limits.bytes
    }

    fn drop_front(&mut self, count: usize) {
        for packet in self.packets.drain(..count) {
            self.bytes -= packet.data.len();
        }
        self.dropped += count as u64;
    }

    /// Packets from the `k`-th last keyframe (1 = the newest, more than there are = the oldest) to the newest packet.
    /// Without video: the audio kept. Empty when nothing can be started from.
    pub fn from_last_keyframe(&self, k: usize) -> impl ExactSizeIterator<Item = &Packet> + '_ {
        let index = self.keyframes.len().saturating_sub(k.max(1));
        let start = self.keyframes.get(index).map_or(0, |&at| (at - self.dropped) as usize);
        self.packets.range(start..)
    }

    /// The dts of the newest keyframe.
    pub fn last_keyframe_dts(&self) -> Option<MediaTime> {
        let at = (self.keyframes.back()? - self.dropped) as usize;
        self.packets.get(at).map(|packet| packet.dts)
    }

    /// GOPs kept, the growing one counted.
    pub fn gops(&self) -> usize {
        self.keyframes.len()
    }

    /// Packets kept.
    pub fn len(&self) -> usize {
        self.packets.len()
    }

    /// Whether a viewer would get nothing from here.
    pub fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// Bytes of packet data kept.
    pub fn size_bytes(&self) -> usize {
        self.bytes
    }

    /// Forgets everything: at the end of a publication, or when a track changed.
    pub fn clear(&mut self) {
        *self = Self::new(self.limits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn video(ms: i64, key: bool) -> Packet {
        let data = Bytes::from(vec![0; 100]);
        Packet { kind: TrackKind::Video, dts: MediaTime::from_ms(ms), composition_offset: 0, key, data }
    }

    fn audio(ms: i64) -> Packet {
        Packet { kind: TrackKind::Audio, key: true, ..video(ms, true) }
    }

    fn times<'a>(packets: impl Iterator<Item = &'a Packet>) -> Vec<i64> {
        packets.map(|packet| packet.dts.as_ms()).collect()
    }

    #[test]
    fn keeps_the_last_gops_and_starts_from_the_kth_last_keyframe() {
        let mut cache = GopCache::new(GopLimits { gops: 2, ..GopLimits::default() });
        cache.push(video(0, false));
        for ms in (10..70).step_by(10) {
            cache.push(video(ms, ms % 20 == 10));
            cache.push(audio(ms + 5));
        }
        assert_eq!(times(cache.from_last_keyframe(1)), [50, 55, 60, 65]);
        assert_eq!(times(cache.from_last_keyframe(2)), [30, 35, 40, 45, 50, 55, 60, 65]);
        assert_eq!(times(cache.from_last_keyframe(9)), times(cache.from_last_keyframe(2)));
        assert_eq!((cache.gops(), cache.len(), cache.size_bytes()), (2, 8, 800));
        assert_eq!(cache.last_keyframe_dts(), Some(MediaTime::from_ms(50)));
    }

    #[test]
    fn a_gop_beyond_the_bounds_empties_the_cache_until_the_next_keyframe() {
        let mut cache = GopCache::new(GopLimits { packets: 3, ..GopLimits::default() });
        cache.push(video(0, true));
        (1..=3).for_each(|ms| cache.push(video(ms, false)));
        assert!(cache.is_empty());
        cache.push(audio(4));
        cache.push(video(4, false));
        assert!(cache.is_empty(), "nothing to start from");
        cache.push(video(5, true));
        assert_eq!((times(cache.from_last_keyframe(1)), cache.size_bytes()), (vec![5], 100));
    }

    #[test]
    fn bytes_are_bounded_by_whole_gops() {
        let mut cache = GopCache::new(GopLimits { bytes: 350, ..GopLimits::default() });
        for ms in [0, 10, 20, 30] {
            cache.push(video(ms, ms % 20 == 0));
        }
        assert_eq!(times(cache.from_last_keyframe(9)), [20, 30]);
    }

    #[test]
    fn without_video_the_last_two_seconds_of_audio_are_kept() {
        let mut cache = GopCache::default();
        (0..100).for_each(|i| cache.push(audio(i * 100)));
        assert_eq!(times(cache.from_last_keyframe(1)).first(), Some(&7900));
        cache.push(video(10_000, true));
        assert_eq!(times(cache.from_last_keyframe(1)), [10_000]);
    }
}
