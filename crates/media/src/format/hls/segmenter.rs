//! Cutting a live stream into segments. Pure: packets in, a window of segments and playlists out.

use super::{PlaylistSegment, media_playlist};
use crate::format::mp4;
use crate::{MediaTime, Packet, Track, TrackKind};
use bytes::Bytes;
use std::collections::VecDeque;

/// How a [`Segmenter`] cuts and what it keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmenterLimits {
    /// A segment ends at the first keyframe that is at least this much later than its start.
    pub target_ms: i64,
    /// Segments in the playlist.
    pub window: usize,
    /// Segments that have left the playlist but can still be fetched: players load a little behind it.
    pub grace: usize,
    /// A segment with no keyframe in sight is cut anyway after this much time …
    pub max_segment_ms: i64,
    /// … or this many bytes of packets.
    pub max_segment_bytes: usize,
}

impl Default for SegmenterLimits {
    /// 2 s, 6 segments (RFC 8216 §6.3.3 lets players start three target durations before the end) and 3 more to fetch;
    /// never beyond 20 s or 32 MiB.
    fn default() -> Self {
        Self { target_ms: 2000, window: 6, grace: 3, max_segment_ms: 20_000, max_segment_bytes: 32 << 20 }
    }
}

/// The first segments are cut at every keyframe, so that a player can start at the first GOP's end.
const EAGER_SEGMENTS: u64 = 3;
/// A gap or a step back in dts beyond this starts a new timeline.
const MAX_GAP_MS: i64 = 10_000;

/// One finished segment.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// Media sequence number, from 0.
    pub sequence: u64,
    /// Which init segment it needs.
    pub init_version: u32,
    /// It does not continue the one before it.
    pub discontinuity: bool,
    /// It starts with a keyframe (or is sound only).
    pub independent: bool,
    /// How long it is.
    pub duration: MediaTime,
    /// When it starts, on the stream's own timeline.
    pub start: MediaTime,
    /// `styp moof mdat`.
    pub bytes: Bytes,
}

/// Cuts one stream.
#[derive(Debug)]
pub struct Segmenter {
    limits: SegmenterLimits,
    tracks: Vec<Track>,
    /// (version, bytes), as long as a kept segment needs them.
    inits: VecDeque<(u32, Bytes)>,
    init_version: u32,
    /// The media time that the `tfdt` of this init version counts from.
    base: Option<MediaTime>,
    pending: Vec<Packet>,
    pending_bytes: usize,
    segments: VecDeque<Segment>,
    next_sequence: u64,
    /// Segments since the last discontinuity.
    cut_count: u64,
    discontinuity_next: bool,
    dropped_discontinuities: u64,
    target_duration_s: u64,
}

impl Segmenter {
    /// Without tracks yet.
    pub fn new(limits: SegmenterLimits) -> Self {
        Self {
            limits,
            tracks: Vec::new(),
            inits: VecDeque::new(),
            init_version: 0,
            base: None,
            pending: Vec::new(),
            pending_bytes: 0,
            segments: VecDeque::new(),
            next_sequence: 0,
            cut_count: 0,
            discontinuity_next: false,
            dropped_discontinuities: 0,
            target_duration_s: (limits.target_ms.max(1) as u64).div_ceil(1000),
        }
    }

    /// The tracks from now on. When they differ from before, what is pending becomes a segment, and the next one starts
    /// with a discontinuity and a new init segment.
    pub fn set_tracks(&mut self, tracks: &[Track]) {
        if self.tracks == tracks {
            return;
        }
        self.restart();
        self.tracks = tracks.to_vec();
    }

    /// Ends the timeline: a publisher went away or its clock jumped. Later packets follow behind a discontinuity.
    pub fn restart(&mut self) {
        self.cut(None);
        self.base = None;
        self.cut_count = 0;
        self.discontinuity_next = self.next_sequence > 0;
    }

    /// One packet. `true` when it closed a segment, so that the playlist has changed. Packets of a kind without a track,
    /// and everything before the first keyframe of a stream with video, are left out.
    pub fn push(&mut self, packet: &Packet) -> bool {
        if !self.tracks.iter().any(|track| track.kind() == packet.kind) {
            return false;
        }
        let before = self.next_sequence;
        if self.has_jumped(packet) {
            self.restart();
        }
        if self.should_cut(packet) {
            self.cut(Some(packet.dts));
        }
        let has_video = self.has_video();
        if self.base.is_none() {
            if has_video && !packet.starts_gop() {
                return self.next_sequence > before;
            }
            self.begin_timeline(packet.dts);
        }
        self.pending_bytes += packet.data.len();
        self.pending.push(packet.clone());
        self.next_sequence > before
    }

    fn has_video(&self) -> bool {
        self.tracks.iter().any(|track| track.kind() == TrackKind::Video)
    }

    fn begin_timeline(&mut self, base: MediaTime) {
        self.init_version += 1;
        self.inits.push_back((self.init_version, mp4::init_segment(&self.tracks)));
        self.base = Some(base);
    }

    /// The packet that times are measured by: video, or audio alone.
    fn is_leading(&self, packet: &Packet) -> bool {
        packet.kind == TrackKind::Video || !self.has_video()
    }

    fn has_jumped(&self, packet: &Packet) -> bool {
        let last = self.pending.iter().rev().find(|last| last.kind == packet.kind);
        last.is_some_and(|last| !(-1000..=MAX_GAP_MS).contains(&(packet.dts - last.dts).as_ms()))
    }

    fn should_cut(&self, packet: &Packet) -> bool {
        let Some(oldest) = self.pending.first() else { return false };
        let is_long = (packet.dts - oldest.dts).as_ms() >= self.limits.max_segment_ms;
        // Also when only sound comes while the picture stands still.
        if is_long || self.pending_bytes >= self.limits.max_segment_bytes {
            return true;
        }
        let Some(first) = self.pending.iter().find(|first| self.is_leading(first)) else { return false };
        let age_ms = (packet.dts - first.dts).as_ms();
        let is_eager = self.has_video() && self.cut_count < EAGER_SEGMENTS && age_ms > 0;
        self.is_leading(packet) && packet.key && (age_ms >= self.limits.target_ms || is_eager)
    }

    /// Makes a segment of what is pending; `end` is the dts of what follows.
    fn cut(&mut self, end: Option<MediaTime>) {
        let pending = std::mem::take(&mut self.pending);
        self.pending_bytes = 0;
        let mut leading: Vec<&Packet> = pending.iter().filter(|packet| self.is_leading(packet)).collect();
        let is_led = !leading.is_empty();
        if !is_led {
            leading = pending.iter().collect();
        }
        let (Some(base), Some(first), Some(last)) = (self.base, leading.first(), leading.last()) else {
            return;
        };
        let spacing = match leading.len().checked_sub(2) {
            Some(before) => last.dts - leading[before].dts,
            None => MediaTime::from_ms(40),
        };
        let duration = end.unwrap_or(last.dts + spacing) - first.dts;
        let bytes = mp4::segment(&self.tracks, &pending, (self.next_sequence + 1) as u32, base, end);
        self.target_duration_s = self.target_duration_s.max(duration.as_secs().round().max(1.0) as u64);
        self.segments.push_back(Segment {
            sequence: self.next_sequence,
            init_version: self.init_version,
            discontinuity: std::mem::take(&mut self.discontinuity_next),
            independent: is_led && first.key,
            duration,
            start: first.dts,
            bytes,
        });
        self.next_sequence += 1;
        self.cut_count += 1;
        if let Some(leaving) = self.segments.len().checked_sub(self.limits.window + 1) {
            self.dropped_discontinuities += u64::from(self.segments[leaving].discontinuity);
        }
        while self.segments.len() > self.limits.window + self.limits.grace {
            self.segments.pop_front();
        }
        let oldest = self.segments.front().map_or(self.init_version, |segment| segment.init_version);
        self.inits.retain(|(version, _)| *version >= oldest);
    }

    /// Segments in the playlist, oldest first.
    pub fn window(&self) -> impl ExactSizeIterator<Item = &Segment> + '_ {
        self.segments.range(self.segments.len().saturating_sub(self.limits.window)..)
    }

    /// A segment that is in the window or left it a moment ago.
    pub fn segment(&self, sequence: u64) -> Option<&Segment> {
        let first = self.segments.front()?.sequence;
        self.segments.get(usize::try_from(sequence.checked_sub(first)?).ok()?)
    }

    /// The init segment of a version that a kept segment names.
    pub fn init(&self, version: u32) -> Option<&Bytes> {
        self.inits.iter().find(|(found, _)| *found == version).map(|(_, bytes)| bytes)
    }

    /// The playlist. `segment_uri` and `init_uri` name what [`segment`](Self::segment) and [`init`](Self::init) serve;
    /// `date_time` may give the wall time of a segment as RFC 3339; `ended` when the stream is over.
    pub fn playlist(
        &self,
        segment_uri: impl Fn(u64) -> String,
        init_uri: impl Fn(u32) -> String,
        date_time: impl Fn(&Segment) -> Option<String>,
        ended: bool,
    ) -> String {
        let shown = |segment: &Segment| PlaylistSegment {
            uri: segment_uri(segment.sequence),
            init_uri: init_uri(segment.init_version),
            duration_s: segment.duration.as_secs(),
            discontinuity: segment.discontinuity,
            program_date_time: date_time(segment),
        };
        let list: Vec<PlaylistSegment> = self.window().map(shown).collect();
        let first = self.window().next().map_or(self.next_sequence, |segment| segment.sequence);
        let independent = self.window().all(|segment| segment.independent);
        media_playlist(&list, first, self.dropped_discontinuities, self.target_duration_s, independent, ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::aac;

    fn audio_track() -> Track {
        aac::track(aac::build_config(48_000, 2).unwrap(), 1000).unwrap()
    }

    fn video_track() -> Track {
        let config = crate::DecoderConfig::H264(Bytes::from_static(&[1, 77, 64, 31]));
        Track { config, timescale: 1000, width: 320, height: 180, sample_rate: 0, channels: 0 }
    }

    fn packet(kind: TrackKind, ms: i64, key: bool) -> Packet {
        let data = Bytes::from_static(&[0, 0, 0, 1, 0x65]);
        Packet { kind, dts: MediaTime::from_ms(ms), composition_offset: 0, key, data }
    }

    /// Video at 25 fps with a keyframe each `gop_ms`; gives (start, duration) of the segments in ms.
    fn cuts(limits: SegmenterLimits, gop_ms: i64, until_ms: i64) -> Vec<(i64, i64)> {
        let mut segmenter = Segmenter::new(limits);
        segmenter.set_tracks(&[video_track()]);
        for ms in (0..until_ms).step_by(40) {
            segmenter.push(&packet(TrackKind::Video, ms, ms % gop_ms == 0));
        }
        segmenter.window().map(|segment| (segment.start.as_ms(), segment.duration.as_ms())).collect()
    }

    #[test]
    fn first_segments_come_at_each_keyframe_then_at_the_target() {
        let expect = [(0, 1000), (1000, 1000), (2000, 1000), (3000, 2000), (5000, 2000)];
        assert_eq!(cuts(SegmenterLimits::default(), 1000, 8000), expect);
    }

    #[test]
    fn without_a_keyframe_a_segment_is_cut_by_time_and_not_called_independent() {
        let limits = SegmenterLimits { max_segment_ms: 4000, ..SegmenterLimits::default() };
        assert_eq!(cuts(limits, 1_000_000, 9000), [(0, 4000), (4000, 4000)]);
        let mut segmenter = Segmenter::new(limits);
        segmenter.set_tracks(&[video_track()]);
        (0..9000).step_by(40).for_each(|ms| {
            let _ = segmenter.push(&packet(TrackKind::Video, ms, ms == 0));
        });
        let text = segmenter.playlist(|n| n.to_string(), |v| v.to_string(), |_| None, false);
        assert!(!text.contains("INDEPENDENT") && text.contains("#EXT-X-TARGETDURATION:4\n"), "{text}");
    }

    #[test]
    fn a_picture_that_stands_still_does_not_pile_up_sound() {
        let limits = SegmenterLimits { max_segment_ms: 4000, ..SegmenterLimits::default() };
        let mut segmenter = Segmenter::new(limits);
        segmenter.set_tracks(&[video_track(), audio_track()]);
        segmenter.push(&packet(TrackKind::Video, 0, true));
        for ms in (0..20_000).step_by(20) {
            segmenter.push(&packet(TrackKind::Audio, ms, true));
            assert!(segmenter.pending.len() <= 202);
        }
        assert_eq!(
            segmenter.window().map(|segment| segment.independent).collect::<Vec<_>>(),
            [true, false, false, false]
        );
    }

    #[test]
    fn sound_alone_is_cut_by_time() {
        let mut segmenter = Segmenter::new(SegmenterLimits::default());
        segmenter.set_tracks(&[audio_track()]);
        (0..5000).step_by(20).for_each(|ms| {
            let _ = segmenter.push(&packet(TrackKind::Audio, ms, true));
        });
        let durations: Vec<_> = segmenter.window().map(|segment| segment.duration.as_ms()).collect();
        assert_eq!(durations, [2000, 2000]);
    }

    #[test]
    fn the_window_slides_and_old_segments_can_be_fetched_a_little_longer() {
        let limits = SegmenterLimits { window: 3, grace: 2, ..SegmenterLimits::default() };
        let mut segmenter = Segmenter::new(limits);
        segmenter.set_tracks(&[video_track()]);
        (0..40_000).step_by(40).for_each(|ms| {
            let _ = segmenter.push(&packet(TrackKind::Video, ms, ms % 2000 == 0));
        });
        let window: Vec<_> = segmenter.window().map(|segment| segment.sequence).collect();
        assert_eq!(window, [16, 17, 18]);
        assert!(segmenter.segment(14).is_some() && segmenter.segment(13).is_none());
        assert!(segmenter.segment(19).is_none());
        let text = segmenter.playlist(|n| format!("{n}.m4s"), |v| format!("{v}.mp4"), |_| None, false);
        assert!(text.contains("#EXT-X-MEDIA-SEQUENCE:16\n") && text.contains("URI=\"1.mp4\""), "{text}");
    }

    #[test]
    fn other_tracks_and_jumps_start_a_new_timeline_behind_a_discontinuity() {
        let limits = SegmenterLimits { window: 2, grace: 0, ..SegmenterLimits::default() };
        let mut segmenter = Segmenter::new(limits);
        segmenter.set_tracks(&[video_track()]);
        let feed = |segmenter: &mut Segmenter, from: i64, to: i64| {
            let times = (from..to).step_by(40);
            times.for_each(|ms| {
                let _ = segmenter.push(&packet(TrackKind::Video, ms, (ms - from) % 2000 == 0));
            });
        };
        feed(&mut segmenter, 0, 4040);
        segmenter.set_tracks(&[video_track(), audio_track()]);
        feed(&mut segmenter, 4040, 6080);
        let flags: Vec<_> = segmenter.window().map(|s| (s.init_version, s.discontinuity)).collect();
        assert_eq!(flags, [(1, false), (2, true)]);
        assert_eq!((segmenter.init(1).is_some(), segmenter.init(2).is_some()), (true, true));
        feed(&mut segmenter, 900_000, 906_080);
        let text = segmenter.playlist(|n| n.to_string(), |v| v.to_string(), |_| None, false);
        assert!(text.contains("#EXT-X-DISCONTINUITY-SEQUENCE:2\n"), "{text}");
        assert!(segmenter.init(1).is_none(), "no kept segment needs it");
    }
}
