//! iCal feeds: made, read by a capability address, revoked; nothing beyond what a feed is of.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod today_site;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request};
use http_body_util::BodyExt;
use model::SchoolId;
use model::calendar::Op;
use std::net::SocketAddr;
use today_site::{NEXT, NOW_MS, RUNNING, School};
use tower::ServiceExt;

struct Feed {
    status: u16,
    headers: HeaderMap,
    text: String,
}

/// A calendar program: no cookie, no language.
async fn read(school: &School, path: &str, etag: &str) -> Feed {
    let mut request = Request::get(path).header("host", "site.test").header("if-none-match", etag);
    request.extensions_mut().unwrap().insert(ConnectInfo(SocketAddr::from(([10, 0, 0, 7], 5000))));
    let answer = school.site.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = answer.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    // Long lines are folded (RFC 5545 §3.1).
    let text = String::from_utf8_lossy(&bytes).replace("\r\n ", "").replace("\r\n", "\n");
    Feed { status: parts.status.as_u16(), headers: parts.headers, text }
}

/// Makes a feed; gives its path.
async fn make(school: &School, kind: &str, target: i64) -> String {
    let target = target.to_string();
    let fields = [("school", "1"), ("kind", kind), ("target", target.as_str())];
    let page = school.site.post("/admin/feeds", &fields).await;
    page.is(200).has("只显示这一次");
    let rest = page.body.split("data-address>").nth(1).unwrap();
    let address = rest.split('<').next().unwrap().to_owned();
    address.strip_prefix("http://site.test").unwrap().to_owned()
}

/// The event of a lesson.
#[track_caller]
fn event<'a>(feed: &'a Feed, lesson: &str) -> &'a str {
    let mut events = feed.text.split("BEGIN:VEVENT").skip(1);
    let found = events.find(|event| event.contains(&format!("UID:{lesson}@")));
    found.unwrap_or_else(|| panic!("no {lesson} in\n{}", feed.text))
}

fn sequence(event: &str) -> u32 {
    event.split("SEQUENCE:").nth(1).unwrap().lines().next().unwrap().trim().parse().unwrap()
}

#[tokio::test]
async fn a_class_feed_holds_ten_weeks_of_its_lessons_and_no_names_of_people() {
    let school = School::open().await;
    let path = make(&school, "class", 1).await;
    let feed = read(&school, &path, "").await;
    assert_eq!(feed.status, 200);
    assert_eq!(feed.headers["content-type"], "text/calendar; charset=utf-8");
    assert_eq!(feed.headers["referrer-policy"], "no-referrer");
    assert!(feed.headers["cache-control"].to_str().unwrap().starts_with("private"));
    assert!(!feed.headers.contains_key("set-cookie"));
    let running = event(&feed, RUNNING);
    for line in ["SUMMARY:语文", "LOCATION:301", "20261120T000000Z"] {
        assert!(running.contains(line), "no {line} in {running}");
    }
    let teacher = school.site.state.db.all_teachers().await.unwrap().remove(0);
    assert!(!feed.text.contains(&teacher.name), "a class feed names no teacher");
    event(&feed, "c1-20261106-p2-0");
    event(&feed, "c1-20270115-p2-0");
    assert!(!feed.text.contains("c1-20261105-") && !feed.text.contains("c1-20270118-"));
    assert!(!feed.text.contains("UID:c2-"), "lessons of others are not in it");

    let etag = feed.headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(read(&school, &path, &etag).await.status, 304);
    let page = school.site.get("/admin/feeds").await;
    let token = path.strip_prefix("/feed/").unwrap();
    page.has("一年级 一班").lacks("还没有读过").lacks(token.strip_suffix(".ics").unwrap());
}

#[tokio::test]
async fn changes_keep_the_uid_raise_the_sequence_and_cancel() {
    let mut school = School::open().await;
    let class = make(&school, "class", 1).await;
    let (old, new) = (make(&school, "teacher", 1).await, make(&school, "teacher", 6).await);
    let before = read(&school, &class, "").await;
    let fields = [("school", "1"), ("op", "substitute"), ("lesson", RUNNING), ("teacher", "6")];
    school.site.post("/admin/changes/new", &fields).await.is(303);
    let cancel = Op::Cancel { lesson: School::lesson(NEXT) };
    let db = &school.site.state.db;
    db.add_change(SchoolId(1), &cancel, "", school.site.admin_id, NOW_MS).await.unwrap();
    school.site.state.shelf.forget(SchoolId(1));

    let after = read(&school, &class, "").await;
    assert_ne!(before.headers["etag"], after.headers["etag"]);
    let (was, is) = (event(&before, RUNNING), event(&after, RUNNING));
    assert!(sequence(is) > sequence(was));
    assert!(!is.contains("STATUS:CANCELLED"));
    assert!(event(&after, NEXT).contains("STATUS:CANCELLED"));
    assert!(sequence(event(&after, NEXT)) > sequence(event(&before, NEXT)));

    assert!(event(&read(&school, &old, "").await, RUNNING).contains("STATUS:CANCELLED"));
    let new = read(&school, &new, "").await;
    assert!(event(&new, RUNNING).contains("语文 小学一年级 一班"));
    assert_eq!(new.text.matches("BEGIN:VEVENT").count(), 1);

    // The site gets an address of its own: calendars keep every lesson.
    let uids = |feed: &Feed| -> Vec<String> {
        feed.text.lines().filter(|line| line.starts_with("UID:")).map(str::to_owned).collect()
    };
    let mut state = school.site.state.clone();
    state.site =
        web::SiteConfig { public_url: "https://video.school.cn".to_owned(), ..(*state.site).clone() }.into();
    state.shelf.forget(SchoolId(1));
    school.site.router = web::router(state);
    let again = read(&school, &class, "").await;
    assert_eq!(again.status, 200);
    assert_eq!(uids(&again), uids(&after));
    let tag = school.site.state.db.settings().await.unwrap().site_tag;
    assert_eq!(tag.len(), 13);
    assert!(uids(&again).iter().all(|uid| uid.ends_with(&format!("@{tag}.yunlubo"))));
}

#[tokio::test]
async fn unknown_and_revoked_addresses_are_answered_alike() {
    let school = School::open().await;
    let path = make(&school, "room", school.rooms[0].0).await;
    assert_eq!(read(&school, &path, "").await.status, 200);
    let id = school.site.state.db.feeds(SchoolId(1)).await.unwrap()[0].id;
    let revoke = format!("/admin/feeds/{id}/revoke");
    school.site.post(&revoke, &[("school", "1")]).await.is(200).has("不再更新");
    assert_eq!(read(&school, &path, "").await.status, 200);
    school.site.post(&revoke, &[("school", "1"), ("sure", "1")]).await.is(303);
    let gone = read(&school, &path, "").await;
    let unknown = read(&school, &format!("/feed/{}.ics", "A".repeat(43)), "").await;
    let nonsense = read(&school, "/feed/..%2f..%2fetc", "").await;
    assert_eq!((gone.status, unknown.status, nonsense.status), (404, 404, 404));
    assert_eq!((&gone.text, &gone.headers), (&unknown.text, &unknown.headers));
    let unknown_path = format!("/feed/{}.ics", "A".repeat(43));
    for _ in 0..5 {
        read(&school, &unknown_path, "").await;
    }
    let slowed = read(&school, &unknown_path, "").await;
    assert_eq!(slowed.status, 429);
    assert!(slowed.headers.contains_key("retry-after"));
    let other = make(&school, "teacher", 1).await;
    assert_eq!(read(&school, &other, "").await.status, 200, "who has a right address is not slowed down");
}

#[tokio::test]
async fn a_feed_is_of_something_the_school_has() {
    let school = School::open().await;
    let post = async |fields: &[(&str, &str)]| school.site.post("/admin/feeds", fields).await.status.as_u16();
    assert_eq!(post(&[("school", "1"), ("kind", "class"), ("target", "99")]).await, 422);
    assert_eq!(post(&[("school", "1"), ("kind", "class"), ("target", "")]).await, 422);
    assert_eq!(post(&[("school", "1"), ("kind", "pupil"), ("target", "1")]).await, 400);
    assert!(school.site.state.db.feeds(SchoolId(1)).await.unwrap().is_empty());
}
