//! The front pages over seeded rows.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod support;

use http::StatusCode;
use model::channel::Source;
use model::grant::Right;
use model::right::Role;
use model::slice::SliceFacts;
use model::{ChannelId, GathererId, GradeId, RangeId, SchoolId, SubjectId};
use std::time::Duration;
use support::{NOW_MS, Site, facts};

async fn channel(site: &Site, class: &str) -> ChannelId {
    let db = &site.state.db;
    let gatherer = match db.all_gatherers().await.unwrap().first() {
        Some(gatherer) => gatherer.id,
        None => {
            db.add_join_code("h", SchoolId(1), "采集端", NOW_MS, NOW_MS + 1).await.unwrap();
            db.enroll_gatherer("h", "key", &Default::default(), NOW_MS).await.unwrap().id
        }
    };
    add_channel(site, gatherer, class).await
}

async fn add_channel(site: &Site, gatherer_id: GathererId, class: &str) -> ChannelId {
    let new = db::NewChannel {
        gatherer_id,
        grade_id: GradeId(1),
        class_name: class.into(),
        source: Source::File { path: "/data/a.mp4".into() },
        enabled: true,
    };
    site.state.db.add_channel(&new, NOW_MS).await.unwrap()
}

/// One slice of lesson `range`, begun `range` hours before now.
async fn lesson(site: &Site, channel_id: ChannelId, subject: i64, range: i64, slices: u32) {
    for sequence in 0..slices {
        let facts = SliceFacts {
            slice_id: format!("01KAFX{subject:04}{range:08}{sequence:08}"),
            lesson_key: format!("{range}-20261120"),
            range_id: RangeId(range),
            subject_id: SubjectId(subject),
            sequence,
            started_at_ms: NOW_MS - range * 3_600_000 + i64::from(sequence) * 60_000,
            ..facts(channel_id)
        };
        let object_id = format!("object{range}x{sequence}");
        site.state.db.add_slice(&db::NewSlice { facts, object_id }, NOW_MS).await.unwrap();
    }
}

#[tokio::test]
async fn the_home_page_shows_eight_newest_of_each_subject() {
    let site = Site::new().await;
    let user = site.logged_in("学生", Role::User).await;
    assert!(user.get("/").await.text.contains("还没有录像"));
    let channel = channel(&site, "一班").await;
    for range in 1..=10 {
        lesson(&site, channel, 1, range, 1).await;
    }
    lesson(&site, channel, 2, 11, 1).await;
    let home = user.get("/").await.text;
    assert_eq!(home.matches("class=\"card\"").count(), 9, "8 of 语文 and 1 of 数学");
    let first = home.find("/lesson/1-20261120").unwrap();
    assert!(first < home.find("/lesson/2-20261120").unwrap(), "newest first");
    assert!(home.contains("最近更新") && home.contains("点击排行"));
    assert!(home.contains("小学 一年级 一班"));
    let nav = &home[home.find("<nav class=\"nav\"").unwrap()..home.find("</nav>").unwrap()];
    assert_eq!(
        nav.split("<details").next().unwrap().matches("/subject/").count(),
        6,
        "six subjects, then 更多"
    );
}

#[tokio::test]
async fn a_subject_has_twelve_lessons_a_page_and_the_search_finds_teachers() {
    let site = Site::new().await;
    let user = site.logged_in("学生", Role::User).await;
    let channel = channel(&site, "一班").await;
    for range in 1..=13 {
        lesson(&site, channel, 1, range, 1).await;
    }
    let first = user.get("/subject/1").await.text;
    assert_eq!(first.matches("class=\"card\"").count(), 12);
    assert!(first.contains("/subject/1?page=2"));
    assert_eq!(user.get("/subject/1?page=2").await.text.matches("class=\"card\"").count(), 1);
    let teacher = site.state.db.all_teachers().await.unwrap()[0].name.clone();
    let found = user.get(&format!("/search?q={}", web::page::encode(&teacher))).await.text;
    assert_eq!(found.matches("class=\"card\"").count(), 12);
    assert!(user.get("/search?q=zzz").await.text.contains("没有找到"));
    assert_eq!(user.get("/subject/99").await.status, StatusCode::NOT_FOUND);
    assert_eq!(user.get("/subject/1?page=-7").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_lesson_plays_all_its_slices_and_counts_a_viewer_once() {
    let site = Site::new().await;
    let user = site.logged_in("学生", Role::User).await;
    let channel = channel(&site, "一班").await;
    lesson(&site, channel, 1, 5, 3).await;
    lesson(&site, channel, 1, 4, 1).await;
    let page = user.get("/lesson/5-20261120").await.text;
    assert!(page.contains("[语文] 小学 一年级 一班"));
    assert_eq!(page.matches("class=\"link part-go\"").count(), 3);
    let related = &page[page.find("class=\"related\"").unwrap()..];
    assert!(related.contains("href=\"/lesson/4-20261120\""), "the next newer one is up next");
    let files: serde_json::Value = user.get("/lesson/5-20261120/files").await.json();
    let url = files[2]["url"].as_str().unwrap();
    let (path, token) = url.split_once("?token=").unwrap();
    assert_eq!(path, "/object/object5x2");
    assert!(site.state.signer.verify_for(token, Right::Read, "object5x2", NOW_MS).is_ok());
    assert!(site.state.signer.verify_for(token, Right::Read, "object5x1", NOW_MS).is_err());
    user.get("/lesson/5-20261120").await;
    assert_eq!(site.state.db.lesson("5-20261120").await.unwrap().clicks, 1);
    site.state.clock.advance(Duration::from_secs(1800));
    user.get("/lesson/5-20261120").await;
    assert_eq!(site.state.db.lesson("5-20261120").await.unwrap().clicks, 2);
}

#[tokio::test]
async fn the_live_list_counts_and_the_player_hears_why_there_is_no_picture() {
    let site = Site::new().await;
    let user = site.logged_in("学生", Role::User).await;
    assert!(user.get("/watch").await.text.contains("还没有通道"));
    let mut first = None;
    for i in 1..=17 {
        first.get_or_insert(channel(&site, &format!("{i}班")).await);
    }
    let list = user.get("/watch").await.text;
    assert!(list.contains("总共 17 路通道，在线 0 路"));
    assert_eq!(list.matches("class=\"card\"").count(), 16);
    assert!(user.get("/watch?page=2").await.text.contains("没有更多了"));
    let id = first.unwrap();
    let page = user.get(&format!("/watch/{id}")).await.text;
    assert!(page.contains("小学 一年级 1班 - MP4文件") && page.contains("离线"));
    let play: serde_json::Value = user.get(&format!("/api/play/{id}")).await.json();
    assert_eq!((play["state"].as_str(), play["can_play"].as_bool()), (Some("offline"), Some(false)));
    assert_eq!(play["token"], "", "nothing to open, so no right is given out");
    assert_eq!(play["clicks"], 1);
    let again: serde_json::Value = user.get(&format!("/api/play/{id}")).await.json();
    assert_eq!(again["clicks"], 1);
}

#[tokio::test]
async fn static_files_are_kept_by_hash_and_asked_again_without() {
    let site = Site::new().await;
    let browser = site.browser();
    let login = browser.get("/login").await.text;
    let css = login.split("href=\"").find(|p| p.starts_with("/static/css/site.css")).unwrap();
    let hashed = browser.get(css.split('"').next().unwrap()).await;
    assert!(hashed.headers["cache-control"].to_str().unwrap().contains("immutable"));
    let plain = browser.get("/static/css/site.css").await;
    assert_eq!(plain.headers["cache-control"], "no-cache");
    assert!(plain.headers["content-type"].to_str().unwrap().starts_with("text/css"));
    assert_eq!(browser.get("/static/../Cargo.toml").await.status, StatusCode::NOT_FOUND);
    assert_eq!(browser.get("/static/vendor/refresh.sh").await.status, StatusCode::NOT_FOUND);
}
