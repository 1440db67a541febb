use super::*;
use bytes::Bytes;
use media::DecoderConfig;
use model::{ChannelId, RangeId};
use proptest::prelude::*;

/// Monday 2026-11-23 08:00:00 UTC.
const BELL_MS: i64 = 1_795_420_800_000;
const FRAME_MS: i64 = 40;

/// A lesson of that Monday, named after `id`.
fn range(id: i64, start: &str, end: &str) -> Span {
    let at_ms = |field, text| {
        let second = model::timetable::parse_time_of_day(field, text).unwrap();
        BELL_MS + (i64::from(second) - 8 * 3600) * 1000
    };
    Span {
        key: format!("{id}-20261123"),
        channel_id: ChannelId(1),
        start_at_ms: at_ms("start", start),
        end_at_ms: at_ms("end", end),
        subject_id: SubjectId(3),
        teacher_id: TeacherId(4),
        range_id: RangeId(id),
    }
}

fn schedule(spans: &[Span]) -> Schedule {
    Schedule::new(spans.to_vec())
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
    titles: Vec<(i64, i64)>,
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
    fn new(spans: &[Span], slice_ms: i64, overlap_keyframes: usize, gop_ms: i64) -> Self {
        let rules = Rules { slice_ms, overlap_keyframes };
        let mut slicer = Slicer::new(schedule(spans), rules);
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
                let (dts_ms, keys_ms, titles) = (vec![], vec![], vec![]);
                self.files.push(File { start, dts_ms, keys_ms, fragments: 0, titles, end: None });
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
                Action::Retitle(subject, teacher) => file.titles.push((subject.0, teacher.0)),
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
    assert_eq!(sim.files[1].start.span.key, "2-20261123");
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
fn a_new_end_of_the_running_lesson_goes_on_in_the_same_file() {
    for (new_end, last_ms) in [("08:00:40", 39_960), ("08:02", 119_960)] {
        let mut sim = Sim::new(&[range(1, "08:00", "08:01")], 0, 0, 2000);
        sim.run(0, 11_000);
        sim.slicer.set_schedule(schedule(&[range(1, "08:00", new_end)]));
        sim.run(11_000, 121_000);
        assert_eq!(sim.spans(), [(0, last_ms, Some(SliceEnd::Bell))]);
    }
}

#[test]
fn an_end_that_is_past_already_closes_at_once() {
    let mut sim = Sim::new(&[range(1, "08:00", "08:01")], 0, 0, 2000);
    sim.run(0, 31_000);
    sim.slicer.set_schedule(schedule(&[range(1, "08:00", "08:00:20")]));
    sim.run(31_000, 61_000);
    assert_eq!(sim.spans(), [(0, 30_960, Some(SliceEnd::Bell))]);
}

#[test]
fn a_lesson_extended_beyond_the_room_of_its_file_goes_on_in_a_second_one() {
    let mut sim = Sim::new(&[range(1, "08:00", "08:01")], 0, 0, 2000);
    sim.run(0, 50_000);
    sim.slicer.set_schedule(schedule(&[range(1, "08:00", "08:20")]));
    sim.run(50_000, 1_201_000);
    let room_ms = 60_000 + EXTENSION_MS;
    assert_eq!(sim.files[0].start.room_ms, room_ms);
    let first = (0, room_ms - FRAME_MS, Some(SliceEnd::Length));
    assert_eq!(sim.spans(), [first, (room_ms, 1_199_960, Some(SliceEnd::Bell))]);
}

#[test]
fn another_teacher_counts_for_the_open_file_and_for_the_next() {
    let mut sim = Sim::new(&[range(1, "08:00", "08:01")], 20_000, 0, 2000);
    sim.run(0, 11_000);
    let substitute = Span { teacher_id: TeacherId(9), ..range(1, "08:00", "08:01") };
    sim.slicer.set_schedule(schedule(std::slice::from_ref(&substitute)));
    sim.run(11_000, 25_000);
    sim.slicer.set_schedule(schedule(&[substitute]));
    sim.run(25_000, 61_000);
    assert_eq!(sim.files.len(), 3, "no file was cut for it");
    assert_eq!(sim.files[0].titles, [(3, 9)]);
    assert_eq!((sim.files[1].start.span.teacher_id, &sim.files[1].titles), (TeacherId(9), &vec![]));
}

#[test]
fn a_lesson_that_another_one_cuts_in_two_is_three_files_of_two_lessons() {
    let (first, second) = (range(1, "08:00", "08:00:20"), range(1, "08:00:40", "08:01"));
    let mut sim = Sim::new(&[first, range(2, "08:00:20", "08:00:40"), second], 0, 2, 2000);
    sim.run(-2000, 61_000);
    let bell = Some(SliceEnd::Bell);
    assert_eq!(sim.spans(), [(0, 19_960, bell), (20_000, 39_960, bell), (40_000, 59_960, bell)]);
    let keys: Vec<&str> = sim.files.iter().map(|file| file.start.span.key.as_str()).collect();
    assert_eq!(keys, ["1-20261123", "2-20261123", "1-20261123"]);
    assert!(sim.files.iter().all(|file| file.start.overlap_ms == 0));
}

#[test]
fn a_lesson_that_takes_the_place_of_the_running_one_begins_without_a_hole() {
    let mut sim = Sim::new(&[range(1, "08:00", "08:01")], 0, 0, 2000);
    sim.run(0, 11_000);
    sim.slicer.set_schedule(schedule(&[range(2, "08:00", "08:01")]));
    sim.run(11_000, 61_000);
    assert_eq!(sim.spans(), [(0, 10_960, Some(SliceEnd::Cancelled)), (10_000, 59_960, Some(SliceEnd::Bell))]);
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
