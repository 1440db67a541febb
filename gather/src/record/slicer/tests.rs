use super::*;
use bytes::Bytes;
use media::DecoderConfig;
use model::{RangeId, SubjectId, TeacherId};
use proptest::prelude::*;

/// Monday 2026-11-23 08:00:00 UTC.
const BELL_MS: i64 = 1_795_420_800_000;
const FRAME_MS: i64 = 40;

fn range(id: i64, start: &str, end: &str) -> WeeklyRange {
    WeeklyRange {
        id: RangeId(id),
        channel_id: ChannelId(1),
        weekday: 1,
        start_s: timetable::parse_time_of_day("start", start).unwrap(),
        end_s: timetable::parse_time_of_day("end", end).unwrap(),
        subject_id: SubjectId(3),
        teacher_id: TeacherId(4),
    }
}

fn schedule(ranges: &[WeeklyRange]) -> Schedule {
    Schedule { ranges: ranges.into(), zone: TimeZone::UTC }
}

fn tracks(width: u16) -> Arc<[Track]> {
    let config = DecoderConfig::H264(Bytes::from_static(b"x"));
    Arc::new([Track { config, timescale: 1000, width, height: 9, sample_rate: 0, channels: 0 }])
}

fn video(dts_ms: i64, key: bool) -> Packet {
    let data = Bytes::from(dts_ms.to_be_bytes().to_vec());
    Packet { kind: TrackKind::Video, dts: MediaTime::from_ms(dts_ms), composition_offset: 0, key, data }
}

/// One finished file as the actions describe it.
#[derive(Debug)]
struct File {
    start: SliceStart,
    dts_ms: Vec<i64>,
    keys_ms: Vec<i64>,
    fragments: usize,
    end: Option<SliceEnd>,
}

/// A camera of 25 frames/s whose wall clock shows `BELL_MS + dts`; keyframes where `dts` is a multiple of the GOP.
struct Sim {
    slicer: Slicer,
    gop_ms: i64,
    at_ms: i64,
    files: Vec<File>,
}

impl Sim {
    fn new(ranges: &[WeeklyRange], slice_ms: i64, overlap_keyframes: usize, gop_ms: i64) -> Self {
        let rules = Rules { slice_ms, overlap_keyframes };
        let mut slicer = Slicer::new(ChannelId(1), schedule(ranges), rules);
        slicer.tracks(tracks(16));
        Self { slicer, gop_ms, at_ms: 0, files: Vec::new() }
    }

    /// Runs the camera from its present moment, or `from_ms`, to `to_ms` after the bell.
    fn run(&mut self, from_ms: i64, to_ms: i64) -> &mut Self {
        self.at_ms = self.at_ms.max(from_ms).min(if self.files.is_empty() { from_ms } else { i64::MAX });
        while self.at_ms < to_ms {
            let key = self.at_ms.rem_euclid(self.gop_ms) == 0;
            self.slicer.packet(video(self.at_ms, key), BELL_MS + self.at_ms);
            self.at_ms += FRAME_MS;
            self.drain();
        }
        self
    }

    fn drain(&mut self) {
        while let Some(action) = self.slicer.poll() {
            if let Action::Open(start) = action {
                assert!(self.files.last().is_none_or(|f| f.end.is_some()), "two files open at once");
                let start = *start;
                self.files.push(File { start, dts_ms: vec![], keys_ms: vec![], fragments: 0, end: None });
                continue;
            }
            let file = self.files.last_mut().unwrap();
            assert!(file.end.is_none(), "{action:?} after the end");
            match action {
                Action::Open(_) => unreachable!(),
                Action::Write(packet) => {
                    assert!(!file.dts_ms.is_empty() || packet.starts_gop(), "a file starts at a keyframe");
                    file.dts_ms.push(packet.dts.as_ms());
                    if packet.starts_gop() {
                        file.keys_ms.push(packet.dts.as_ms());
                    }
                }
                Action::Fragment => file.fragments += 1,
                Action::Close(end) => file.end = Some(end),
            }
        }
    }

    fn spans(&self) -> Vec<(i64, i64, Option<SliceEnd>)> {
        self.files.iter().map(|f| (f.dts_ms[0], *f.dts_ms.last().unwrap(), f.end)).collect()
    }
}

#[test]
fn a_lesson_begins_at_the_last_keyframe_before_the_bell_and_ends_at_the_bell() {
    let mut sim = Sim::new(&[range(1, "08:00", "08:01")], 0, 0, 2000);
    sim.run(-5120, 61_000);
    // Keyframes at …, -2000, 0: the one at the bell itself is received at the first due moment.
    assert_eq!(sim.spans(), [(0, 59_960, Some(SliceEnd::Bell))]);
    let mut sim = Sim::new(&[range(1, "08:00", "08:01")], 0, 0, 3000);
    sim.slicer.set_rules(Rules { slice_ms: 0, overlap_keyframes: 0 });
    sim.run(-4960, -2000);
    assert!(sim.files.is_empty());
    sim.at_ms = -1960;
    sim.run(-1960, 61_000);
    assert_eq!(sim.files[0].dts_ms[0], 0);
    assert_eq!(sim.files[0].start.started_at_ms, BELL_MS);
}

#[test]
fn pre_roll_reaches_back_to_a_keyframe_before_the_bell() {
    let mut sim = Sim::new(&[range(1, "08:00", "08:01")], 0, 0, 2000);
    // The camera's keyframes stand 1 s off the bell.
    for at in (-6000..61_000).step_by(40) {
        sim.slicer.packet(video(at, (at + 1000).rem_euclid(2000) == 0), BELL_MS + at);
        sim.drain();
    }
    assert_eq!(sim.spans(), [(-1000, 59_960, Some(SliceEnd::Bell))]);
    assert_eq!(sim.files[0].start.started_at_ms, BELL_MS - 1000);
    assert_eq!(sim.files[0].start.overlap_ms, 0);
}

#[test]
fn five_minutes_in_slices_of_one_are_five_files_cut_at_keyframes() {
    for offset in [0, 40, 1000, 1960] {
        let mut sim = Sim::new(&[range(1, "08:00", "08:05")], 60_000, 0, 2000);
        for at in (-6000..301_000).step_by(40) {
            sim.slicer.packet(video(at, (at + offset).rem_euclid(2000) == 0), BELL_MS + at);
            sim.drain();
        }
        assert_eq!(sim.files.len(), 5, "offset {offset}: {:?}", sim.spans());
        for file in &sim.files {
            let length = file.dts_ms.last().unwrap() - file.dts_ms[0] + FRAME_MS;
            assert!((58_000..=62_000).contains(&length), "{length}");
        }
        assert_eq!(sim.files[4].end, Some(SliceEnd::Bell));
        assert!(sim.files[..4].iter().all(|f| f.end == Some(SliceEnd::Length)));
    }
}

#[test]
fn overlap_repeats_the_last_gops_and_says_how_long() {
    for n in 0..=3 {
        let mut sim = Sim::new(&[range(1, "08:00", "08:05")], 10_000, n, 1000);
        sim.run(-3000, 61_000);
        assert!(sim.files.len() > 5);
        for pair in sim.files.windows(2) {
            let (before, after) = (&pair[0], &pair[1]);
            let keys = &before.keys_ms;
            let first = after.dts_ms[0];
            if n == 0 {
                assert_eq!(
                    first,
                    before.dts_ms.last().unwrap() + FRAME_MS,
                    "nothing shared, nothing missing"
                );
            } else {
                assert_eq!(first, keys[keys.len() - n], "R-REC-04 with N = {n}");
            }
            assert_eq!(after.start.overlap_ms, 1000 * n as i64);
            assert_eq!(after.start.started_at_ms, BELL_MS + first);
        }
    }
}

#[test]
fn adjacent_lessons_are_both_complete() {
    let mut sim = Sim::new(&[range(1, "08:00", "08:01"), range(2, "08:01", "08:02")], 0, 2, 7000);
    sim.run(-8000, 121_000);
    // Keyframes at multiples of 7 s: the second lesson starts with the one at 56 s.
    assert_eq!(sim.spans(), [(0, 59_960, Some(SliceEnd::Bell)), (56_000, 119_960, Some(SliceEnd::Bell))]);
    assert_eq!(sim.files[1].start.overlap_ms, 0, "another lesson: nothing is repeated");
    assert_eq!(sim.files[1].start.occurrence.lesson_key, "2-20261123");
}

#[test]
fn a_gatherer_that_comes_late_records_the_rest() {
    let mut sim = Sim::new(&[range(1, "08:00", "08:01")], 0, 0, 2000);
    sim.run(31_000, 61_000);
    assert_eq!(sim.spans(), [(32_000, 59_960, Some(SliceEnd::Bell))]);
}

#[test]
fn a_lost_source_closes_and_the_next_keyframe_opens_the_same_lesson() {
    let mut sim = Sim::new(&[range(1, "08:00", "08:01")], 0, 2, 2000);
    sim.run(0, 11_000);
    sim.slicer.lost();
    sim.drain();
    assert!(!sim.slicer.is_recording());
    sim.at_ms = 20_400;
    sim.run(20_400, 61_000);
    assert_eq!(
        sim.spans(),
        [(0, 10_960, Some(SliceEnd::SourceLost)), (22_000, 59_960, Some(SliceEnd::Bell))]
    );
    assert_eq!(sim.files[1].start.overlap_ms, 0);
}

#[test]
fn other_tracks_close_the_slice_and_the_same_tracks_do_not() {
    let mut sim = Sim::new(&[range(1, "08:00", "08:01")], 0, 0, 2000);
    sim.run(0, 3000);
    sim.slicer.tracks(tracks(16));
    sim.run(3000, 5000);
    sim.slicer.tracks(tracks(32));
    sim.run(5000, 61_000);
    assert_eq!(sim.spans(), [(0, 4960, Some(SliceEnd::SourceChanged)), (6000, 59_960, Some(SliceEnd::Bell))]);
    assert_eq!(sim.files[1].start.tracks[0].width, 32);
}

#[test]
fn an_edit_closes_at_once_and_what_is_still_due_goes_on_without_a_hole() {
    let mut sim = Sim::new(&[range(1, "08:00", "08:01")], 0, 0, 2000);
    sim.run(0, 11_000);
    sim.slicer.set_schedule(schedule(&[range(1, "08:00", "08:00:40")]));
    sim.run(11_000, 61_000);
    assert_eq!(sim.spans(), [(0, 10_960, Some(SliceEnd::Cancelled)), (10_000, 39_960, Some(SliceEnd::Bell))]);
    assert_eq!(sim.files[1].start.overlap_ms, 1000);
    sim.slicer.set_schedule(schedule(&[]));
    assert_eq!(sim.files.len(), 2);
}

#[test]
fn a_cancelled_lesson_closes_at_the_next_tick_even_without_packets() {
    let mut sim = Sim::new(&[range(1, "08:00", "08:01")], 0, 0, 2000);
    sim.run(0, 11_000);
    sim.slicer.set_schedule(schedule(&[]));
    sim.slicer.tick(BELL_MS + 11_000);
    sim.drain();
    assert_eq!(sim.spans(), [(0, 10_960, Some(SliceEnd::Cancelled))]);
}

#[test]
fn the_bell_rings_for_a_silent_source_and_a_late_packet_opens_nothing() {
    let mut sim = Sim::new(&[range(1, "08:00", "08:01")], 0, 0, 2000);
    sim.run(0, 59_000);
    sim.slicer.tick(BELL_MS + 60_000 + TICK_LAG_MS);
    sim.drain();
    sim.slicer.packet(video(59_000, false), BELL_MS + 59_990);
    sim.drain();
    assert_eq!(sim.spans(), [(0, 58_960, Some(SliceEnd::Bell))]);
}

#[test]
fn fragments_are_whole_gops_and_never_longer_than_two_seconds() {
    let mut sim = Sim::new(&[range(1, "08:00", "08:01")], 0, 0, 10_000);
    sim.run(0, 61_000);
    assert_eq!(sim.files[0].fragments, 29);
    let mut sim = Sim::new(&[range(1, "08:00", "08:01")], 0, 0, 1000);
    sim.run(0, 61_000);
    assert_eq!(sim.files[0].fragments, 59);
}

#[test]
fn a_jump_of_media_time_starts_a_new_file() {
    let mut sim = Sim::new(&[range(1, "08:00", "08:01")], 0, 1, 2000);
    sim.run(0, 4000);
    for (dts_ms, key) in [(90_000, true), (90_040, false), (10, true)] {
        sim.slicer.packet(video(dts_ms, key), BELL_MS + 5000);
    }
    sim.drain();
    let changed = Some(SliceEnd::SourceChanged);
    assert_eq!(sim.spans(), [(0, 3960, changed), (90_000, 90_040, changed), (10, 10, None)]);
}

#[test]
fn after_a_disk_error_it_pauses_and_goes_on() {
    let mut sim = Sim::new(&[range(1, "08:00", "08:01")], 0, 0, 1000);
    sim.run(0, 10_000);
    sim.slicer.write_failed();
    sim.files.last_mut().unwrap().end = Some(SliceEnd::Recovered);
    sim.run(10_000, 61_000);
    assert_eq!(sim.spans()[1], (14_000, 59_960, Some(SliceEnd::Bell)));
}

#[test]
fn a_slice_never_outgrows_what_storage_takes() {
    let mut sim = Sim::new(&[range(1, "08:00", "08:01")], 0, 0, 2000);
    // 25 packets of 8 bytes a second.
    sim.slicer.max_bytes = 200 * 15;
    sim.run(0, 61_000);
    let length = Some(SliceEnd::Length);
    let end = |ms| if ms == 48_000 { (ms, 59_960, Some(SliceEnd::Bell)) } else { (ms, ms + 15_960, length) };
    assert_eq!(sim.spans(), [end(0), end(16_000), end(32_000), end(48_000)]);
}

#[test]
fn an_open_slice_keeps_the_length_its_head_was_made_for() {
    let mut sim = Sim::new(&[range(1, "08:00", "08:05")], 60_000, 0, 2000);
    sim.run(0, 30_000);
    sim.slicer.set_rules(Rules { slice_ms: 0, overlap_keyframes: 0 });
    sim.run(30_000, 90_000);
    sim.slicer.set_rules(Rules { slice_ms: 30_000, overlap_keyframes: 0 });
    sim.run(90_000, 110_000);
    let length = Some(SliceEnd::Length);
    assert_eq!(sim.spans(), [(0, 59_960, length), (60_000, 89_960, length), (90_000, 109_960, None)]);
}

#[test]
fn a_clock_set_back_is_believed() {
    let mut sim = Sim::new(&[range(1, "08:00", "08:01")], 0, 0, 2000);
    sim.run(0, 4000);
    for i in 0..100 {
        sim.slicer.packet(video(4000 + i * 40, i % 50 == 0), BELL_MS - 60_000 + i * 40);
    }
    sim.drain();
    assert_eq!(sim.spans(), [(0, 3960, Some(SliceEnd::Cancelled))]);
}

proptest! {
    /// Whatever the GOP, slice length and overlap: every frame of the lesson is in a file, files of one lesson follow
    /// each other without a hole, and what is repeated is exactly what `overlap_ms` says.
    #[test]
    fn no_frame_of_a_lesson_is_missing(
        gop in 1i64..120, slice_ms in 0i64..40_000, n in 0usize..=3, from in -225i64..1250
    ) {
        let from = from * FRAME_MS;
        let mut sim = Sim::new(&[range(1, "08:00", "08:01")], slice_ms, n, gop * FRAME_MS);
        sim.run(from, 61_000);
        let first_key = (from..).step_by(40).find(|at| at.rem_euclid(gop * FRAME_MS) == 0).unwrap();
        if first_key < 60_000 {
            let first = sim.files[0].dts_ms[0];
            prop_assert!(first <= first_key.max(0));
            prop_assert_eq!(sim.files.last().unwrap().end, Some(SliceEnd::Bell));
            prop_assert!(*sim.files.last().unwrap().dts_ms.last().unwrap() + FRAME_MS >= 60_000);
            for file in &sim.files {
                prop_assert!(file.dts_ms.windows(2).all(|w| w[1] == w[0] + FRAME_MS));
            }
            for pair in sim.files.windows(2) {
                let until = pair[0].dts_ms.last().unwrap() + FRAME_MS;
                prop_assert_eq!(pair[1].dts_ms[0] + pair[1].start.overlap_ms, until);
            }
        } else {
            prop_assert!(sim.files.is_empty());
        }
    }
}
