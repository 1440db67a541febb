//! The real program without a server: it records its cached schedule, and survives kill -9.
#![allow(clippy::unwrap_used, reason = "a test")]

use gather::config::{Config, site_address};
use gather::identity::Identity;
use gather::record::ledger::{Ledger, SliceRow, SliceState};
use gather::state::StateFile;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use model::channel::{Channel, Source};
use model::gatherer::GathererSettings;
use model::slice::SliceEnd;
use model::timetable::{WeeklyRange, weekday_number};
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

/// A data directory as enrolment and one fetch leave it; nothing listens at the site's address.
fn prepare(data: &Path) -> Config {
    let media = data.join("media");
    std::fs::create_dir_all(&media).unwrap();
    let clip = Clip { seconds: 60, ..Clip::default() }.make(&media, "a.mp4");
    let config = Config::new(&site_address("http://127.0.0.1:1").unwrap(), GathererId(1), "一号");
    config.save(data).unwrap();
    Identity::generate().unwrap().save(data).unwrap();

    // A zone in which it is about noon, so that no test runs over midnight. Etc/GMT's sign is the other way round.
    let west = i32::from(Timestamp::now().to_zoned(TimeZone::UTC).hour()) - 12;
    let time_zone = format!("Etc/GMT{west:+}");
    let now = Timestamp::now().to_zoned(TimeZone::get(&time_zone).unwrap());
    let channel = Channel {
        id: ChannelId(1),
        gatherer_id: GathererId(1),
        grade_id: GradeId(1),
        class_name: "一班".into(),
        source: Source::File { path: clip.to_str().unwrap().into() },
        enabled: true,
    };
    let range = WeeklyRange {
        id: RangeId(5),
        channel_id: ChannelId(1),
        weekday: weekday_number(now.weekday()),
        start_s: 3600,
        end_s: 23 * 3600,
        subject_id: SubjectId(1),
        teacher_id: TeacherId(1),
    };
    let state = DesiredState {
        version: 3,
        settings: GathererSettings::new("一号", SchoolId(1)),
        channels: vec![channel],
        ranges: vec![range],
        time_zone,
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
