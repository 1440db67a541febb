//! The real program without a server: it records its cached schedule, and survives kill -9.
#![allow(clippy::unwrap_used, reason = "a test")]

use gather::config::{Config, site_address};
use gather::identity::Identity;
use gather::record::ledger::{Ledger, SliceRow, SliceState};
use gather::state::StateFile;
use model::calendar::Span;
use model::channel::{Channel, Source};
use model::gatherer::GathererSettings;
use model::slice::SliceEnd;
use model::{ChannelId, GathererId, GradeId, RangeId, SchoolId, SubjectId, TeacherId};
use relay_proto::site::DesiredState;
use serde_json::Value;
use std::path::Path;
use std::process::Output;
use std::time::Duration;
use testkit::fixture::Clip;
use testkit::probe::{decodes, probe};
use testkit::process::{Process, signal};
use testkit::wait::wait_for;
use tokio::process::Command;

const LIMIT: Duration = Duration::from_secs(40);
const PROGRAM: &str = env!("CARGO_BIN_EXE_yunlubo-gather");

/// A lesson of the second class from and to these seconds after `now_ms`.
fn lesson(now_ms: i64, period: u8, from_s: i64, to_s: i64) -> Span {
    Span {
        key: format!("c2-20261120-p{period}-0-v1"),
        channel_id: ChannelId(1),
        start_at_ms: now_ms + from_s * 1000,
        end_at_ms: now_ms + to_s * 1000,
        subject_id: SubjectId(i64::from(period)),
        teacher_id: TeacherId(0),
        range_id: RangeId(0),
    }
}

/// In the middle of a lesson of a day.
fn prepare(data: &Path) -> Config {
    prepare_with(data, &[lesson(base::now_ms(), 3, -3600, 86_400)])
}

/// A data directory as enrolment and one fetch leave it; nothing listens at the site's address.
fn prepare_with(data: &Path, lessons: &[Span]) -> Config {
    let media = data.join("media");
    std::fs::create_dir_all(&media).unwrap();
    let clip = Clip { seconds: 60, ..Clip::default() }.make(&media, "a.mp4");
    let config = Config::new(&site_address("http://127.0.0.1:1").unwrap(), GathererId(1), "一号");
    config.save(data).unwrap();
    Identity::generate().unwrap().save(data).unwrap();

    let channel = Channel {
        id: ChannelId(1),
        gatherer_id: GathererId(1),
        grade_id: GradeId(1),
        class_name: "一班".into(),
        source: Source::File { path: clip.to_str().unwrap().into() },
        enabled: true,
    };
    let state = DesiredState {
        version: 3,
        settings: GathererSettings::new("一号", SchoolId(1)),
        channels: vec![channel],
        lessons: lessons.to_vec(),
        // Older than three weeks: what it holds is recorded all the same.
        last_date: jiff::civil::date(2026, 1, 1),
        time_zone: "Asia/Shanghai".into(),
        site_name: "学校".into(),
        relay_host: String::new(),
        relay_port: 0,
        storage_url: String::new(),
    };
    StateFile::in_dir(data).save(&state).unwrap();
    config
}

fn start(data: &Path) -> Process {
    let mut command = Command::new(PROGRAM);
    command.arg("run").arg("--data").arg(data);
    Process::start("yunlubo-gather", command, &data.join("gather.log"))
}

async fn run(arguments: &[&str], data: &Path) -> Output {
    Command::new(PROGRAM).args(arguments).arg("--data").arg(data).output().await.unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

async fn ledger(data: &Path) -> Ledger {
    let identity = Identity::load(data).unwrap();
    Ledger::open(&data.join("ledger.db"), &format!("1@{}", identity.public_key())).await.unwrap()
}

async fn rows(data: &Path, state: SliceState, count: usize) -> Vec<SliceRow> {
    let ledger = ledger(data).await;
    let found = wait_for("slices", LIMIT, || {
        let ledger = ledger.clone();
        async move {
            let rows = ledger.in_state(state).await.unwrap();
            (rows.len() >= count).then_some(rows)
        }
    })
    .await;
    ledger.close().await;
    found
}

/// Waits until so many bytes of the open slice are durable; the row then.
async fn durable(data: &Path, bytes: i64) -> SliceRow {
    let ledger = ledger(data).await;
    let row = wait_for("durable bytes", LIMIT, || {
        let ledger = ledger.clone();
        async move {
            let rows = ledger.in_state(SliceState::Open).await.unwrap();
            rows.into_iter().find(|row| row.durable_bytes > bytes)
        }
    })
    .await;
    ledger.close().await;
    row
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_in_the_middle_of_a_slice_loses_at_most_one_gop() {
    let dir = tempfile::tempdir().unwrap();
    prepare(dir.path());
    let mut gatherer = start(dir.path());
    let open = rows(dir.path(), SliceState::Open, 1).await.remove(0);
    let head = durable(dir.path(), 0).await.durable_bytes;
    durable(dir.path(), head + 300_000).await;
    gatherer.kill().await;
    let killed_at_ms = base::now_ms();
    let gatherer = start(dir.path());
    let row = rows(dir.path(), SliceState::Closed, 1).await.remove(0);
    assert_eq!(
        (row.facts.slice_id.as_str(), row.facts.end),
        (open.facts.slice_id.as_str(), SliceEnd::Recovered)
    );
    let found = probe(&row.file());
    decodes(&row.file());
    assert!(found.faststart);
    assert_eq!(found.frames.len() as i64, row.facts.video_frames);
    let lost_ms = killed_at_ms - (row.facts.started_at_ms + row.facts.duration_ms);
    assert!((-200..1300).contains(&lost_ms), "GOPs of 1 s, but {lost_ms} ms are lost");
    // All of the clip from its first frame on, in order.
    let clip = probe(&dir.path().join("media/a.mp4")).frames;
    assert_eq!(found.frames, clip[..found.frames.len()]);
    // It goes on with the same lesson.
    let next = rows(dir.path(), SliceState::Open, 1).await.remove(0);
    assert_eq!((next.facts.sequence, next.facts.lesson_key), (1, row.facts.lesson_key));
    drop(gatherer);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cached_plan_of_several_lessons_is_recorded_without_a_server() {
    let dir = tempfile::tempdir().unwrap();
    let now_ms = base::now_ms();
    // Two neighbours, a break, and one that is cut in two by another.
    let plan = [(1, 4, 9), (2, 9, 14), (3, 17, 20), (4, 20, 23), (3, 23, 26)];
    let lessons: Vec<Span> =
        plan.iter().map(|(p, from_s, to_s)| lesson(now_ms, *p, *from_s, *to_s)).collect();
    prepare_with(dir.path(), &lessons);
    let gatherer = start(dir.path());
    let mut rows = rows(dir.path(), SliceState::Closed, 5).await;
    rows.sort_by_key(|row| row.facts.started_at_ms);
    let clip = probe(&dir.path().join("media/a.mp4")).frames;
    for (row, lesson) in rows.iter().zip(&lessons) {
        let facts = &row.facts;
        assert_eq!((&facts.lesson_key, facts.subject_id), (&lesson.key, lesson.subject_id));
        assert_eq!((facts.teacher_id, facts.range_id, facts.end), (TeacherId(0), RangeId(0), SliceEnd::Bell));
        let late_ms = facts.started_at_ms - lesson.start_at_ms;
        let left_ms = lesson.end_at_ms - (facts.started_at_ms + facts.duration_ms);
        assert!(
            late_ms <= 40 && left_ms.abs() <= 250,
            "{}: {late_ms} ms late, {left_ms} ms left",
            lesson.key
        );
        let frames = probe(&row.file()).frames;
        let at = clip.iter().position(|hash| *hash == frames[0]).unwrap();
        assert_eq!(frames, clip[at..at + frames.len()], "{}: no hole", lesson.key);
    }
    let sequences: Vec<u32> = rows.iter().map(|row| row.facts.sequence).collect();
    assert_eq!(sequences, [0, 0, 0, 0, 1], "both parts are of one lesson");
    drop(gatherer);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_stop_finishes_the_slice_and_status_says_so() {
    let dir = tempfile::tempdir().unwrap();
    prepare(dir.path());
    let mut gatherer = start(dir.path());
    durable(dir.path(), 400_000).await;
    let status = || async {
        let out = run(&["status", "--json"], dir.path()).await;
        let status: Value = serde_json::from_slice(&out.stdout).unwrap_or_default();
        let recording =
            status["channels"][0]["recording"] == true && !status["channels"][0]["lesson_key"].is_null();
        recording.then_some(status)
    };
    let status = wait_for("the status", LIMIT, status).await;
    assert_eq!((&status["running"], &status["state_version"]), (&Value::from(true), &Value::from(3)));
    assert_eq!(status["channels"][0]["video_codec"], "H.264");
    assert_eq!(status["link"]["connected"], false);
    let table = text(&run(&["status"], dir.path()).await);
    assert!(table.contains("live1") && table.contains("运行中 running"), "{table}");
    let second = run(&["run"], dir.path()).await;
    assert!(!second.status.success() && text(&second).contains("Another gatherer"), "{}", text(&second));

    assert_eq!(gatherer.stop().await, Some(0));
    let row = rows(dir.path(), SliceState::Closed, 1).await.remove(0);
    assert_eq!(row.facts.end, SliceEnd::Shutdown);
    decodes(&row.file());
    let table = text(&run(&["status"], dir.path()).await);
    assert!(table.contains("not running"), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_ledger_knows_is_set_aside_and_never_deleted() {
    let dir = tempfile::tempdir().unwrap();
    prepare(dir.path());
    let spool = dir.path().join("spool");
    std::fs::create_dir(&spool).unwrap();
    std::fs::write(spool.join("01JDSTRANGER0000000000000A.mp4"), b"somebody's").unwrap();
    let gatherer = start(dir.path());
    let aside = spool.join("lost+found/01JDSTRANGER0000000000000A.mp4");
    wait_for("the file", LIMIT, || async { aside.exists().then_some(()) }).await;
    assert_eq!(std::fs::read(&aside).unwrap(), b"somebody's");
    drop(gatherer);
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_at_the_command_line_say_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let not_enrolled = run(&["run"], dir.path()).await;
    assert!(!not_enrolled.status.success());
    assert!(text(&not_enrolled).contains("yunlubo-gather enroll"), "{}", text(&not_enrolled));

    let file = dir.path().join("file");
    std::fs::write(&file, b"").unwrap();
    let unwritable = run(&["run"], &file.join("data")).await;
    assert!(!unwritable.status.success() && text(&unwritable).contains("不能写入"), "{}", text(&unwritable));

    let nobody = run(&["enroll", "--site", "http://127.0.0.1:1", "--code", "X"], dir.path()).await;
    assert!(!nobody.status.success() && text(&nobody).contains("无法连接网站"), "{}", text(&nobody));
    assert!(!Identity::path(dir.path()).exists(), "a failed enrolment leaves nothing behind");

    let ftp = run(&["enroll", "--site", "ftp://a", "--code", "X"], dir.path()).await;
    assert!(!ftp.status.success() && text(&ftp).contains("http://"), "{}", text(&ftp));

    prepare(dir.path());
    let mut config = std::fs::read_to_string(Config::path(dir.path())).unwrap();
    config.push_str("colour = 'red'\n");
    std::fs::write(Config::path(dir.path()), config).unwrap();
    let unknown = run(&["run"], dir.path()).await;
    assert!(!unknown.status.success());
    assert!(
        text(&unknown).contains("gather.toml") && text(&unknown).contains("colour"),
        "{}",
        text(&unknown)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_enrolment_is_followed_without_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = prepare(dir.path());
    let mut gatherer = start(dir.path());
    durable(dir.path(), 0).await;
    config.site = "http://127.0.0.1:2/".into();
    config.save(dir.path()).unwrap();
    let moved = || async {
        let out = run(&["status", "--json"], dir.path()).await;
        let status: Value = serde_json::from_slice(&out.stdout).unwrap_or_default();
        (status["site"] == "http://127.0.0.1:2/").then_some(())
    };
    wait_for("the new site", LIMIT, moved).await;
    assert!(gatherer.alive());
    signal(gatherer.pid(), 15);
}
