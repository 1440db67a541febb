//! The admin's pages with a school at work, for looking at them: `cargo run -p web --example admin_dev`. Two gatherers,
//! one on line and reporting; channels in every state; a timetable; recordings. Prints its address and a session cookie.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a tool for the eyes of whoever builds the site"
)]

#[path = "../tests/admin_site/mod.rs"]
mod admin_site;
#[path = "../tests/grid_school/mod.rs"]
mod grid_school;

use admin_site::{OnLine, Site};
use db::{NewChannel, NewSlice, RangeChanges, RangeEdit};
use model::channel::Source;
use model::slice::{SliceEnd, SliceFacts};
use model::{ChannelId, GradeId, RangeId, SubjectId, TeacherId};
use relay_proto::Report;
use std::net::SocketAddr;
use std::time::Duration;

#[tokio::main]
async fn main() {
    let site = Site::start().await;
    let empty = std::env::args().any(|a| a == "--empty");
    if !empty {
        seed(&site).await;
    }
    if let Some(n) = std::env::args().find_map(|a| a.strip_prefix("--classes=")?.parse::<usize>().ok()) {
        classes(&site, n).await;
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("http://{} {}", listener.local_addr().unwrap(), site.admin_secret);
    let app = site.router.clone().into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, app).await.unwrap();
}

/// `--classes=60`: a school with a whole week for every class, cameras in the first rooms; some cells in odd weeks, joint,
/// over two periods, or not recorded.
async fn classes(site: &Site, n: usize) {
    let (db, now_ms) = (&site.state.db, site.state.now_ms());
    let school = grid_school::make(db, n, site.admin_id, now_ms).await;
    for i in school.teachers.len()..n {
        site.teacher(&format!(
            "{}老师",
            grid_school::SURNAMES[i % 20].to_owned() + ["文", "敏", "建国"][i % 3]
        ))
        .await;
    }
    for (channel, room) in db.directory(grid_school::SCHOOL).await.unwrap().channels.iter().zip(&school.rooms)
    {
        db.set_channel_room(channel.channel.id, Some(*room)).await.unwrap();
    }
    let teachers = db.all_teachers().await.unwrap().iter().map(|t| t.id).collect();
    let school = grid_school::School { teachers, ..school };
    let cells = grid_school::varied(&school, 5, 8);
    let said = grid_school::Editor::admin(site).publish(0, &cells).await;
    println!("{} {}", said.status, said.text.chars().take(400).collect::<String>());
}

async fn seed(site: &Site) {
    let db = &site.state.db;
    db.seed_demo_teachers().await.unwrap();
    let on_line = site.gatherer("教学楼三楼机房采集端").await;
    let off_line = site.gatherer("实验楼采集端（物理化学生物综合实验室·备用线路）").await;
    let classes =
        ["一班", "二班", "实验班（人工智能与机器人方向·与友好学校联合培养）", "四班", "音乐教室", "六班"];
    for (n, class) in classes.iter().enumerate() {
        let id = site.channel(if n == 5 { off_line } else { on_line }, class).await;
        if n == 3 {
            db.enable_channel(id, false).await.unwrap();
        }
    }
    let file = NewChannel {
        gatherer_id: on_line,
        grade_id: GradeId(10),
        class_name: "示范课".to_owned(),
        source: Source::File {
            path: "/data/videos/示范课/2026年秋季第一学期公开课完整版.mp4".to_owned()
        },
        enabled: true,
    };
    db.add_channel(&file, base::now_ms()).await.unwrap();
    let mut edits = Vec::new();
    for weekday in 1..=5 {
        for (n, start_s) in [28_800, 32_100, 36_000, 39_300, 50_400, 53_700].into_iter().enumerate() {
            let (subject_id, teacher_id) =
                (SubjectId(n as i64 % 9 + 1), TeacherId((n as i64 + weekday) % 11 + 1));
            edits.push(RangeEdit {
                id: None,
                weekday: weekday as u8,
                start_s,
                end_s: start_s + 2700,
                subject_id,
                teacher_id,
            });
        }
    }
    db.save_ranges(ChannelId(1), &RangeChanges { edits, removed: Vec::new() }).await.unwrap();
    for n in 0..13 {
        recorded(site, n).await;
    }
    let port = site.serve_relay().await;
    let mut gatherer = OnLine::connect(port, on_line).await;
    let settings =
        db::Settings { relay_host: "127.0.0.1".to_owned(), relay_port: port, ..db.settings().await.unwrap() };
    db.save_settings(&settings).await.unwrap();
    let version = db.state_version(on_line).await.unwrap();
    tokio::spawn(async move {
        loop {
            let report = Report {
                clock_ms: base::now_ms() + 7_000,
                state_version: version,
                channels: serde_json::from_str(CHANNELS).unwrap(),
                disk_free_bytes: 212_000_000_000,
                upload_waiting: 3,
                upload_waiting_bytes: 740_000_000,
                upload_error: String::new(),
            };
            gatherer.report(report).await;
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
}

const CHANNELS: &str = r#"[
 {"channel_id":1,"phase":"running","recording":true,"video_codec":"H.264","audio_codec":"AAC (G.711)","width":1920,"height":1080,"receive_kbps":2048},
 {"channel_id":2,"phase":"waiting","cause":"wrong_password"},
 {"channel_id":3,"phase":"running","video_codec":"H.265","audio_codec":"AAC","width":2560,"height":1440,"receive_kbps":3170},
 {"channel_id":4,"phase":"stopped"},
 {"channel_id":5,"phase":"connecting"},
 {"channel_id":7,"phase":"failed","cause":"not_mp4"}]"#;

async fn recorded(site: &Site, n: i64) {
    let end = [SliceEnd::Bell, SliceEnd::SourceLost, SliceEnd::Recovered, SliceEnd::Length][n as usize % 4];
    let facts = SliceFacts {
        slice_id: format!("01KAFX00000000000000{n:06}"),
        channel_id: ChannelId(n % 3 + 1),
        lesson_key: format!("{}-20261120", n + 1),
        range_id: RangeId(n + 1),
        subject_id: SubjectId(n % 5 + 1),
        teacher_id: TeacherId(n % 7 + 1),
        sequence: 0,
        started_at_ms: base::now_ms() - n * 5_000_000,
        duration_ms: 2_700_000,
        overlap_ms: 0,
        size_bytes: 345_000_000,
        sha256: "ab".repeat(32),
        video_frames: 67_500,
        video_codec: "H.264".to_owned(),
        audio_codec: "AAC".to_owned(),
        width: 1920,
        height: 1080,
        end,
    };
    let new = NewSlice { facts, object_id: format!("object{n}") };
    site.state.db.add_slice(&new, base::now_ms()).await.unwrap();
}
