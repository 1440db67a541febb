//! The whole agent against the real relay and a site that can be told what to say, and be switched off.
#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(clippy::print_stdout, reason = "a figure that a reader of the log wants")]

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base::{CancellationToken, Tasks};
use futures_util::future::BoxFuture;
use gather::agent::{Agent, Ended};
use gather::config::{Config, site_address};
use gather::identity::Identity;
use gather::state::StateFile;
use model::calendar::Span;
use model::channel::{Channel, Source, Transport};
use model::gatherer::GathererSettings;
use model::grant::{Right, Signer};
use model::{ChannelId, GathererId, GradeId, RangeId, SchoolId, SubjectId, TeacherId};
use relay::{Gatekeeper, Handle};
use relay_proto::site::{Challenge, DesiredState, LoginReply, LoginRequest, SnapshotNotice};
use relay_proto::{ChannelCause, ChannelPhase, Command, ErrorCode, Hello, RemoteError, Report, WantedPush};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use storage::{Limits, Storage, Volume};
use testkit::fixture::Clip;
use testkit::wait::wait_for;

const LIMIT: Duration = Duration::from_secs(30);
const ME: GathererId = GathererId(1);

#[derive(Clone)]
struct Site {
    signer: Signer,
    state: Arc<Mutex<DesiredState>>,
    off: Arc<Mutex<bool>>,
    snapshots: Arc<Mutex<Vec<SnapshotNotice>>>,
}

impl Gatekeeper for Site {
    fn admit(&self, hello: Hello, _: SocketAddr) -> BoxFuture<'static, Result<relay::Identity, RemoteError>> {
        let known = self.signer.verify_for(&hello.grant, Right::Gatherer, "1", base::now_ms()).is_ok();
        let state_version = self.state.lock().unwrap().version;
        Box::pin(async move {
            match known {
                true => Ok(relay::Identity {
                    terminal: hello.terminal,
                    gatherer_id: Some(ME),
                    name: hello.name,
                    state_version,
                }),
                false => Err(RemoteError::new(ErrorCode::Unauthorized, "no")),
            }
        })
    }

    fn seen(&self, _: GathererId, _: bool, _: i64) {}

    fn report(&self, _: GathererId, _: &Report) {}
}

async fn login(State(site): State<Site>, Json(request): Json<LoginRequest>) -> Response {
    assert!(!request.machine.host_name.is_empty());
    if *site.off.lock().unwrap() {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    let server_time_ms = base::now_ms();
    let expires_at_ms = server_time_ms + 3_600_000;
    let grant = site.signer.sign(Right::Gatherer, "1", "", expires_at_ms);
    Json(LoginReply { grant, expires_at_ms, server_time_ms }).into_response()
}

async fn desired_state(State(site): State<Site>, headers: HeaderMap) -> Response {
    let state = site.state.lock().unwrap().clone();
    let tag = state.tag();
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known == tag.as_str()) {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    ([(header::ETAG, tag)], Json(state)).into_response()
}

async fn snapshot(State(site): State<Site>, Json(notice): Json<SnapshotNotice>) -> StatusCode {
    assert!(site.signer.verify(&notice.receipt, Right::Receipt, base::now_ms()).is_ok());
    site.snapshots.lock().unwrap().push(notice);
    StatusCode::NO_CONTENT
}

struct Rig {
    dir: tempfile::TempDir,
    site: Site,
    relay: Handle,
    _tasks: Tasks,
    agent: CancellationToken,
    run: Option<tokio::task::JoinHandle<gather::Result<Ended>>>,
}

impl Rig {
    async fn new(channels: Vec<Channel>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let media = dir.path().join("media");
        std::fs::create_dir(&media).unwrap();
        Clip { seconds: 5, ..Clip::default() }.make(&media, "a.mp4");
        let state = DesiredState {
            version: 1,
            settings: GathererSettings::new("一号", SchoolId(1)),
            channels,
            lessons: vec![],
            last_date: jiff::civil::date(2026, 12, 11),
            time_zone: "Asia/Shanghai".into(),
            site_name: "学校".into(),
            relay_host: String::new(),
            relay_port: 0,
            storage_url: String::new(),
        };
        let site = Site {
            signer: Signer::new([7; 32]),
            state: Arc::new(Mutex::new(state)),
            off: Arc::default(),
            snapshots: Arc::default(),
        };
        let tasks = Tasks::new();
        let relay = relay::start(Arc::new(site.clone()), &tasks, relay::connection::Limits::default());
        let volume = dir.path().join("volume");
        std::fs::create_dir(&volume).unwrap();
        let storage = Storage::new(
            Volume::open(volume).unwrap(),
            site.signer.clone(),
            Limits { reserve_percent: 0, ..Limits::default() },
        );
        let app = Router::new()
            .route("/api/gather/snapshots", post(snapshot))
            .route("/api/gather/challenge", get(|| async { Json(Challenge { challenge: "c".into() }) }))
            .route("/api/gather/login", post(login))
            .route("/api/gather/state", get(desired_state))
            .with_state(site.clone())
            .merge(relay::router(relay.clone()))
            .merge(storage::router(storage));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, app).await });
        Config::new(&site_address(&url).unwrap(), ME, "一号").save(dir.path()).unwrap();
        Identity::generate().unwrap().save(dir.path()).unwrap();
        let mut rig = Self { dir, site, relay, _tasks: tasks, agent: CancellationToken::new(), run: None };
        rig.start();
        rig
    }

    fn start(&mut self) {
        self.agent = CancellationToken::new();
        let (agent, token) = (Agent::load(self.dir.path()).unwrap(), self.agent.clone());
        self.run = Some(tokio::spawn(agent.run(token)));
    }

    async fn stop(&mut self) {
        self.agent.cancel();
        assert_eq!(self.run.take().unwrap().await.unwrap().unwrap(), Ended::Stopped);
    }

    /// Changes the desired state as the site does, and tells the relay.
    fn change(&self, change: impl FnOnce(&mut DesiredState)) {
        let mut state = self.site.state.lock().unwrap();
        change(&mut state);
        state.version += 1;
        self.relay.state_changed(ME, state.version);
    }

    /// Files in the spool.
    fn recordings(&self) -> Vec<std::path::PathBuf> {
        let spool = std::fs::read_dir(self.dir.path().join("spool")).unwrap().flatten();
        spool.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "mp4")).collect()
    }

    async fn report(&self, what: &str, right: impl Fn(&Report) -> bool) -> Report {
        wait_for(what, LIMIT, || {
            let found =
                self.relay.gatherer(ME).filter(|g| g.online).and_then(|g| g.report).filter(|r| right(r));
            async move { found }
        })
        .await
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.agent.cancel();
    }
}

fn channel(id: i64, source: Source) -> Channel {
    Channel {
        id: ChannelId(id),
        gatherer_id: ME,
        grade_id: GradeId(1),
        class_name: "一班".into(),
        source,
        enabled: true,
    }
}

fn file(dir: &Path) -> Source {
    Source::File { path: dir.join("media/a.mp4").to_str().unwrap().into() }
}

fn phase(report: &Report, id: i64) -> Option<ChannelPhase> {
    report.channels.iter().find(|c| c.channel_id == ChannelId(id)).map(|c| c.phase)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_on_the_site_is_applied_and_reported_within_two_seconds() {
    let rig = Rig::new(vec![]).await;
    rig.report("the first report", |r| r.state_version == 1).await;
    let begun = Instant::now();
    let source = file(rig.dir.path());
    rig.change(|state| state.channels.push(channel(7, source)));
    let report = rig.report("the channel", |r| phase(r, 7) == Some(ChannelPhase::Running)).await;
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!((report.state_version, report.channels[0].video_codec.as_str()), (2, "H.264"));
    let begun = Instant::now();
    rig.change(|state| state.channels[0].enabled = false);
    rig.report("the stop", |r| phase(r, 7) == Some(ChannelPhase::Stopped)).await;
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    rig.change(|state| state.channels.clear());
    rig.report("an empty list", |r| r.channels.is_empty()).await;
}

fn lesson(channel: i64, period: i64, start_at_ms: i64, end_at_ms: i64) -> Span {
    Span {
        key: format!("c{channel}-20261120-p{period}-0-v{channel}"),
        channel_id: ChannelId(channel),
        start_at_ms,
        end_at_ms,
        subject_id: SubjectId(1),
        teacher_id: TeacherId(1),
        range_id: RangeId(0),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_of_256_channels_disturbs_no_recording_and_is_in_force_soon() {
    let rig = Rig::new(vec![]).await;
    let source = file(rig.dir.path());
    let hour_ms = 3_600_000;
    let now_ms = base::now_ms();
    rig.change(|state| {
        state.channels = vec![channel(1, source.clone())];
        state.lessons = vec![lesson(1, 1, now_ms - hour_ms, now_ms + hour_ms)];
    });
    let key = |r: &Report| r.channels.first().and_then(|c| c.lesson_key.clone());
    rig.report("the recording", |r| key(r).as_deref() == Some("c1-20261120-p1-0-v1")).await;
    let before = rig.recordings();
    // The others are stopped: their sources are not the subject.
    let stopped = |id| Channel { enabled: false, ..channel(id, source.clone()) };
    let day = |n: i64| n / 8 * 24 * hour_ms + n % 8 * hour_ms + 2 * hour_ms;
    let begun = Instant::now();
    rig.change(|state| {
        state.channels.extend((2..=256).map(stopped));
        for id in 1..=256 {
            let weeks = (0..8 * 23).map(|n| lesson(id, 2 + n, now_ms + day(n), now_ms + day(n) + 2_700_000));
            state.lessons.extend(weeks);
        }
    });
    let report = rig.report("the big plan", |r| r.state_version == 3 && r.channels.len() == 256).await;
    let took = begun.elapsed();
    let bytes = std::fs::metadata(rig.dir.path().join("state.json")).unwrap().len();
    println!("{bytes} bytes of 256 channels × 8 lessons × 23 days are in force after {took:?}");
    // 0.7 s without optimisation; CI shares its cores.
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(key(&report).as_deref(), Some("c1-20261120-p1-0-v1"), "the lesson goes on");
    assert_eq!(rig.recordings(), before, "in the same file");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_moves_with_the_date_and_an_older_one_still_counts() {
    let mut rig = Rig::new(vec![]).await;
    let source = file(rig.dir.path());
    let now_ms = base::now_ms();
    rig.change(|state| {
        state.channels = vec![channel(7, source)];
        state.lessons = vec![lesson(7, 1, now_ms - 60_000, now_ms + 60_000)];
    });
    rig.report("the recording", |r| r.channels.first().is_some_and(|c| c.recording)).await;
    rig.stop().await;
    // Midnight at the site: the same version, another window. Its tag alone makes the gatherer take it.
    {
        let mut state = rig.site.state.lock().unwrap();
        state.last_date = state.last_date.tomorrow().unwrap();
        state.lessons = vec![lesson(7, 2, now_ms - 60_000, now_ms + 60_000)];
    }
    rig.start();
    let second = |r: &Report| {
        r.channels.first().and_then(|c| c.lesson_key.clone()).is_some_and(|k| k.contains("-p2-"))
    };
    rig.report("the lesson of the new window", second).await;
    let kept = StateFile::in_dir(rig.dir.path()).load().unwrap();
    assert_eq!((kept.version, kept.last_date), (2, jiff::civil::date(2026, 12, 12)));
    let recorded = rig.recordings().len();
    assert_eq!(recorded, 2, "the lesson of the old plan was not begun again for a moment");
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_answered_with_what_is_true() {
    let rig = Rig::new(vec![]).await;
    let source = file(rig.dir.path());
    let url = "rtsp://127.0.0.1:1/none".to_owned();
    let camera =
        Source::Pull { url, user: String::new(), password: String::new(), transport: Transport::Tcp };
    rig.change(|state| state.channels = vec![channel(7, source), channel(8, camera)]);
    let ready =
        |r: &Report| phase(r, 7) == Some(ChannelPhase::Running) && phase(r, 8) == Some(ChannelPhase::Waiting);
    rig.report("both channels", ready).await;
    let push = |id| WantedPush {
        channel_id: ChannelId(id),
        url: "rtmp://-:1/live/live7?token=t".to_owned(),
        epoch: 1,
    };
    assert_eq!(rig.relay.command(ME, Command::PushStart(push(7))).await, Ok(()));
    let down = rig.relay.command(ME, Command::PushStart(push(8))).await.unwrap_err();
    assert_eq!((down.code, down.cause), (ErrorCode::ChannelDown, Some(ChannelCause::Unreachable)));
    let none = rig.relay.command(ME, Command::PushStart(push(9))).await.unwrap_err();
    assert_eq!(none.code, ErrorCode::NoChannel);
    assert_eq!(rig.relay.command(ME, Command::PushStop { channel_id: ChannelId(7) }).await, Ok(()));
    let reconnect = Command::Reconnect { channel_id: ChannelId(9) };
    assert_eq!(rig.relay.command(ME, reconnect).await.unwrap_err().code, ErrorCode::NoChannel);
    assert_eq!(rig.relay.command(ME, Command::Reconnect { channel_id: ChannelId(7) }).await, Ok(()));
    rig.report("the channel again", |r| phase(r, 7) == Some(ChannelPhase::Running)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cached_state_runs_without_the_site_and_the_newest_is_kept() {
    let mut rig = Rig::new(vec![]).await;
    let source = file(rig.dir.path());
    rig.change(|state| state.channels.push(channel(7, source)));
    rig.report("the channel", |r| phase(r, 7) == Some(ChannelPhase::Running)).await;
    rig.stop().await;
    wait_for("the leave", LIMIT, || {
        let left = rig.relay.gatherer(ME).is_some_and(|g| !g.online);
        async move { left.then_some(()) }
    })
    .await;
    assert_eq!(StateFile::in_dir(rig.dir.path()).load().unwrap().version, 2);
    *rig.site.off.lock().unwrap() = true;
    rig.start();
    let status = rig.dir.path().join("status.json");
    let running = || async {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let found: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        let fresh = found["site_error"].as_str().is_some_and(|e| !e.is_empty());
        (fresh && found["channels"][0]["phase"] == "running").then_some(())
    };
    wait_for("the channel without the site", LIMIT, running).await;
    *rig.site.off.lock().unwrap() = false;
    rig.report("the link again", |r| phase(r, 7) == Some(ChannelPhase::Running)).await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_starts_to_run_sends_a_picture_soon() {
    let rig = Rig::new(vec![]).await;
    let source = file(rig.dir.path());
    rig.change(|state| state.channels.push(channel(7, source)));
    rig.report("the channel", |r| phase(r, 7) == Some(ChannelPhase::Running)).await;
    let began_ms = base::now_ms();
    let notice = wait_for("the snapshot", Duration::from_secs(10), || {
        let found = rig.site.snapshots.lock().unwrap().first().cloned();
        async move { found }
    })
    .await;
    assert_eq!(notice.channel_id, ChannelId(7));
    assert!((-2000..5000).contains(&(notice.taken_at_ms - began_ms)), "a new picture");
    // Nothing of it stays on this machine.
    wait_for("an empty spool", LIMIT, || async {
        let left = std::fs::read_dir(rig.dir.path().join("spool")).unwrap().count();
        (left == 0).then_some(())
    })
    .await;
}
