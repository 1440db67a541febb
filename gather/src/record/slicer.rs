//! Which packet goes into which file: the rules of slices, pure (R-REC-01…04).
//!
//! Feed it the stream, the schedule and the time; after each input drain [`Slicer::poll`]. It owns no clock, no file
//! and no task. Packets are judged by the moment they were received, so that a late disk never moves the bell.

use super::schedule::Schedule;
use media::gop::GopLimits;
use media::{GopCache, MediaTime, Packet, Track, TrackKind};
use model::calendar::Span;
use model::gatherer::GathererSettings;
use model::slice::SliceEnd;
use model::{SubjectId, TeacherId};
use std::collections::VecDeque;
use std::sync::Arc;

/// A fragment is flushed when it holds this much media, even inside a long GOP: what a power cut may take.
pub const FRAGMENT_MAX_MS: i64 = 2000;
/// No cut this short before the bell: nobody wants a slice of one GOP at the end of a lesson.
pub const TAIL_MIN_MS: i64 = 2000;
/// Ticks judge the moment this long ago: packets received before the bell may still be on their way to us, or wait for
/// their sound ([`super::align`]).
pub const TICK_LAG_MS: i64 = super::align::HOLD_MS + 250;
/// A wall clock that falls back further than this was set by hand or NTP and is believed.
pub const CLOCK_STEP_MS: i64 = 5000;
/// A slice of this size ends at the next keyframe, whatever its length: storage takes files of up to 4 GiB, and a GOP
/// and the head come on top. 3 h at 2.4 Mbit/s.
pub const SLICE_MAX_BYTES: u64 = 3 << 30;
/// A decoding time further from the one before than this is a new stream, not a pause.
pub const TIME_JUMP_MS: i64 = 10_000;
/// After the disk refused a slice, the next is opened no sooner than this.
pub const DISK_PAUSE_MS: i64 = 5000;
/// A lesson may be extended by this much within its open file: head room is reserved for it, about 1.2 MB. Longer ones go
/// on in a second file, without a hole.
pub const EXTENSION_MS: i64 = 15 * 60_000;
/// Bytes of the GOPs kept for pre-roll and overlap; they are shared with the channel's feed.
const HISTORY_MAX_BYTES: usize = 48 << 20;
/// Packets kept: 4 GOPs of 20 s at 30 fps with AAC.
const HISTORY_MAX_PACKETS: usize = 8000;

/// How long slices are and what they repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Media after which a slice ends at the next keyframe, ms; 0 = one slice for the whole range.
    pub slice_ms: i64,
    /// GOPs at the end of a slice that the next one repeats, 0–3.
    pub overlap_keyframes: usize,
}

impl From<&GathererSettings> for Rules {
    fn from(settings: &GathererSettings) -> Self {
        Self {
            slice_ms: i64::from(settings.slice_min) * 60_000,
            overlap_keyframes: settings.overlap_keyframes.min(3) as usize,
        }
    }
}

/// What a slice is when it is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SliceStart {
    /// The lesson it belongs to.
    pub span: Span,
    /// What is recorded.
    pub tracks: Arc<[Track]>,
    /// Wall time of the first frame, Unix ms.
    pub started_at_ms: i64,
    /// Media at the start that the slice before holds too, ms.
    pub overlap_ms: i64,
    /// Media the file must have room for, ms; a GOP and the overlap come on top.
    pub room_ms: i64,
}

/// What should happen, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Start a file.
    Open(Box<SliceStart>),
    /// The next packet of the open file.
    Write(Packet),
    /// Make what was written durable.
    Fragment,
    /// The open file's lesson has another subject or teacher now.
    Retitle(SubjectId, TeacherId),
    /// Finish the open file.
    Close(SliceEnd),
}

#[derive(Debug)]
struct Open {
    /// The lesson as the newest plan has it.
    span: Span,
    /// Length counts from here: the bell, or the first frame that no slice before holds.
    count_from: MediaTime,
    /// The length that its head has room for.
    room_ms: i64,
    bytes: u64,
    keyframes: usize,
    fragment_start: Option<MediaTime>,
}

/// What the same lesson holds already, while the stream is unbroken.
#[derive(Debug)]
struct Before {
    lesson_key: String,
    /// Decoding time of the first frame it does not hold.
    until: MediaTime,
}

/// The state machine of one channel.
#[derive(Debug)]
pub struct Slicer {
    schedule: Schedule,
    rules: Rules,
    max_bytes: u64,
    now_ms: i64,
    tracks: Arc<[Track]>,
    history: GopCache,
    last_video: Option<MediaTime>,
    frame: MediaTime,
    open: Option<Open>,
    before: Option<Before>,
    not_before_ms: i64,
    actions: VecDeque<Action>,
}

impl Slicer {
    /// A slicer that has seen nothing yet.
    pub fn new(schedule: Schedule, rules: Rules) -> Self {
        Self {
            schedule,
            rules,
            max_bytes: SLICE_MAX_BYTES,
            now_ms: i64::MIN,
            tracks: Arc::new([]),
            history: history(rules),
            last_video: None,
            frame: MediaTime::from_ms(0),
            open: None,
            before: None,
            not_before_ms: i64::MIN,
            actions: VecDeque::new(),
        }
    }

    /// The next thing to do; `None` when the last input is dealt with.
    pub fn poll(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Whether a slice is open.
    pub fn is_recording(&self) -> bool {
        self.open.is_some()
    }

    /// A new plan. The open lesson takes over its new end, subject and teacher at the next tick or packet and goes on in
    /// the same file; one that is not due any more is closed.
    pub fn set_schedule(&mut self, schedule: Schedule) {
        self.schedule = schedule;
    }

    /// New lengths; they hold from the next keyframe on, but an open slice never grows longer than it was opened for.
    pub fn set_rules(&mut self, rules: Rules) {
        if rules == self.rules {
            return;
        }
        let mut kept = history(rules);
        self.history.from_last_keyframe(usize::MAX).cloned().for_each(|packet| kept.push(packet));
        self.history = kept;
        self.rules = rules;
    }

    /// Time passed without a packet; call it about twice a second.
    pub fn tick(&mut self, now_ms: i64) {
        self.follow(now_ms - TICK_LAG_MS);
    }

    /// The source (again) says what it carries. Other tracks than before end the slice.
    pub fn tracks(&mut self, tracks: Arc<[Track]>) {
        if tracks != self.tracks {
            self.break_off(SliceEnd::SourceChanged);
            self.tracks = tracks;
        }
    }

    /// The source was lost.
    pub fn lost(&mut self) {
        self.break_off(SliceEnd::SourceLost);
    }

    /// Packets were dropped before we could read them: our disk was slower than the stream for too long.
    pub fn skipped(&mut self) {
        self.break_off(SliceEnd::Disk);
    }

    /// The channel stops; `end` says why. What follows starts afresh.
    pub fn stop(&mut self, end: SliceEnd) {
        self.break_off(end);
    }

    /// The writer could not go on with the open slice and has closed it itself.
    pub fn write_failed(&mut self) {
        self.open = None;
        self.before = None;
        self.actions.clear();
        self.not_before_ms = self.now_ms.saturating_add(DISK_PAUSE_MS);
    }

    /// The next packet, and when it was received (Unix ms).
    pub fn packet(&mut self, packet: Packet, received_at_ms: i64) {
        if self.has_jumped(&packet) {
            self.break_off(SliceEnd::SourceChanged);
        }
        self.follow(received_at_ms);
        if packet.starts_gop() && self.is_long_enough(&packet, received_at_ms) {
            let repeat =
                self.open.as_ref().map_or(0, |open| open.keyframes).min(self.rules.overlap_keyframes);
            self.close_at(SliceEnd::Length, packet.dts);
            self.keep(&packet);
            self.begin(repeat + 1, packet.dts, received_at_ms);
            return;
        }
        self.keep(&packet);
        if self.open.is_some() {
            self.write(packet);
        } else {
            self.begin(1, packet.dts, received_at_ms);
        }
    }

    fn keep(&mut self, packet: &Packet) {
        self.history.push(packet.clone());
        if packet.kind == TrackKind::Video {
            if let Some(last) = self.last_video {
                self.frame = packet.dts - last;
            }
            self.last_video = Some(packet.dts);
        }
    }

    fn has_jumped(&self, packet: &Packet) -> bool {
        packet.kind == TrackKind::Video
            && self
                .last_video
                .is_some_and(|last| packet.dts < last || (packet.dts - last).as_ms() > TIME_JUMP_MS)
    }

    /// Moves time forward and closes what is no longer due.
    fn follow(&mut self, now_ms: i64) {
        let fell_back = now_ms < self.now_ms.saturating_sub(CLOCK_STEP_MS);
        self.now_ms = if fell_back { now_ms } else { now_ms.max(self.now_ms) };
        if fell_back {
            self.not_before_ms = i64::MIN;
        }
        let now_ms = self.now_ms;
        let Some(open) = &mut self.open else { return };
        if let Some(due) = self.schedule.due(now_ms).filter(|due| due.key == open.span.key) {
            if (due.subject_id, due.teacher_id) != (open.span.subject_id, open.span.teacher_id) {
                self.actions.push_back(Action::Retitle(due.subject_id, due.teacher_id));
            }
            if *due != open.span {
                open.span = due.clone();
            }
            return;
        }
        let end_at_ms = self.schedule.end_of(&open.span.key, now_ms).unwrap_or(open.span.end_at_ms);
        let until = self.last_video.map_or(open.count_from, |last| last + self.frame);
        self.close_at(if now_ms >= end_at_ms { SliceEnd::Bell } else { SliceEnd::Cancelled }, until);
    }

    fn is_long_enough(&self, keyframe: &Packet, received_at_ms: i64) -> bool {
        let Some(open) = &self.open else { return false };
        if open.bytes >= self.max_bytes {
            return true;
        }
        let limit_ms = match self.rules.slice_ms {
            0 => open.room_ms,
            slice_ms => slice_ms.min(open.room_ms),
        };
        (keyframe.dts - open.count_from).as_ms() >= limit_ms
            && open.span.end_at_ms - received_at_ms >= TAIL_MIN_MS.min(limit_ms / 4)
    }

    /// Opens a slice from the `k`-th last keyframe if one is due now. The packet just kept has time `dts` and was
    /// received at `received_at_ms`, so that the first frame's wall time follows from media time.
    fn begin(&mut self, k: usize, dts: MediaTime, received_at_ms: i64) {
        if self.now_ms < self.not_before_ms || self.history.gops() == 0 || self.tracks.is_empty() {
            return;
        }
        let Some(span) = self.schedule.due(self.now_ms).cloned() else { return };
        let packets: Vec<Packet> = self.history.from_last_keyframe(k).cloned().collect();
        let Some(first) = packets.first().map(|packet| packet.dts) else { return };
        let started_at_ms = received_at_ms - (dts - first).as_ms();
        let held = self.before.take().filter(|before| before.lesson_key == span.key);
        let count_from = match &held {
            Some(before) => before.until.max(first),
            None => first + MediaTime::from_ms((span.start_at_ms - started_at_ms).max(0)),
        };
        let overlap_ms = held.map_or(0, |before| (before.until - first).as_ms().max(0));
        let lesson_ms = span.end_at_ms - started_at_ms + EXTENSION_MS;
        let room_ms = match self.rules.slice_ms {
            0 => lesson_ms,
            slice_ms => slice_ms.min(lesson_ms),
        };
        self.actions.push_back(Action::Open(Box::new(SliceStart {
            span: span.clone(),
            tracks: self.tracks.clone(),
            started_at_ms,
            overlap_ms,
            room_ms,
        })));
        self.open = Some(Open { span, count_from, room_ms, bytes: 0, keyframes: 0, fragment_start: None });
        packets.into_iter().for_each(|packet| self.write(packet));
    }

    fn write(&mut self, packet: Packet) {
        let Some(open) = &mut self.open else { return };
        let full = open
            .fragment_start
            .is_some_and(|start| packet.starts_gop() || (packet.dts - start).as_ms() >= FRAGMENT_MAX_MS);
        if full {
            self.actions.push_back(Action::Fragment);
        }
        if full || open.fragment_start.is_none() {
            open.fragment_start = Some(packet.dts);
        }
        open.keyframes += usize::from(packet.starts_gop());
        open.bytes += packet.data.len() as u64;
        self.actions.push_back(Action::Write(packet));
    }

    /// Closes the slice and remembers what it holds for the next one of the lesson.
    fn close_at(&mut self, end: SliceEnd, until: MediaTime) {
        let Some(open) = self.open.take() else { return };
        self.before = Some(Before { lesson_key: open.span.key, until });
        self.actions.push_back(Action::Close(end));
    }

    /// The stream is broken: nothing of before can be continued or repeated.
    fn break_off(&mut self, end: SliceEnd) {
        if self.open.take().is_some() {
            self.actions.push_back(Action::Close(end));
        }
        self.before = None;
        self.last_video = None;
        self.history.clear();
    }
}

fn history(rules: Rules) -> GopCache {
    GopCache::new(GopLimits {
        gops: rules.overlap_keyframes + 1,
        packets: HISTORY_MAX_PACKETS,
        bytes: HISTORY_MAX_BYTES,
        ..GopLimits::default()
    })
}

#[cfg(test)]
mod tests;
