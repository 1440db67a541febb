//! The last GOPs of a stream, encoded once, and the cursors that read them. Pure.

use bytes::{Bytes, BytesMut};
use media::format::flv::{self, FlvKind};
use media::{Packet, Track, TrackKind};
use rtmp_proto::ChunkOnce;
use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// What is kept, and how far a viewer may fall behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RingLimits {
    /// GOPs kept; HLS is primed from them, so as many as its first playlist wants.
    pub gops: usize,
    /// Tags kept.
    pub tags: usize,
    /// Bytes kept.
    pub bytes: usize,
    /// Media time a viewer may be behind before it skips to the next keyframe, ms.
    pub behind_ms: i64,
    /// Bytes a viewer may be behind.
    pub behind_bytes: u64,
    /// Skips within [`RingLimits::skip_window`] that end a viewer.
    pub skips: usize,
    /// See [`RingLimits::skips`].
    pub skip_window: Duration,
}

impl Default for RingLimits {
    fn default() -> Self {
        Self {
            gops: 3,
            tags: 2500,
            bytes: 8 << 20,
            behind_ms: 4000,
            behind_bytes: 2 << 20,
            skips: 3,
            skip_window: Duration::from_secs(30),
        }
    }
}

/// Without a second track for this much media time, a stream is taken to have one only.
const SETTLED_MS: i64 = 500;
/// Audio rides along with video; without video for this long it goes by itself.
const AUDIO_ALONE_MS: i64 = 100;
/// A step of the publisher's clock larger than this is a jump, not a pause.
const JUMP_MS: i64 = 10_000;
/// What a jump or a new publication advances the stream's clock by: one frame at 25/s.
const STEP_MS: i64 = 40;

/// How a viewer wants its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    Flv,
    Rtmp,
}

/// One tag of the stream: a packet, or the sequence header of a track that began or changed.
#[derive(Debug)]
pub(crate) struct Entry {
    pub kind: TrackKind,
    pub key: bool,
    pub ts_ms: i64,
    /// Bytes of all entries before.
    position: u64,
    pub flv: Bytes,
    rtmp: OnceLock<Bytes>,
    pub content: Content,
}

/// What an entry means to whoever wants packets, not bytes.
#[derive(Debug)]
pub(crate) enum Content {
    Track(Track),
    /// Shares its bytes with the tag.
    Packet(Packet),
}

impl Entry {
    fn bytes(&self, wire: Wire) -> &Bytes {
        match wire {
            Wire::Flv => &self.flv,
            Wire::Rtmp => self.rtmp.get_or_init(|| {
                let body = &self.flv[11..self.flv.len() - 4];
                rtmp_message(self.kind, self.ts_ms, body)
            }),
        }
    }
}

fn rtmp_message(kind: TrackKind, ts_ms: i64, body: &[u8]) -> Bytes {
    match kind {
        TrackKind::Video => ChunkOnce::video(ts_ms as u32, body),
        TrackKind::Audio => ChunkOnce::audio(ts_ms as u32, body),
    }
}

/// Where a viewer is.
#[derive(Debug, Clone)]
pub(crate) struct Cursor {
    pub wire: Wire,
    next: u64,
    wants_key: bool,
    skips: VecDeque<Instant>,
}

/// What a viewer gets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Take {
    /// Everything pending as one buffer.
    Bytes(Bytes),
    /// Nothing yet.
    Wait,
    /// It is too slow to be served.
    TooSlow,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Ring {
    limits: RingLimits,
    entries: VecDeque<Arc<Entry>>,
    /// Number of the first entry; entries are numbered for the life of the stream.
    first: u64,
    /// Numbers of keyframes a viewer may start at.
    keys: VecDeque<u64>,
    bytes: usize,
    position: u64,
    video: Option<Track>,
    audio: Option<Track>,
    /// Whether the publisher's metadata says that there is video / audio.
    announced: Option<(bool, bool)>,
    clock: Clock,
    /// Bytes that several viewers at the same place want: (wire, from, to).
    shared: Option<(Wire, u64, u64, Bytes)>,
    /// What viewers get who join before the next tag: (wire, bytes).
    joined: Option<(Wire, Bytes)>,
    flushed_ms: i64,
}

/// The stream's clock: goes on over publications and jumps.
#[derive(Debug, Default)]
struct Clock {
    last_in: Option<i64>,
    last_out: i64,
    /// The latest time given; audio and video do not come in order.
    top: i64,
    /// First time of this publication.
    began: i64,
}

impl Clock {
    fn map(&mut self, ts_ms: i64) -> i64 {
        let out = match self.last_in {
            Some(last) if (ts_ms - last).abs() <= JUMP_MS => self.last_out + ts_ms - last,
            Some(_) => self.top + STEP_MS,
            None => {
                self.began = self.top + STEP_MS;
                self.began
            }
        };
        (self.last_in, self.last_out) = (Some(ts_ms), out.max(0));
        self.top = self.top.max(self.last_out);
        self.last_out
    }
}

impl Ring {
    pub(crate) fn new(limits: RingLimits) -> Self {
        Self {
            limits,
            entries: VecDeque::new(),
            first: 0,
            keys: VecDeque::new(),
            bytes: 0,
            position: 0,
            video: None,
            audio: None,
            announced: None,
            clock: Clock::default(),
            shared: None,
            joined: None,
            flushed_ms: i64::MIN / 2,
        }
    }

    /// A new publisher: what the old one sent can no longer be started from.
    pub(crate) fn begin(&mut self) {
        self.keys.clear();
        self.joined = None;
        self.clock.last_in = None;
        self.announced = None;
        (self.video, self.audio) = (None, None);
    }

    /// The publisher's metadata says which tracks to expect.
    pub(crate) fn announce(&mut self, video: bool, audio: bool) {
        self.announced = Some((video, audio));
    }

    pub(crate) fn tracks(&self) -> Vec<Track> {
        self.video.iter().chain(&self.audio).cloned().collect()
    }

    /// Whether a viewer can start: what is known of the tracks is likely all, and there is a keyframe.
    pub(crate) fn is_ready(&self) -> bool {
        let settled = self.clock.last_in.is_some() && self.clock.last_out - self.clock.began >= SETTLED_MS;
        let (video, audio) = (self.video.is_some(), self.audio.is_some());
        let complete = match self.announced {
            Some((v, a)) => (video || !v) && (audio || !a) || settled,
            None => video && audio || settled,
        };
        complete && if video { !self.keys.is_empty() } else { audio && self.clock.last_in.is_some() }
    }

    /// A track began or changed: old GOPs cannot be decoded by its header.
    pub(crate) fn set_track(&mut self, track: Track) {
        let kind = track.kind();
        if kind == TrackKind::Video {
            self.keys.clear();
        }
        let ts_ms = self.clock.last_out;
        let flv = flv::tag(kind.into(), ts_ms as u32, &flv::sequence_header_body(&track));
        match kind {
            TrackKind::Video => self.video = Some(track.clone()),
            TrackKind::Audio => self.audio = Some(track.clone()),
        }
        self.append(kind, false, ts_ms, flv, Content::Track(track));
    }

    /// A packet of a known track; says whether viewers should be woken.
    pub(crate) fn push(&mut self, mut packet: Packet) -> bool {
        let kind = packet.kind;
        let track = if kind == TrackKind::Video { &self.video } else { &self.audio };
        let Some(track) = track else { return false };
        let ts_ms = self.clock.map(packet.dts.as_ms());
        let offset_ms = packet.pts().as_ms() - packet.dts.as_ms();
        packet.dts = media::MediaTime::from_ms(ts_ms);
        packet.composition_offset = offset_ms as i32;
        let flv = flv::tag(kind.into(), ts_ms as u32, &flv::packet_body(track, &packet));
        let end = flv.len() - 4;
        packet.data = flv.slice(end - packet.data.len()..end);
        if packet.starts_gop() {
            self.keys.push_back(self.end());
        }
        let is_key = packet.starts_gop();
        self.append(kind, is_key, ts_ms, flv, Content::Packet(packet));
        if kind == TrackKind::Video || ts_ms - self.flushed_ms >= AUDIO_ALONE_MS {
            self.flushed_ms = ts_ms;
            return true;
        }
        false
    }

    fn append(&mut self, kind: TrackKind, key: bool, ts_ms: i64, flv: Bytes, content: Content) {
        let len = flv.len();
        let rtmp = OnceLock::new();
        let entry = Entry { kind, key, ts_ms, position: self.position, flv, rtmp, content };
        self.entries.push_back(Arc::new(entry));
        self.position += len as u64;
        self.bytes += len;
        self.joined = None;
        self.trim();
    }

    /// Lets go of whole GOPs while there are more than wanted, of single tags only beyond the hard bounds.
    fn trim(&mut self) {
        let over = |ring: &Self| ring.entries.len() > ring.limits.tags || ring.bytes > ring.limits.bytes;
        while self.keys.len() > self.limits.gops || over(self) {
            let until = match (over(self), self.keys.get(1)) {
                (_, Some(&second)) => second,
                (true, None) => self.first + 1,
                (false, None) => break,
            };
            while self.first < until {
                if let Some(entry) = self.entries.pop_front() {
                    self.bytes -= entry.flv.len();
                }
                self.first += 1;
            }
            while self.keys.front().is_some_and(|&k| k < self.first) {
                self.keys.pop_front();
            }
        }
    }

    fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    fn entry(&self, number: u64) -> Option<&Arc<Entry>> {
        self.entries.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    /// Where a viewer starts: the last keyframe, or the end of a stream without video. `None` before it is ready.
    fn start(&self) -> Option<u64> {
        if !self.is_ready() {
            return None;
        }
        Some(self.keys.back().copied().unwrap_or(self.end()))
    }

    /// A new viewer and its first bytes: header, metadata, sequence headers, and the pictures since the last keyframe.
    pub(crate) fn join(&mut self, wire: Wire) -> Option<(Cursor, Bytes)> {
        let start = self.start()?;
        let cursor = Cursor { wire, next: self.end(), wants_key: false, skips: VecDeque::new() };
        if let Some((_, bytes)) = self.joined.as_ref().filter(|(w, _)| *w == wire) {
            return Some((cursor, bytes.clone()));
        }
        let mut out = BytesMut::new();
        if wire == Wire::Flv {
            out.extend_from_slice(&flv::file_header(self.video.is_some(), self.audio.is_some()));
        }
        // Stamped 0: with another time ffmpeg takes it for a track of its own, "text".
        let metadata = flv::metadata_body(&self.tracks());
        match wire {
            Wire::Flv => out.extend_from_slice(&flv::tag(FlvKind::Script, 0, &metadata)),
            Wire::Rtmp => out.extend_from_slice(&ChunkOnce::data(0, &metadata)),
        }
        let ts_ms = self.entry(start).map_or(self.clock.last_out, |e| e.ts_ms);
        self.put_headers(&mut out, wire, ts_ms);
        for entry in self.entries.range((start - self.first) as usize..) {
            out.extend_from_slice(entry.bytes(wire));
        }
        let bytes = out.freeze();
        self.joined = Some((wire, bytes.clone()));
        Some((cursor, bytes))
    }

    /// The tracks' sequence headers, stamped like the picture that follows.
    fn put_headers(&self, out: &mut BytesMut, wire: Wire, ts_ms: i64) {
        for track in self.video.iter().chain(&self.audio) {
            let body = flv::sequence_header_body(track);
            match wire {
                Wire::Flv => out.extend_from_slice(&flv::tag(track.kind().into(), ts_ms as u32, &body)),
                Wire::Rtmp => out.extend_from_slice(&rtmp_message(track.kind(), ts_ms, &body)),
            }
        }
    }

    /// Everything from the cursor to the end as one buffer, shared with other viewers at the same place.
    fn collect(&mut self, cursor: &mut Cursor) -> Bytes {
        let (wire, from, to) = (cursor.wire, cursor.next, self.end());
        cursor.next = to;
        if let Some((w, f, t, bytes)) = &self.shared
            && (*w, *f, *t) == (wire, from, to)
        {
            return bytes.clone();
        }
        let range = (from.max(self.first) - self.first) as usize..self.entries.len();
        let bytes = if range.len() == 1 {
            self.entries[range.start].bytes(wire).clone()
        } else {
            let parts = || self.entries.range(range.clone()).map(|e| e.bytes(wire));
            let mut out = BytesMut::with_capacity(parts().map(Bytes::len).sum());
            parts().for_each(|b| out.extend_from_slice(b));
            out.freeze()
        };
        self.shared = Some((wire, from, to, bytes.clone()));
        bytes
    }

    /// What is pending for a viewer. One that is too far behind goes on at the newest keyframe, or waits for the next.
    pub(crate) fn take(&mut self, cursor: &mut Cursor, now: Instant) -> Take {
        if !cursor.wants_key && self.is_behind(cursor.next) {
            cursor.skips.push_back(now);
            while cursor.skips.front().is_some_and(|&at| now - at > self.limits.skip_window) {
                cursor.skips.pop_front();
            }
            if cursor.skips.len() >= self.limits.skips {
                return Take::TooSlow;
            }
            cursor.wants_key = true;
            // The newest keyframe if that is a step forward; else the next one.
            let newest = self.keys.back().copied().filter(|&k| k > cursor.next);
            cursor.next = newest.unwrap_or(self.end());
        }
        let mut head = BytesMut::new();
        if cursor.wants_key {
            let Some(&key) = self.keys.iter().find(|&&k| k >= cursor.next) else { return Take::Wait };
            cursor.next = key;
            cursor.wants_key = false;
            // A header may have been among what was skipped.
            let ts_ms = self.entry(key).map_or(self.clock.last_out, |e| e.ts_ms);
            self.put_headers(&mut head, cursor.wire, ts_ms);
        }
        if cursor.next >= self.end() {
            return Take::Wait;
        }
        let bytes = self.collect(cursor);
        if head.is_empty() {
            return Take::Bytes(bytes);
        }
        head.extend_from_slice(&bytes);
        Take::Bytes(head.freeze())
    }

    fn is_behind(&self, next: u64) -> bool {
        if next < self.first {
            return true;
        }
        let Some(entry) = self.entry(next) else { return false };
        self.clock.last_out - entry.ts_ms > self.limits.behind_ms
            || self.position - entry.position > self.limits.behind_bytes
    }

    /// For HLS: entries from number `next` on and the number after them; `None` starts at the oldest keyframe kept.
    /// When entries were lost in between, says so, and starts at the oldest keyframe again.
    pub(crate) fn follow(&self, next: Option<u64>) -> Option<Follow> {
        let lost = next.is_some_and(|n| n < self.first);
        let from = match next {
            Some(n) if !lost => n,
            _ if self.is_ready() => self.keys.front().copied().unwrap_or(self.end()),
            _ => return None,
        };
        let begins = next.is_none() || lost;
        let entries = (from..self.end()).filter_map(|n| self.entry(n).cloned()).collect();
        let tracks = if begins { self.tracks() } else { Vec::new() };
        Some(Follow { entries, next: self.end(), lost, tracks })
    }

    /// One line a tag, for people: time, kind, keyframe, size.
    pub(crate) fn describe(&self) -> String {
        let mut out = String::new();
        for track in self.tracks() {
            out.push_str(&format!(
                "# {} {}x{} {} Hz\n",
                track.codec_name(),
                track.width,
                track.height,
                track.sample_rate
            ));
        }
        for entry in &self.entries {
            let what = match (&entry.content, entry.kind) {
                (Content::Track(_), _) => "header",
                (_, TrackKind::Video) => "video",
                (_, TrackKind::Audio) => "audio",
            };
            let key = if entry.key { " key" } else { "" };
            out.push_str(&format!("{:>10} ms {what} {} bytes{key}\n", entry.ts_ms, entry.flv.len()));
        }
        out
    }
}

/// See [`Ring::follow`].
pub(crate) struct Follow {
    pub entries: Vec<Arc<Entry>>,
    pub next: u64,
    pub lost: bool,
    /// The tracks in force at the beginning; empty when going on.
    pub tracks: Vec<Track>,
}

#[cfg(test)]
#[path = "ring_tests.rs"]
mod tests;
