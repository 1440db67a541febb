//! The contract of docs/protocol.md §5.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod support;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use ed25519_dalek::{Signer as _, SigningKey};
use http::{Request, StatusCode};
use model::channel::Source;
use model::gatherer::Machine;
use model::grant::Right;
use model::slice::SliceFacts;
use model::{ChannelId, GathererId, GradeId, RangeId, SchoolId, SubjectId, TeacherId};
use relay_proto::site::*;
use std::time::Duration;
use support::{Answer, Browser, NOW_MS, Site, facts};

struct Gatherer {
    site: Site,
    wire: Browser,
    key: SigningKey,
    id: GathererId,
    grant: String,
}

async fn join_code(site: &Site) -> String {
    let code = web::join_code::make().unwrap();
    let hash = web::join_code::hash(&code).unwrap();
    let now_ms = site.state.now_ms();
    let until_ms = now_ms + web::join_code::LIFE_MS;
    site.state.db.add_join_code(&hash, SchoolId(1), "一号采集端", now_ms, until_ms).await.unwrap();
    code
}

async fn enrol(wire: &Browser, code: &str, key: &SigningKey) -> Answer {
    let public_key = B64.encode(key.verifying_key().to_bytes());
    let machine = Machine { host_name: "box\u{7}".into(), ..Machine::default() };
    wire.post_json("/api/gather/enrol", "", &EnrolRequest { join_code: code.into(), public_key, machine })
        .await
}

fn signed(key: &SigningKey, gatherer_id: GathererId, challenge: &str) -> LoginRequest {
    let text = format!("yunlubo-login|{gatherer_id}|{challenge}");
    let signature = B64.encode(key.sign(text.as_bytes()).to_bytes());
    LoginRequest { gatherer_id, challenge: challenge.into(), signature, machine: Machine::default() }
}

impl Gatherer {
    async fn new() -> Self {
        let site = Site::new().await;
        let wire = site.browser();
        let key = SigningKey::from_bytes(&[9; 32]);
        let reply: EnrolReply = enrol(&wire, &join_code(&site).await, &key).await.json();
        assert_eq!(reply.name, "一号采集端");
        let mut gatherer = Self { site, wire, key, id: reply.gatherer_id, grant: String::new() };
        let reply: LoginReply = gatherer.login().await.json();
        assert_eq!((reply.server_time_ms, reply.expires_at_ms), (NOW_MS, NOW_MS + 3_600_000));
        gatherer.grant = reply.grant;
        gatherer
    }

    async fn challenge(&self) -> String {
        self.wire.get("/api/gather/challenge").await.json::<Challenge>().challenge
    }

    async fn login(&self) -> Answer {
        let asked = signed(&self.key, self.id, &self.challenge().await);
        self.wire.post_json("/api/gather/login", "", &asked).await
    }

    async fn state(&self, grant: &str, known: &str) -> Answer {
        let request = Request::get("/api/gather/state").header("if-none-match", known);
        let request = request.header("authorization", format!("Bearer {grant}"));
        self.wire.send(request.body(Default::default()).unwrap()).await
    }

    async fn add_channel(&self) -> ChannelId {
        let new = db::NewChannel {
            gatherer_id: self.id,
            grade_id: GradeId(1),
            class_name: "一班".into(),
            source: Source::File { path: "/data/a.mp4".into() },
            enabled: true,
        };
        self.site.state.db.add_channel(&new, NOW_MS).await.unwrap()
    }

    fn receipt(&self, object: &str, size: i64, sha256: &str) -> String {
        let subject = format!("{size}.{sha256}");
        self.site.state.signer.sign(Right::Receipt, object, &subject, self.site.state.now_ms() + 60_000)
    }

    async fn notice(&self, facts: &SliceFacts, receipt: String) -> Answer {
        let notice = SliceNotice { facts: facts.clone(), receipt, still_receipt: None };
        self.wire.post_json("/api/gather/slices", &self.grant, &notice).await
    }
}

#[tokio::test]
async fn a_join_code_enrols_one_machine_once_within_its_time() {
    let site = Site::new().await;
    let wire = site.browser();
    let (mine, other) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
    let code = join_code(&site).await;
    let first: EnrolReply = enrol(&wire, &code.to_lowercase(), &mine).await.json();
    let again: EnrolReply = enrol(&wire, &code, &mine).await.json();
    assert_eq!(first.gatherer_id, again.gatherer_id, "its first answer may have been lost");
    let used = enrol(&wire, &code, &other).await;
    assert_eq!((used.status, used.code().as_str()), (StatusCode::FORBIDDEN, "join_code_used"));
    assert!(used.text.contains("重新生成"));
    for wrong in ["", "AAAAA-AAAAA-AAAAA-AAAAA", "short"] {
        let answer = enrol(&wire, wrong, &other).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::FORBIDDEN, "bad_join_code"));
    }
    let late = join_code(&site).await;
    site.state.clock.advance(Duration::from_millis(web::join_code::LIFE_MS as u64));
    let answer = enrol(&wire, &late, &other).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::FORBIDDEN, "join_code_expired"));
    assert_eq!(site.state.db.all_gatherers().await.unwrap().len(), 1);
    let kept = site.state.db.gatherer(first.gatherer_id).await.unwrap();
    assert_eq!(kept.machine.host_name, "box", "control characters are dropped");
}

#[tokio::test]
async fn a_login_needs_the_key_and_a_challenge_of_its_own() {
    let gatherer = Gatherer::new().await;
    let refused = async |asked: &LoginRequest| {
        let answer = gatherer.wire.post_json("/api/gather/login", "", asked).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::UNAUTHORIZED, "unauthorized"));
    };
    let challenge = gatherer.challenge().await;
    refused(&signed(&SigningKey::from_bytes(&[8; 32]), gatherer.id, &challenge)).await;
    refused(&signed(&gatherer.key, GathererId(99), &challenge)).await;
    refused(&signed(&gatherer.key, gatherer.id, "made-up")).await;
    refused(&LoginRequest { signature: String::new(), ..signed(&gatherer.key, gatherer.id, &challenge) })
        .await;
    let right = signed(&gatherer.key, gatherer.id, &challenge);
    assert_eq!(gatherer.wire.post_json("/api/gather/login", "", &right).await.status, StatusCode::OK);
    refused(&right).await; // the same login played again
    let late = signed(&gatherer.key, gatherer.id, &gatherer.challenge().await);
    gatherer.site.state.clock.advance(Duration::from_secs(60));
    refused(&late).await;
}

#[tokio::test]
async fn the_state_is_sent_when_it_changed_and_only_to_its_gatherer() {
    let gatherer = Gatherer::new().await;
    let first = gatherer.state(&gatherer.grant, "").await;
    let tag = first.headers["etag"].to_str().unwrap().to_owned();
    let state: DesiredState = first.json();
    // NOW_MS is 2026-11-20 in the school; the plan reaches three weeks further.
    assert_eq!(tag, format!("\"{}-20261211\"", state.version));
    assert_eq!(state.last_date, jiff::civil::date(2026, 12, 11));
    assert_eq!((state.time_zone.as_str(), state.relay_port), ("Asia/Shanghai", 0));
    assert_eq!(gatherer.state(&gatherer.grant, &tag).await.status, StatusCode::NOT_MODIFIED);
    let channel = gatherer.add_channel().await;
    // Every day one hour from 08:00 on: from yesterday, Thursday, to three weeks ahead.
    for weekday in 0..7 {
        let edit = db::RangeEdit {
            id: None,
            weekday,
            start_s: 8 * 3600,
            end_s: 9 * 3600,
            subject_id: SubjectId(1),
            teacher_id: TeacherId(1),
        };
        let changes = db::RangeChanges { edits: vec![edit], removed: vec![] };
        gatherer.site.state.db.save_ranges(channel, &changes).await.unwrap();
    }
    let changed = gatherer.state(&gatherer.grant, &tag).await;
    let state: DesiredState = changed.json();
    assert_eq!((state.channels.len(), state.lessons.len()), (1, 23));
    let (first, last) = (&state.lessons[0], &state.lessons[22]);
    assert_eq!(
        (first.start_at_ms, first.end_at_ms),
        (NOW_MS - 600_000 - 86_400_000, NOW_MS + 3_000_000 - 86_400_000)
    );
    assert_eq!(first.key, format!("{}-20261119", first.range_id));
    assert!(last.key.ends_with("-20261211"), "{}", last.key);
    assert!(state.lessons.iter().all(|span| span.channel_id == channel));
    let tag = changed.headers["etag"].clone();
    let play = gatherer.site.state.signer.sign(Right::Play, "1", "", NOW_MS + 1000);
    for bad in ["", "x.y", &play, &format!("{}A", gatherer.grant)] {
        assert_eq!(gatherer.state(bad, "").await.status, StatusCode::UNAUTHORIZED);
    }
    gatherer.site.state.clock.advance(Duration::from_secs(3600));
    assert_eq!(
        gatherer.state(&gatherer.grant, "").await.status,
        StatusCode::UNAUTHORIZED,
        "a grant lasts 1 h"
    );
    // A day later nothing has changed but the date: the window has moved.
    gatherer.site.state.clock.advance(Duration::from_secs(86_400));
    let grant = gatherer.login().await.json::<LoginReply>().grant;
    let tomorrow = gatherer.state(&grant, tag.to_str().unwrap()).await;
    let (before, moved) = (tag.to_str().unwrap().to_owned(), tomorrow.json::<DesiredState>());
    assert_eq!((before.replace("20261211", "20261212"), moved.lessons.len()), (moved.tag(), 23));
}

#[tokio::test]
async fn a_slice_is_taken_once_however_often_it_is_told() {
    let gatherer = Gatherer::new().await;
    let facts = facts(gatherer.add_channel().await);
    let receipt = gatherer.receipt("obj1", facts.size_bytes, &facts.sha256);
    for _ in 0..2 {
        let ack: SliceAck = gatherer.notice(&facts, receipt.clone()).await.json();
        assert_eq!((ack.size_bytes, &ack.sha256), (facts.size_bytes, &facts.sha256));
    }
    let lesson = gatherer.site.state.db.lesson("3-20261120").await.unwrap();
    assert_eq!((lesson.slice_count, lesson.duration_ms), (1, 60_000));
    let other = SliceFacts { duration_ms: 61_000, ..facts.clone() };
    let answer = gatherer.notice(&other, receipt.clone()).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::CONFLICT, "conflict"));
}

#[tokio::test]
async fn a_lesson_of_the_timetable_is_taken_also_without_a_teacher() {
    let gatherer = Gatherer::new().await;
    let channel_id = gatherer.add_channel().await;
    let lesson_key = format!("c2-20261120-p3-0-v{channel_id}");
    let (range_id, teacher_id) = (RangeId(0), TeacherId(0));
    let facts = SliceFacts { lesson_key: lesson_key.clone(), range_id, teacher_id, ..facts(channel_id) };
    let receipt = gatherer.receipt("obj1", facts.size_bytes, &facts.sha256);
    assert_eq!(gatherer.notice(&facts, receipt).await.status, StatusCode::OK);
    let lesson = gatherer.site.state.db.lesson(&lesson_key).await.unwrap();
    assert_eq!(
        (lesson.channel_id, lesson.teacher_id, lesson.teacher_name.as_str()),
        (channel_id, teacher_id, "")
    );
}

#[tokio::test]
async fn what_was_recorded_before_a_channel_moved_away_is_taken() {
    let gatherer = Gatherer::new().await;
    let facts = facts(gatherer.add_channel().await);
    let code = join_code(&gatherer.site).await;
    let other: EnrolReply = enrol(&gatherer.wire, &code, &SigningKey::from_bytes(&[3; 32])).await.json();
    let db = &gatherer.site.state.db;
    let mut channel = db.channel_with_password(facts.channel_id).await.unwrap();
    channel.gatherer_id = other.gatherer_id;
    db.save_channel(&channel, db::Password::Keep).await.unwrap();
    let receipt = gatherer.receipt("obj1", facts.size_bytes, &facts.sha256);
    assert_eq!(gatherer.notice(&facts, receipt).await.status, StatusCode::OK);
    // Its picture comes from where it is now.
    let receipt = gatherer.receipt("still", 10, &"ab".repeat(32));
    let notice = SnapshotNotice { channel_id: facts.channel_id, receipt, taken_at_ms: NOW_MS };
    let answer = gatherer.wire.post_json("/api/gather/snapshots", &gatherer.grant, &notice).await;
    assert_eq!(answer.code(), "unknown_channel");
}

#[tokio::test]
async fn a_slice_is_taken_only_while_storage_has_its_file() {
    let mut gatherer = Gatherer::new().await;
    let volume = storage::Volume::open(gatherer.site.dir.path().join("volume")).unwrap();
    let signer = gatherer.site.state.signer.clone();
    let storage = storage::Storage::new(volume.clone(), signer, storage::Limits::default());
    gatherer.site.state.storage = Some(storage);
    gatherer.site.app = web::router(gatherer.site.state.clone());
    gatherer.wire = gatherer.site.browser();
    let facts = facts(gatherer.add_channel().await);
    let put = |size: usize| {
        let id = storage::ObjectId::random().unwrap().to_string();
        let dir = volume.root().join("objects").join(&id[..2]).join(&id[2..4]);
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join(&id), vec![0; size]).unwrap();
        (dir.join(&id), id)
    };
    let receipt = |object: &str| gatherer.receipt(object, facts.size_bytes, &facts.sha256);
    let taken = async |object: &str| {
        let answer = gatherer.notice(&facts, receipt(object)).await;
        assert!(answer.status == StatusCode::OK || answer.code() == "bad_receipt", "{}", answer.text);
        answer.status == StatusCode::OK
    };
    let ((path, first), (_, short), (_, second)) = (put(1000), put(999), put(1000));
    assert!(!taken("no-object").await && !taken(&short).await);
    assert!(taken(&first).await);
    assert!(taken("gone-again").await, "it has this slice, whatever became of a second copy");
    // The answer was lost, and then the disk: the file that is sent again is no needless copy.
    std::fs::remove_file(path).unwrap();
    assert!(!taken(&first).await);
    assert!(taken(&second).await);
    let db = &gatherer.site.state.db;
    assert_eq!(db.slice(&facts.slice_id).await.unwrap().object_id, second);
    let mut doomed = db.doomed_objects(9).await.unwrap();
    doomed.sort();
    let mut expected = [first, "gone-again".to_owned()];
    expected.sort();
    assert_eq!(doomed, expected);
}

#[tokio::test]
async fn a_slice_needs_a_true_receipt_an_own_channel_and_sane_facts() {
    let gatherer = Gatherer::new().await;
    let facts = facts(gatherer.add_channel().await);
    let check = async |facts: &SliceFacts, receipt: String, status: StatusCode, code: &str| {
        let answer = gatherer.notice(facts, receipt).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code));
    };
    let good = || gatherer.receipt("obj1", facts.size_bytes, &facts.sha256);
    let bad = StatusCode::UNPROCESSABLE_ENTITY;
    check(&facts, "forged".into(), bad, "bad_receipt").await;
    check(&facts, gatherer.receipt("obj1", facts.size_bytes + 1, &facts.sha256), bad, "bad_receipt").await;
    check(&facts, gatherer.receipt("obj1", facts.size_bytes, &"cd".repeat(32)), bad, "bad_receipt").await;
    let elsewhere = SliceFacts { channel_id: ChannelId(99), ..facts.clone() };
    check(&elsewhere, good(), StatusCode::NOT_FOUND, "unknown_channel").await;
    for wrong in [
        SliceFacts { slice_id: "../../etc/passwd/aaaaaaaaaa".into(), ..facts.clone() },
        SliceFacts { lesson_key: "4-20261120".into(), ..facts.clone() },
        SliceFacts { lesson_key: "3-2026112x".into(), ..facts.clone() },
        SliceFacts { duration_ms: -1, ..facts.clone() },
        SliceFacts { video_codec: "<b>".into(), ..facts.clone() },
        SliceFacts { audio_codec: "AAC\0".into(), ..facts.clone() },
        SliceFacts { lesson_key: "3-20261399".into(), ..facts.clone() },
        SliceFacts { lesson_key: format!("c2-20261120-p3-0-v{}", facts.channel_id), ..facts.clone() },
        SliceFacts { lesson_key: "c2-20261120-p3-0-v99".into(), range_id: RangeId(0), ..facts.clone() },
        SliceFacts { lesson_key: "c2-20261120-p3-0".into(), range_id: RangeId(0), ..facts.clone() },
        SliceFacts { range_id: RangeId(0), ..facts.clone() },
        SliceFacts { started_at_ms: i64::MAX - 60_000, ..facts.clone() },
        SliceFacts { video_frames: i64::MAX, ..facts.clone() },
    ] {
        check(&wrong, good(), StatusCode::BAD_REQUEST, "bad_request").await;
    }
    assert_eq!(gatherer.site.state.db.newest_lessons(5).await.unwrap().len(), 0, "nothing was changed");
}

#[tokio::test]
async fn the_newest_snapshot_stays_and_the_one_before_goes() {
    let gatherer = Gatherer::new().await;
    let channel_id = gatherer.add_channel().await;
    let db = &gatherer.site.state.db;
    let send = async |object: &str, taken_at_ms: i64| {
        let receipt = gatherer.receipt(object, 10, &"ab".repeat(32));
        let notice = SnapshotNotice { channel_id, receipt, taken_at_ms };
        gatherer.wire.post_json("/api/gather/snapshots", &gatherer.grant, &notice).await.status
    };
    assert_eq!(send("still1", NOW_MS - 1000).await, StatusCode::NO_CONTENT);
    assert_eq!(send("still2", NOW_MS + 86_400_000).await, StatusCode::NO_CONTENT);
    let kept = db.snapshot(channel_id).await.unwrap().unwrap();
    assert_eq!(
        (kept.object_id.as_str(), kept.taken_at_ms),
        ("still2", NOW_MS),
        "a clock that runs ahead is cut"
    );
    let answer = gatherer.wire.post_json("/api/gather/snapshots", &gatherer.grant, &"no notice").await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_REQUEST, "bad_request"));
}
