//! The live board: server-sent events of what changed, and only that; it ends with its session, its listeners, its limit.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod today_site;

use axum::body::{Body, BodyDataStream};
use axum::http::Request;
use axum::http::header::COOKIE;
use futures_util::StreamExt;
use model::SchoolId;
use model::calendar::Op;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use today_site::admin_site::{As, Site};
use today_site::{NEXT, NOW_MS, RUNNING, School};
use tower::ServiceExt;
use web::pages::admin::today::watch::{Boards, LISTENERS_MAX};
use web::session::{SESSION_COOKIE, hash};

const WITHIN: Duration = Duration::from_secs(10);

/// A browser's `EventSource`.
struct Line {
    body: BodyDataStream,
    rest: String,
}

#[derive(Debug)]
struct Event {
    name: String,
    id: String,
    data: Value,
}

impl Line {
    async fn open(site: &Site, query: &str, last_id: &str) -> (u16, Self) {
        let request = Request::get(format!("/admin/today/events?school=1{query}"))
            .header(COOKIE, format!("{SESSION_COOKIE}={}", site.admin_secret))
            .header("last-event-id", last_id);
        let answer = site.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let status = answer.status().as_u16();
        if status == 200 {
            assert_eq!(answer.headers()["content-type"], "text/event-stream");
            assert_eq!(answer.headers()["cache-control"], "no-store");
        }
        (status, Self { body: answer.into_body().into_data_stream(), rest: String::new() })
    }

    /// The next event that is no beat; `None` when the line has ended.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let event = tokio::time::timeout(WITHIN, self.any()).await.expect("silence for 10 s")?;
            if event.name != "beat" {
                return Some(event);
            }
        }
    }

    async fn any(&mut self) -> Option<Event> {
        while !self.rest.contains("\n\n") {
            let bytes = self.body.next().await?.unwrap();
            self.rest.push_str(std::str::from_utf8(&bytes).unwrap());
        }
        let (event, rest) = self.rest.split_once("\n\n").unwrap();
        let field = |name: &str| {
            let line = event.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_default().trim().to_owned()
        };
        let data = serde_json::from_str(&field("data:")).unwrap();
        let event = Event { name: field("event:"), id: field("id:"), data };
        self.rest = rest.to_owned();
        Some(event)
    }
}

fn cells(event: &Event) -> Vec<(&str, &str)> {
    let cells = event.data["cells"].as_array().unwrap().iter();
    cells.map(|c| (c["id"].as_str().unwrap(), c["word"].as_str().unwrap())).collect()
}

async fn open(beat: Duration) -> School {
    let mut school = School::open().await;
    school.site.state.boards = Arc::new(Boards::default().beating(beat));
    school.site.router = web::router(school.site.state.clone());
    school
}

const SLOW: Duration = Duration::from_secs(15);

#[tokio::test]
async fn a_listener_gets_everything_once_and_then_what_changed() {
    let school = open(SLOW).await;
    let (_, mut line) = Line::open(&school.site, "", "").await;
    let first = line.next().await.unwrap();
    assert_eq!(first.name, "board");
    assert_eq!(cells(&first).len(), 5);
    assert!(cells(&first).contains(&(RUNNING, "离线")));
    assert_eq!(first.data["told"], "0/1");

    let mut gatherer = school.on_line(&School::recording(&school.key(RUNNING, 0))).await;
    let mut event = line.next().await.unwrap();
    while !cells(&event).contains(&(RUNNING, "录像中")) {
        event = line.next().await.unwrap();
    }
    assert_eq!(event.name, "cells");
    assert!(cells(&event).iter().all(|(id, _)| *id != NEXT), "what stayed the same is not sent");
    assert_eq!((&event.data["recording"], &event.data["told"]), (&Value::from(1), &Value::from("1/1")));

    school.report(&mut gatherer, r#"[{"channel_id":1,"phase":"failed","cause":"file_missing"}]"#).await;
    let mut event = line.next().await.unwrap();
    while !cells(&event).contains(&(RUNNING, "未录像")) {
        event = line.next().await.unwrap();
    }
    let (_, mut back) = Line::open(&school.site, "", &event.id).await;
    let first = tokio::time::timeout(WITHIN, back.any()).await.unwrap().unwrap();
    assert_eq!(first.name, "beat", "a browser that comes back and knows all is told so");
}

#[tokio::test]
async fn a_change_of_the_plan_lets_the_page_be_read_again() {
    let school = open(SLOW).await;
    let (_, mut line) = Line::open(&school.site, "", "").await;
    assert_eq!(line.next().await.unwrap().name, "board");
    let begun = std::time::Instant::now();
    let fields = [("school", "1"), ("lesson", RUNNING), ("do", "extend10"), ("end_s", "31500")];
    school.site.post("/admin/today/act", &fields).await.is(303);
    let mut event = line.next().await.unwrap();
    while event.name == "cells" {
        event = line.next().await.unwrap();
    }
    assert_eq!(event.name, "layout");
    assert!(begun.elapsed() < Duration::from_secs(4), "saving nudges the board: {:?}", begun.elapsed());
    let (_, mut stale) = Line::open(&school.site, "&layout=0123456789abcdef", "").await;
    assert_eq!(stale.next().await.unwrap().name, "layout", "a page drawn from another plan is read again");
}

#[tokio::test]
async fn the_line_ends_with_the_session() {
    let school = open(Duration::from_millis(50)).await;
    let (_, mut line) = Line::open(&school.site, "", "").await;
    assert_eq!(line.next().await.unwrap().name, "board");
    school.site.state.db.delete_session(&hash(&school.site.admin_secret)).await.unwrap();
    let mut event = line.next().await.unwrap();
    while event.name != "bye" {
        event = line.next().await.unwrap();
    }
    assert!(line.next().await.is_none());
    assert_eq!(Line::open(&school.site, "", "").await.0, 303, "nor does it open again");
}

#[tokio::test]
async fn nobody_watches_when_nobody_listens_and_listeners_are_limited() {
    let school = open(SLOW).await;
    let boards = school.site.state.boards.clone();
    let mut lines = Vec::new();
    for _ in 0..LISTENERS_MAX {
        let (status, line) = Line::open(&school.site, "", "").await;
        assert_eq!(status, 200);
        lines.push(line);
    }
    assert_eq!(boards.watched(), 1, "one task for all of them");
    assert_eq!(Line::open(&school.site, "", "").await.0, 503);
    lines.pop();
    assert_eq!(Line::open(&school.site, "", "").await.0, 200);
    lines.clear();
    let gone = async {
        while boards.watched() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(WITHIN, gone).await.expect("the task ends with its last listener");
}

#[tokio::test]
async fn an_unknown_school_has_no_board() {
    let school = open(SLOW).await;
    school.site.get("/admin/today/events?school=99").await.is(404);
    school.site.get("/admin/today/events").await.is(404);
}

#[tokio::test]
async fn a_substitute_shows_on_what_is_recorded_already() {
    let school = open(SLOW).await;
    let key = school.key(RUNNING, 0);
    school.recorded(&key, NOW_MS - 600_000, 60_000).await;
    let teachers = school.site.state.db.all_teachers().await.unwrap();
    let stand_in = teachers.iter().find(|t| t.id.0 == 5).unwrap();
    let fields =
        [("school", "1"), ("op", "substitute"), ("lesson", RUNNING), ("teacher", "5"), ("reason", "出差")];
    school.site.post("/admin/changes/new", &fields).await.is(303);
    let lesson = school.site.state.db.lesson(&key).await.unwrap();
    assert_eq!(lesson.teacher_name, stand_in.name);
    let rows =
        school.site.state.db.changes(SchoolId(1), today_site::FRIDAY, today_site::FRIDAY).await.unwrap();
    assert!(matches!(rows[0].change.op, Op::Substitute { .. }));
    let revoke = format!("/admin/changes/{}/revoke", rows[0].change.id);
    school.site.post(&revoke, &[]).await.is(200).has("撤销后");
    school.site.post(&revoke, &[("sure", "1")]).await.is(303);
    assert_eq!(school.site.state.db.lesson(&key).await.unwrap().teacher_id.0, 1);
    school.site.get("/admin/changes").await.has("<s>").has("已撤销");
    school.site.get_as(As::User, "/admin/changes").await.is(303);
}
