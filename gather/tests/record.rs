//! Recording on real media: a file channel, the real writer, and ffprobe as the judge.
#![allow(clippy::unwrap_used, reason = "a test")]

use base::{Clock, Tasks};
use gather::address::AddressRules;
use gather::channel::{Channel, ChannelHandle, ChannelSettings};
use gather::feed::Start;
use gather::record::finish::Finisher;
use gather::record::ledger::{Ledger, SliceRow, SliceState};
use gather::record::schedule::Schedule;
use gather::record::slicer::Rules;
use gather::record::{Plan, Recorder, Studio};
use model::calendar::Span;
use model::channel::Source;
use model::slice::SliceEnd;
use model::{ChannelId, GathererId, GradeId, RangeId, SubjectId, TeacherId};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use testkit::fixture::Clip;
use testkit::probe::{decodes, probe};
use testkit::wait::wait_for;
use tokio::sync::Notify;

const LIMIT: Duration = Duration::from_secs(40);

/// A lesson of `length_s` that begins `in_s` after a whole second of now.
fn lesson(in_s: i64, length_s: i64) -> Span {
    let start_at_ms = base::now_ms() / 1000 * 1000 + in_s * 1000;
    Span {
        key: "c2-20261120-p3-0-v1".into(),
        channel_id: ChannelId(1),
        start_at_ms,
        end_at_ms: start_at_ms + length_s * 1000,
        subject_id: SubjectId(1),
        teacher_id: TeacherId(1),
        range_id: RangeId(0),
    }
}

struct Room {
    dir: tempfile::TempDir,
    ledger: Ledger,
    studio: Studio,
    tasks: Tasks,
    channel: ChannelHandle,
}

impl Room {
    async fn new(clip: Clip) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (media, spool) = (dir.path().join("media"), dir.path().join("spool"));
        std::fs::create_dir(&media).unwrap();
        std::fs::create_dir(&spool).unwrap();
        let path = clip.make(&media, "a.mp4");
        let ledger = Ledger::open(&dir.path().join("ledger.db"), "1@test").await.unwrap();
        let tasks = Tasks::new();
        let finisher = Finisher::new(ledger.clone(), Arc::new(Notify::new()), Tasks::new());
        let studio =
            Studio { ledger: ledger.clone(), finisher, spools: vec![spool].into(), clock: Clock::System };
        let spec = model::channel::Channel {
            id: ChannelId(1),
            gatherer_id: GathererId(1),
            grade_id: GradeId(1),
            class_name: "一班".into(),
            source: Source::File { path: path.to_str().unwrap().into() },
            enabled: true,
        };
        let rules = Arc::new(AddressRules::new(dir.path()));
        let channel = Channel::start(spec, ChannelSettings { reconnect_source: true, rules }, &tasks);
        Self { dir, ledger, studio, tasks, channel }
    }

    fn record(&self, in_s: i64, length_s: i64, rules: Rules) -> Recorder {
        let reader = self.channel.feed().read(Start::LastKeyframe);
        let plan = plan(lesson(in_s, length_s), rules);
        Recorder::start(&self.studio, ChannelId(1), reader, plan, &self.tasks).unwrap()
    }

    /// Waits until `count` slices are closed.
    async fn closed(&self, count: usize) -> Vec<SliceRow> {
        let ledger = self.ledger.clone();
        wait_for("closed slices", LIMIT, || {
            let ledger = ledger.clone();
            async move {
                let rows = ledger.in_state(SliceState::Closed).await.unwrap();
                (rows.len() >= count).then_some(rows)
            }
        })
        .await
    }
}

fn plan(lesson: Span, rules: Rules) -> Plan {
    Plan { schedule: Schedule::new(vec![lesson]), rules, enabled: true }
}

fn check_file(row: &SliceRow) -> testkit::probe::Probe {
    let path = row.file();
    let found = probe(&path);
    decodes(&path);
    assert!(found.faststart, "moov in front");
    assert_eq!(found.codecs, ["h264", "aac"]);
    let (video, audio) = (found.video_s.1, found.audio_s.unwrap().1);
    assert!((video - audio).abs() < 0.1, "picture ends at {video} s, sound at {audio} s");
    assert!(found.keys[0], "begins with a keyframe");
    assert_eq!(row.facts.video_frames as usize, found.frames.len());
    assert_eq!(row.facts.size_bytes as u64, std::fs::metadata(&path).unwrap().len());
    assert!((row.facts.duration_ms as f64 / 1000.0 - video.max(audio)).abs() < 0.1);
    assert_eq!((row.facts.width, row.facts.height), (640, 360));
    is_jpeg(&row.still());
    found
}

fn is_jpeg(path: &Path) {
    assert_eq!(std::fs::read(path).unwrap()[..3], [0xFF, 0xD8, 0xFF], "{}", path.display());
}

#[tokio::test(flavor = "multi_thread")]
async fn slices_without_overlap_share_no_frame_and_miss_none() {
    let room = Room::new(Clip { seconds: 60, ..Clip::default() }).await;
    let recorder = room.record(2, 31, Rules { slice_ms: 3000, overlap_keyframes: 0 });
    let rows = room.closed(4).await;
    recorder.stop(SliceEnd::Cancelled).await;
    let mut all: Vec<String> = Vec::new();
    for (n, row) in rows.iter().take(4).enumerate() {
        let found = check_file(row);
        assert_eq!((row.facts.sequence as usize, row.facts.end), (n, SliceEnd::Length));
        assert_eq!(row.facts.overlap_ms, 0);
        let longest = if n == 0 { 5.1 } else { 4.1 };
        assert!(
            (3.0..longest).contains(&(found.frames.len() as f64 / 25.0)),
            "{} frames",
            found.frames.len()
        );
        all.extend(found.frames);
    }
    // The clip is one minute long and every frame of it differs: the slices must be a piece of it.
    let clip = probe(&room.dir.path().join("media/a.mp4")).frames;
    let start = clip.iter().position(|hash| *hash == all[0]).unwrap();
    assert_eq!(all, clip[start..start + all.len()], "a frame is missing, doubled or out of order");
}

#[tokio::test(flavor = "multi_thread")]
async fn overlap_repeats_two_gops_and_the_bell_ends_the_lesson() {
    let room = Room::new(Clip { seconds: 60, ..Clip::default() }).await;
    let began_in_s = 2;
    // Keyframes come every second, d after the bell: cuts at 3, 6 and 9 + d whatever d is, then the bell at 11.
    let recorder = room.record(began_in_s, 11, Rules { slice_ms: 3000, overlap_keyframes: 2 });
    let before_ms = base::now_ms();
    let rows = room.closed(4).await;
    let bell_ms = rows[0].facts.started_at_ms;
    assert!(bell_ms <= before_ms + began_in_s * 1000 + 100, "the first frame is at or before the bell");
    for pair in rows.windows(2) {
        let (a, b) = (check_file(&pair[0]), check_file(&pair[1]));
        let keys: Vec<usize> = (0..a.keys.len()).filter(|i| a.keys[*i]).collect();
        assert_eq!(b.frames[0], a.frames[keys[keys.len() - 2]], "R-REC-04");
        assert_eq!(pair[1].facts.overlap_ms, 2000);
        let shared = a.frames.len() - keys[keys.len() - 2];
        assert_eq!(b.frames[..shared], a.frames[a.frames.len() - shared..]);
    }
    let last = rows.last().unwrap();
    assert_eq!(last.facts.end, SliceEnd::Bell);
    let end_ms = last.facts.started_at_ms + last.facts.duration_ms;
    let due_ms = before_ms + (began_in_s + 11) * 1000;
    assert!((end_ms - due_ms).abs() < 1200, "ended {} ms off the bell", end_ms - due_ms);
    recorder.stop(SliceEnd::Cancelled).await;
    assert_eq!(room.closed(4).await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_channel_closes_its_slice_and_the_sequence_goes_on() {
    let room = Room::new(Clip { seconds: 20, ..Clip::default() }).await;
    let recorder = room.record(-5, 120, Rules { slice_ms: 0, overlap_keyframes: 0 });
    let mut now = recorder.now();
    now.wait_for(Option::is_some).await.unwrap();
    tokio::time::timeout(LIMIT, async {
        let mut reader = room.channel.feed().read(Start::Now);
        for _ in 0..150 {
            reader.next().await;
        }
    })
    .await
    .unwrap();
    recorder.stop(SliceEnd::Shutdown).await;
    assert!(now.borrow().is_none());
    let rows = room.closed(1).await;
    check_file(&rows[0]);
    assert_eq!(rows[0].facts.end, SliceEnd::Shutdown);
    let again = room.record(-5, 120, Rules { slice_ms: 0, overlap_keyframes: 0 });
    again.now().wait_for(Option::is_some).await.unwrap();
    tokio::time::timeout(LIMIT, async {
        let mut reader = room.channel.feed().read(Start::Now);
        for _ in 0..60 {
            reader.next().await;
        }
    })
    .await
    .unwrap();
    again.stop(SliceEnd::Cancelled).await;
    let rows = room.closed(2).await;
    assert_eq!(rows.iter().map(|row| row.facts.sequence).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(rows[0].facts.lesson_key, rows[1].facts.lesson_key);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_refuses_is_tried_again_and_costs_only_its_own_time() {
    let room = Room::new(Clip { seconds: 20, ..Clip::default() }).await;
    let spool = room.dir.path().join("spool");
    std::fs::remove_dir(&spool).unwrap();
    let recorder = room.record(-5, 120, Rules { slice_ms: 0, overlap_keyframes: 0 });
    let ledger = room.ledger.clone();
    let damaged = wait_for("the refusal", LIMIT, || {
        let ledger = ledger.clone();
        async move { ledger.in_state(SliceState::Damaged).await.unwrap().pop() }
    })
    .await;
    assert!(damaged.note.contains("does not exist"), "{}", damaged.note);
    std::fs::create_dir(&spool).unwrap();
    let ledger = room.ledger.clone();
    wait_for("the next slice", LIMIT, || {
        let ledger = ledger.clone();
        async move { ledger.in_state(SliceState::Open).await.unwrap().pop().filter(|row| row.durable_bytes > 0) }
    })
    .await;
    recorder.stop(SliceEnd::Cancelled).await;
    let row = room.closed(1).await.remove(0);
    decodes(&row.file());
    assert!(row.facts.sequence > damaged.facts.sequence);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extended_lesson_with_a_substitute_is_one_file_to_its_new_end() {
    let room = Room::new(Clip { seconds: 60, ..Clip::default() }).await;
    let rules = Rules { slice_ms: 0, overlap_keyframes: 0 };
    let reader = room.channel.feed().read(Start::LastKeyframe);
    let planned = lesson(1, 5);
    let first = plan(planned.clone(), rules);
    let recorder = Recorder::start(&room.studio, ChannelId(1), reader, first, &room.tasks).unwrap();
    recorder.now().wait_for(Option::is_some).await.unwrap();
    let end_at_ms = planned.end_at_ms + 4000;
    recorder.set_plan(plan(Span { end_at_ms, teacher_id: TeacherId(9), ..planned.clone() }, rules));
    let rows = room.closed(1).await;
    check_file(&rows[0]);
    let ended_ms = rows[0].facts.started_at_ms + rows[0].facts.duration_ms;
    assert!((ended_ms - end_at_ms).abs() < 500, "ended {} ms off its new end", ended_ms - end_at_ms);
    assert_eq!((rows[0].facts.teacher_id, rows[0].facts.range_id), (TeacherId(9), RangeId(0)));
    assert_eq!(
        (rows[0].facts.lesson_key.as_str(), rows[0].facts.end),
        (planned.key.as_str(), SliceEnd::Bell)
    );
    recorder.stop(SliceEnd::Cancelled).await;
    assert_eq!(room.closed(1).await.len(), 1);
}
