//! The site alone, with invented lessons and channels, for looking at pages: `cargo run -p web --example dev`.
//! User `admin`, password `对的密码-123`; the address is printed.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a tool for the eyes of whoever builds the site"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use base::{Clock, Tasks};
use model::channel::Source;
use model::right::Role;
use model::slice::{SliceEnd, SliceFacts};
use model::{GradeId, RangeId, SchoolId, SubjectId, TeacherId};
use std::net::SocketAddr;

#[tokio::main]
async fn main() {
    let dir = tempfile::tempdir().unwrap();
    let state = support::state_in(dir.path(), Clock::System, &Tasks::new()).await;
    let now_ms = state.now_ms();
    let code = web::setup::issue(dir.path(), now_ms).unwrap();
    if std::env::args().all(|a| a != "--unclaimed") {
        let password_hash = web::password::hash(support::PASSWORD).await.unwrap();
        let admin = db::NewUser {
            name: "admin".into(),
            display_name: "王校长".into(),
            password_hash,
            role: Role::Admin,
        };
        state.db.claim_first_admin(&admin, now_ms).await.unwrap();
    }
    if std::env::args().all(|a| a != "--empty") {
        seed(&state, now_ms).await;
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("http://{} setup code {code}", listener.local_addr().unwrap());
    let app = web::router(state).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, app).await.unwrap();
}

async fn seed(state: &web::AppState, now_ms: i64) {
    let db = &state.db;
    db.add_join_code("h", SchoolId(1), "教学楼采集端", now_ms, now_ms + 1000).await.unwrap();
    let gatherer = db.enroll_gatherer("h", "key", &Default::default(), now_ms).await.unwrap();
    let classes =
        ["一班", "二班", "实验班（人工智能与机器人方向·与友好学校联合培养）", "三班", "四班", "音乐教室"];
    let mut channels = Vec::new();
    for (i, class) in classes.iter().enumerate() {
        let new = db::NewChannel {
            gatherer_id: gatherer.id,
            grade_id: GradeId(i as i64 * 2 + 1),
            class_name: (*class).into(),
            source: Source::File { path: "/data/a.mp4".into() },
            enabled: i != 3,
        };
        channels.push(db.add_channel(&new, now_ms).await.unwrap());
    }
    for range in 1..=40_i64 {
        let pieces = if range == 1 { 3 } else { 1 };
        for sequence in 0..pieces {
            let facts = SliceFacts {
                slice_id: format!("01KAFX00{range:010}{sequence:08}"),
                channel_id: channels[(range % 5) as usize],
                lesson_key: format!("{range}-20261120"),
                range_id: RangeId(range),
                subject_id: SubjectId([1, 2, 1, 3, 2, 7, 1][(range % 7) as usize]),
                teacher_id: TeacherId(range % 11 + 1),
                sequence,
                started_at_ms: now_ms - range * 5_000_000 + i64::from(sequence) * 930_000,
                duration_ms: 900_000,
                overlap_ms: 0,
                size_bytes: 120_000_000,
                sha256: "ab".repeat(32),
                video_frames: 22_500,
                video_codec: "H.264".into(),
                audio_codec: "AAC".into(),
                width: 1280,
                height: 720,
                end: if sequence == 1 { SliceEnd::Recovered } else { SliceEnd::Length },
            };
            db.add_slice(&db::NewSlice { facts, object_id: format!("o{range}x{sequence}") }, now_ms)
                .await
                .unwrap();
        }
    }
    for (i, range) in [7, 7, 7, 3, 3, 12].into_iter().enumerate() {
        let _ = i;
        db.lesson_clicked(&format!("{range}-20261120")).await.unwrap();
    }
}
