//! 今日课程: what the board says of every lesson, the panel of one, and its buttons.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod today_site;

use model::SchoolId;
use relay_proto::{Command, RelayMessage};
use today_site::admin_site::{Answer, As, Site};
use today_site::{FRIDAY, MINUTE_MS, NEXT, NOW_MS, RUNNING, School};

/// Tone and word of a cell.
#[track_caller]
fn cell(page: &Answer, id: &str) -> (String, String) {
    let cell = page.body.split(&format!("data-cell=\"{id}\"")).nth(1);
    let cell = cell.unwrap_or_else(|| panic!("no cell {id} in\n{}", page.body));
    let part = |from: &str, to: &str| {
        cell.split(from).nth(1).and_then(|rest| rest.split(to).next()).unwrap_or_default().to_owned()
    };
    (part("data-tone=\"", "\""), part("data-word>", "<"))
}

#[track_caller]
fn check(page: &Answer, id: &str, tone: &str, word: &str) {
    assert_eq!(cell(page, id), (tone.to_owned(), word.to_owned()), "{id}");
}

#[track_caller]
fn sums(page: &Answer, wanted: [&str; 7]) {
    let names = ["due", "later", "recording", "coming", "recorded", "missing", "told"];
    let found = names.map(|name| {
        let rest = page.body.split(&format!("data-sum=\"{name}\">")).nth(1).unwrap_or_default();
        rest.split('<').next().unwrap_or_default().to_owned()
    });
    assert_eq!(found, wanted.map(str::to_owned), "{names:?}");
    let numbers: Vec<usize> = found[..6].iter().map(|n| n.parse().unwrap()).collect();
    assert_eq!(numbers[0], numbers[1..].iter().sum::<usize>(), "what is due is the sum of the others");
}

const TODAY: &str = "/admin/today";

#[tokio::test]
async fn the_board_shows_every_lesson_with_its_state() {
    let school = School::open().await;
    let page = school.site.get(TODAY).await;
    page.is(200).has("第12周（双周）").has("按周五的课表上课").has("一年级 一班").has("08:00–08:45");
    check(&page, RUNNING, "bad", "离线");
    check(&page, NEXT, "idle", "待录");
    sums(&page, ["5", "3", "0", "0", "0", "2", "0/1"]);
    page.has("三楼采集端").lacks("c1-20261120-p5-0");
    page.has("采集端 三楼采集端").has("影响 5 节课").has("/admin/gatherers/1\"");

    let key = school.key(RUNNING, 0);
    let mut gatherer = school.on_line(&School::recording(&key)).await;
    let page = school.site.get(TODAY).await;
    check(&page, RUNNING, "live", "录像中");
    check(&page, "c2-20261120-p2-0", "bad", "未录像");
    sums(&page, ["5", "3", "1", "0", "0", "1", "1/1"]);

    let lost = r#"[{"channel_id":1,"phase":"waiting","cause":"wrong_password"}]"#;
    school.report(&mut gatherer, lost).await;
    let page = school.site.get(TODAY).await;
    check(&page, RUNNING, "bad", "未录像");
    let panel = school.site.get(&format!("{TODAY}/lesson/{RUNNING}?part=1")).await;
    panel.is(200).has("用户名或密码错误").has("/admin/channels/1").lacks("<html");

    school.recorded(&key, NOW_MS - 10 * MINUTE_MS, 45 * MINUTE_MS).await;
    school.later(40);
    let page = school.site.get(TODAY).await;
    check(&page, RUNNING, "done", "已录");
    check(&page, "c2-20261120-p2-0", "bad", "缺");
    check(&page, NEXT, "warn", "未就绪");
    sums(&page, ["5", "3", "0", "0", "1", "1", "1/1"]);
    drop(gatherer);
}

#[tokio::test]
async fn other_days_are_planned_or_done() {
    let school = School::open().await;
    let monday = school.site.get(&format!("{TODAY}?date=2026-11-23")).await;
    check(&monday, "c1-20261123-p5-0", "idle", "待录");
    monday.lacks("data-events").has("第13周（单周）");
    let key = school.key("c1-20261119-p2-0", 0);
    let started_at_ms = NOW_MS - (24 * 60 + 10) * MINUTE_MS;
    school.recorded(&key, started_at_ms, 30 * MINUTE_MS).await;
    let thursday = school.site.get(&format!("{TODAY}?date=2026-11-19")).await;
    check(&thursday, "c1-20261119-p2-0", "warn", "部分已到");
    let saturday = school.site.get(&format!("{TODAY}?date=2026-11-21")).await;
    saturday.is(200).has("data-empty").has("按周六的课表上课");
    school.site.get(&format!("{TODAY}?date=2027-07-15")).await.has("不在任何学期里").has("去设置校历");
}

#[tokio::test]
async fn a_site_without_a_school_says_where_to_begin() {
    let site = Site::start().await;
    site.state.db.delete_school(SchoolId(1)).await.unwrap();
    for path in [TODAY, "/admin/changes", "/admin/changes/new", "/admin/why", "/admin/feeds"] {
        site.get(path).await.is(200).has("/admin/schools/new");
    }
}

#[tokio::test]
async fn only_admins_see_the_board_and_press_its_buttons() {
    let school = School::open().await;
    let lesson = format!("{TODAY}/lesson/{RUNNING}");
    for path in [TODAY, "/admin/today/events?school=1", &lesson, "/admin/why", "/admin/changes/new"] {
        assert_eq!(school.site.get_as(As::User, path).await.status.as_u16(), 303, "{path}");
        assert_eq!(school.site.get_as(As::Visitor, path).await.status.as_u16(), 303, "{path}");
    }
    school.site.get_as(As::User, "/api/admin/why?lesson=c1-20261120-p2-0").await.is(403);
    let fields = [("school", "1"), ("lesson", RUNNING), ("do", "off"), ("end_s", "31500")];
    school.site.post_as(As::User, "/admin/today/act", &fields).await.is(403);
    school.site.post_raw(As::Admin, "/admin/today/act", &fields).await.is(403);
    assert!(school.site.state.db.changes(SchoolId(1), FRIDAY, FRIDAY).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_lesson_is_made_longer_once_and_the_gatherer_hears_of_it() {
    let school = School::open().await;
    let mut gatherer = school.on_line(&School::recording(&school.key(RUNNING, 0))).await;
    let before = school.site.state.db.state_version(school.gatherer).await.unwrap();
    let longer = [("school", "1"), ("lesson", RUNNING), ("do", "extend5"), ("end_s", "31500")];
    for _ in 0..2 {
        let answer = school.site.post("/admin/today/act", &longer).await;
        answer.is(303);
        assert_eq!(answer.location, "/admin/today?school=1&done=saved");
    }
    let changes = school.site.state.db.changes(SchoolId(1), FRIDAY, FRIDAY).await.unwrap();
    assert_eq!(changes.len(), 1, "a second click is no second change");
    let told = loop {
        if let RelayMessage::Command { command: Command::StateChanged { version }, .. } =
            gatherer.hear().await
        {
            break version;
        }
    };
    assert!(told > before);
    let page = school.site.get(TODAY).await;
    page.has("08:00–08:50");
    check(&page, RUNNING, "live", "录像中");
    school.site.get(&format!("{TODAY}/lesson/{RUNNING}")).await.has("改了上课时间").has("停止录制");
}

#[tokio::test]
async fn a_lesson_is_stopped_and_recorded_again() {
    let school = School::open().await;
    let fields = |act| [("school", "1"), ("lesson", RUNNING), ("do", act), ("end_s", "31500")];
    school.site.post("/admin/today/act", &fields("off")).await.is(303);
    check(&school.site.get(TODAY).await, RUNNING, "idle", "不录");
    school.site.get(&format!("{TODAY}/lesson/{RUNNING}")).await.has("录这节").has("不录像：调课");
    school.site.post("/admin/today/act", &fields("on")).await.is(303);
    check(&school.site.get(TODAY).await, RUNNING, "bad", "离线");
    school.site.post("/admin/today/act", &fields("jump")).await.is(400);
    school.later(60);
    school.site.post("/admin/today/act", &fields("off")).await.is(409).has("已经结束");
}

#[tokio::test]
async fn what_was_recorded_of_a_cancelled_lesson_can_be_found() {
    let school = School::open().await;
    school.recorded(&school.key(RUNNING, 0), NOW_MS - 10 * MINUTE_MS, 8 * MINUTE_MS).await;
    let fields = [("school", "1"), ("op", "cancel"), ("lesson", RUNNING)];
    school.site.post("/admin/changes/new", &fields).await.is(303);
    check(&school.site.get(TODAY).await, RUNNING, "idle", "停课");
    let panel = school.site.get(&format!("{TODAY}/lesson/{RUNNING}")).await;
    panel.has("已录一段").has("8:00").has(&format!("/lesson/{}", school.key(RUNNING, 0)));
}

#[tokio::test]
async fn a_lesson_grows_no_further_than_to_the_next_one() {
    let school = School::open().await;
    let longer = |act, end_s| [("school", "1"), ("lesson", RUNNING), ("do", act), ("end_s", end_s)];
    school.site.post("/admin/today/act", &longer("extend5", "31500")).await.is(303);
    let panel = school.site.get(&format!("{TODAY}/lesson/{RUNNING}")).await;
    panel.has("下一节 08:55 开始，最多延长到那时").has("extend10");
    school.site.post("/admin/today/act", &longer("extend10", "31800")).await.is(303);
    let panel = school.site.get(&format!("{TODAY}/lesson/{RUNNING}")).await;
    panel.has("08:00–08:55").has("下一节紧接着开始，不能延长").lacks("extend5");
}

#[tokio::test]
async fn the_overview_counts_the_lessons_of_the_timetable() {
    let school = School::open().await;
    let page = school.site.get("/admin").await;
    page.has("<span>今日课程</span><b>5</b>").has("/admin/today");
}

#[tokio::test]
async fn a_channel_shows_the_lesson_of_its_room_now_and_next() {
    let school = School::open().await;
    let page = school.site.get("/watch/1").await;
    page.is(200).has("<b>语文</b>").has("一年级 一班").has("今天 08:00–08:45").has("今天 08:55–09:40");
}

#[tokio::test]
async fn a_recorded_lesson_tells_its_class_and_period() {
    let school = School::open().await;
    let key = school.key(RUNNING, 0);
    school.recorded(&key, NOW_MS - 10 * MINUTE_MS, MINUTE_MS).await;
    school.site.get("/").await.has("一年级 一班").has("第1节 ");
    let lesson = school.site.get(&format!("/lesson/{key}")).await;
    lesson.is(200).has("第1节").has("/admin/why?school=1&#38;lesson=c1-20261120-p2-0");
    school.site.get_as(As::User, &format!("/lesson/{key}")).await.is(200).lacks("/admin/why");
}
