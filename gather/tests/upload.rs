//! Uploads against the real storage room. The site around it is only the four answers an upload needs; its real ones
//! are tried by the e2e tests.
#![allow(clippy::unwrap_used, reason = "a test")]

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base::CancellationToken;
use gather::identity::Identity;
use gather::record::finish::hash_file;
use gather::record::ledger::{ClosedSlice, Ledger, NewSlice, SliceRow, SliceState};
use gather::site::Site;
use gather::upload::{UploadSettings, UploadStatus, Uploader};
use model::gatherer::Machine;
use model::grant::{Right, Signer};
use model::slice::SliceEnd;
use model::{ChannelId, GathererId, RangeId, SubjectId, TeacherId};
use relay_proto::site::{Challenge, LoginReply, SliceAck, SliceNotice};
use serde_json::json;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use storage::{Limits, Storage, Volume};
use testkit::wait::wait_for;
use tokio::sync::{Notify, watch};
use url::Url;

const LIMIT: Duration = Duration::from_secs(30);
const MIB: usize = 1 << 20;

/// What the server should do wrong, once each, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// This PATCH (counted from 0) is refused with 503 before storage sees it.
    Patch(usize),
    /// The slice is taken, but the answer is lost.
    AckLost,
    /// The site answers with another hash.
    AckWrong,
    /// The site does not take the receipt.
    BadReceipt,
    /// The login gives a grant that has just run out.
    OldGrant,
}

#[derive(Default)]
struct Seen {
    faults: VecDeque<Fault>,
    /// `Upload-Offset` of every PATCH.
    patches: Vec<u64>,
    slices: Vec<SliceNotice>,
    logins: usize,
}

#[derive(Clone)]
struct Server {
    signer: Signer,
    seen: Arc<Mutex<Seen>>,
}

impl Server {
    fn fault(&self, fault: Fault) -> bool {
        let faults = &mut self.seen.lock().unwrap().faults;
        let now = faults.front() == Some(&fault);
        if now {
            faults.pop_front();
        }
        now
    }
}

async fn watch_patches(State(server): State<Server>, request: Request, next: Next) -> Response {
    if request.method() == Method::PATCH {
        let offset = request.headers()["upload-offset"].to_str().unwrap().parse().unwrap();
        let count = {
            let mut seen = server.seen.lock().unwrap();
            seen.patches.push(offset);
            seen.patches.len() - 1
        };
        if server.fault(Fault::Patch(count)) {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
    }
    next.run(request).await
}

async fn login(State(server): State<Server>) -> Json<LoginReply> {
    server.seen.lock().unwrap().logins += 1;
    let server_time_ms = base::now_ms();
    let expires_at_ms = server_time_ms + 3_600_000;
    let real = if server.fault(Fault::OldGrant) { server_time_ms - 1 } else { expires_at_ms };
    let grant = server.signer.sign(Right::Gatherer, "1", "", real);
    Json(LoginReply { grant, expires_at_ms, server_time_ms })
}

async fn slices(State(server): State<Server>, Json(notice): Json<SliceNotice>) -> Response {
    if server.fault(Fault::BadReceipt) {
        let body = json!({"code": "bad_receipt", "message_zh": "", "message_en": ""});
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response();
    }
    let found = server.signer.verify(&notice.receipt, Right::Receipt, base::now_ms()).unwrap();
    assert_eq!(found.subject, format!("{}.{}", notice.facts.size_bytes, notice.facts.sha256));
    let facts = notice.facts.clone();
    server.seen.lock().unwrap().slices.push(notice);
    if server.fault(Fault::AckLost) {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    let sha256 = if server.fault(Fault::AckWrong) { "00".repeat(32) } else { facts.sha256 };
    Json(SliceAck { slice_id: facts.slice_id, size_bytes: facts.size_bytes, sha256 }).into_response()
}

struct Rig {
    dir: tempfile::TempDir,
    server: Server,
    ledger: Ledger,
    status: watch::Receiver<UploadStatus>,
    wake: Arc<Notify>,
    stop: CancellationToken,
    url: Url,
}

/// No reserve: the test machine's disk is not the subject.
fn limits() -> Limits {
    Limits { reserve_percent: 0, ..Limits::default() }
}

impl Rig {
    async fn new(limits: Limits, faults: &[Fault]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let volume = dir.path().join("volume");
        std::fs::create_dir(&volume).unwrap();
        let signer = Signer::new([7; 32]);
        let seen = Seen { faults: faults.iter().copied().collect(), ..Seen::default() };
        let server = Server { signer: signer.clone(), seen: Arc::new(Mutex::new(seen)) };
        let storage = Storage::new(Volume::open(volume).unwrap(), signer, limits);
        let app = storage::router(storage).layer(from_fn_with_state(server.clone(), watch_patches)).merge(
            Router::new()
                .route("/api/gather/challenge", get(|| async { Json(Challenge { challenge: "c".into() }) }))
                .route("/api/gather/login", post(login))
                .route("/api/gather/slices", post(slices))
                .with_state(server.clone()),
        );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });

        let ledger = Ledger::open(&dir.path().join("ledger.db"), "1@k").await.unwrap();
        let identity = Identity::generate().unwrap();
        let site = Arc::new(Site::new(url.clone(), GathererId(1), identity, Machine::default()).unwrap());
        let (status_tx, status) = watch::channel(UploadStatus::default());
        let (wake, stop) = (Arc::new(Notify::new()), CancellationToken::new());
        let uploader = Uploader {
            site,
            ledger: ledger.clone(),
            settings: watch::channel(UploadSettings { storage: url.clone(), reconnect: true }).1,
            wake: wake.clone(),
            at_once: 2,
            status: status_tx,
        };
        tokio::spawn(uploader.run(stop.clone()));
        Self { dir, server, ledger, status, wake, stop, url }
    }

    /// A closed slice of `bytes` with a still beside it.
    async fn slice(&self, slice_id: &str, bytes: usize) -> PathBuf {
        let slice = NewSlice {
            slice_id: slice_id.into(),
            dir: self.dir.path().into(),
            channel_id: ChannelId(1),
            lesson_key: "5-20261120".into(),
            lesson_at_ms: 1000,
            range_id: RangeId(5),
            subject_id: SubjectId(1),
            teacher_id: TeacherId(1),
            started_at_ms: 1000,
            overlap_ms: 0,
            video_codec: "H.264".into(),
            audio_codec: "AAC".into(),
            width: 640,
            height: 360,
        };
        self.ledger.begin(&slice).await.unwrap();
        let path = self.dir.path().join(format!("{slice_id}.mp4"));
        let mut media = b"\0\0\0\x18ftypisom\0\0\0\0isomiso2".to_vec();
        media.extend((0..bytes - media.len()).map(|i| (i / 256 + i) as u8));
        std::fs::write(&path, media).unwrap();
        std::fs::write(path.with_extension("jpg"), b"\xFF\xD8\xFF\xE0 a picture").unwrap();
        let (size_bytes, sha256) = hash_file(&path).unwrap();
        let closed = ClosedSlice {
            duration_ms: 1000,
            size_bytes,
            sha256,
            video_frames: 25,
            end: SliceEnd::Bell,
            has_still: true,
            audio_codec: "AAC".into(),
        };
        self.ledger.closed(slice_id, &closed).await.unwrap();
        path
    }

    fn go(&self) {
        self.wake.notify_one();
    }

    async fn reaches(&self, slice_id: &str, state: SliceState) -> SliceRow {
        wait_for("the slice's next state", LIMIT, || {
            let (ledger, slice_id) = (self.ledger.clone(), slice_id.to_owned());
            async move { ledger.get(&slice_id).await.unwrap().filter(|row| row.state == state) }
        })
        .await
    }

    fn patches(&self) -> Vec<u64> {
        self.server.seen.lock().unwrap().patches.clone()
    }

    fn slices(&self) -> usize {
        self.server.seen.lock().unwrap().slices.len()
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[tokio::test]
async fn a_slice_and_its_still_go_to_storage_and_only_then_leave_the_disk() {
    let rig = Rig::new(limits(), &[]).await;
    let path = rig.slice("01JD0000000000000000000001", MIB).await;
    rig.go();
    rig.reaches("01JD0000000000000000000001", SliceState::Deleted).await;
    assert!(!path.exists() && !path.with_extension("jpg").exists());
    {
        let seen = rig.server.seen.lock().unwrap();
        assert!(seen.slices[0].still_receipt.is_some());
        assert_eq!((seen.slices.len(), seen.logins), (1, 1));
    }
    let mut status = rig.status.clone();
    status.wait_for(|s| *s == UploadStatus::default()).await.unwrap();
}

#[tokio::test]
async fn a_broken_upload_goes_on_at_its_offset() {
    // The still is PATCH 0, the slice's parts are 1, 2 and 3: the third breaks.
    let rig = Rig::new(limits(), &[Fault::Patch(3)]).await;
    rig.slice("01JD0000000000000000000001", 20 * MIB).await;
    rig.go();
    rig.reaches("01JD0000000000000000000001", SliceState::Deleted).await;
    let part = 8 * MIB as u64;
    assert_eq!(rig.patches(), [0, 0, part, 2 * part, 2 * part], "no part was sent twice");
}

#[tokio::test]
async fn a_lost_answer_of_the_site_is_asked_for_again() {
    let rig = Rig::new(limits(), &[Fault::AckLost]).await;
    let path = rig.slice("01JD0000000000000000000001", MIB).await;
    rig.go();
    rig.reaches("01JD0000000000000000000001", SliceState::Deleted).await;
    assert!(!path.exists());
    assert_eq!((rig.slices(), rig.patches().len()), (2, 2), "told twice, uploaded once");
}

#[tokio::test]
async fn local_bytes_stay_while_the_site_speaks_of_other_bytes() {
    let rig = Rig::new(limits(), &[Fault::AckWrong]).await;
    let path = rig.slice("01JD0000000000000000000001", MIB).await;
    rig.go();
    let mut status = rig.status.clone();
    status.wait_for(|s| s.error.contains("another size or hash")).await.unwrap();
    assert!(path.exists());
    rig.reaches("01JD0000000000000000000001", SliceState::Deleted).await;
}

#[tokio::test]
async fn an_old_receipt_is_renewed_without_sending_the_file_again() {
    let rig = Rig::new(limits(), &[Fault::BadReceipt]).await;
    rig.slice("01JD0000000000000000000001", MIB).await;
    rig.go();
    rig.reaches("01JD0000000000000000000001", SliceState::Deleted).await;
    assert_eq!(rig.patches().len(), 2);
}

#[tokio::test]
async fn an_expired_grant_is_renewed() {
    let rig = Rig::new(limits(), &[Fault::OldGrant]).await;
    rig.slice("01JD0000000000000000000001", MIB).await;
    rig.go();
    rig.reaches("01JD0000000000000000000001", SliceState::Deleted).await;
    assert_eq!(rig.server.seen.lock().unwrap().logins, 2);
}

#[tokio::test]
async fn bytes_that_changed_on_the_disk_are_hashed_anew() {
    let rig = Rig::new(limits(), &[]).await;
    let path = rig.slice("01JD0000000000000000000001", MIB).await;
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[MIB / 2] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let (_, sha256) = hash_file(&path).unwrap();
    rig.go();
    rig.reaches("01JD0000000000000000000001", SliceState::Deleted).await;
    assert_eq!(rig.server.seen.lock().unwrap().slices[0].facts.sha256, sha256);
}

#[tokio::test]
async fn a_full_storage_is_said_and_the_file_waits() {
    let rig = Rig::new(Limits { reserve_percent: 100, ..limits() }, &[]).await;
    let path = rig.slice("01JD0000000000000000000001", MIB).await;
    rig.go();
    let mut status = rig.status.clone();
    let status = status.wait_for(|s| s.error.contains("full")).await.unwrap().clone();
    assert_eq!((status.waiting, status.waiting_bytes), (1, MIB as u64));
    assert!(path.exists());
}

#[tokio::test]
async fn an_upload_that_storage_has_forgotten_starts_anew() {
    let rig = Rig::new(limits(), &[]).await;
    rig.slice("01JD0000000000000000000001", MIB).await;
    let gone = format!("{}upload/{}", rig.url, "0".repeat(32));
    rig.ledger.uploading("01JD0000000000000000000001", Some(&gone)).await.unwrap();
    rig.go();
    rig.reaches("01JD0000000000000000000001", SliceState::Deleted).await;
}
