//! 调课: every kind, previewed and saved; conflicts, the past, strangers, and revoking.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod today_site;

use db::ChangeRow;
use jiff::civil::date;
use model::SchoolId;
use model::calendar::Lesson;
use today_site::admin_site::Answer;
use today_site::{NEXT, School};

const NEW: &str = "/admin/changes/new";
const MONDAY: &str = "c1-20261123-p2-0";

async fn post(school: &School, fields: &[(&str, &str)]) -> Answer {
    let mut all = vec![("school", "1")];
    all.extend(fields);
    school.site.post(NEW, &all).await
}

async fn changes(school: &School) -> Vec<ChangeRow> {
    let db = &school.site.state.db;
    db.changes(SchoolId(1), date(2026, 1, 1), date(2027, 12, 31)).await.unwrap()
}

async fn lessons(school: &School, day: i8) -> Vec<Lesson> {
    let day = date(2026, 11, day);
    school.site.state.db.book(SchoolId(1), day, day).await.unwrap().expand(day).lessons
}

#[tokio::test]
async fn every_kind_is_made_by_its_form() {
    let school = School::open().await;
    let kinds: [&[(&str, &str)]; 7] = [
        &[("op", "cancel"), ("lesson", "c2-20261123-p5-0")],
        &[("op", "substitute"), ("lesson", MONDAY), ("teacher", "6"), ("reason", "外出教研")],
        &[("op", "move"), ("lesson", "c1-20261124-p3-0"), ("to_date", "2026-11-25"), ("to_period", "1")],
        &[
            ("op", "swap"),
            ("lesson", "c2-20261124-p2-0"),
            ("to_date", "2026-11-26"),
            ("b", "c2-20261126-p5-0"),
        ],
        &[("op", "extra"), ("class", "1"), ("date", "2026-11-28"), ("period", "2"), ("subject", "4")],
        &[("op", "retime"), ("lesson", NEXT), ("start", "08:55"), ("end", "09:55")],
        &[("op", "record"), ("lesson", "c1-20261127-p2-0"), ("on", "0")],
    ];
    for (n, fields) in kinds.iter().enumerate() {
        let mut preview = fields.to_vec();
        preview.push(("do", "preview"));
        let answer = post(&school, &preview).await;
        answer.is(200).has("data-preview");
        assert_eq!(changes(&school).await.len(), n, "a preview changes nothing");
        let saved = post(&school, fields).await;
        saved.is(303);
        assert_eq!(saved.location, "/admin/changes?school=1&done=saved");
    }
    assert!(!lessons(&school, 23).await.iter().any(|x| x.id.to_string() == "c2-20261123-p5-0"));
    let wednesday = lessons(&school, 25).await;
    let moved = wednesday.iter().find(|x| x.id.to_string() == "c1-20261125-p1-1").unwrap();
    assert_eq!((moved.subject.0, moved.start_s), (2, 7 * 3600 + 1800));
    assert_eq!(lessons(&school, 28).await.len(), 1);
    let page = school.site.get("/admin/changes").await;
    page.has("外出教研").has("data-change=\"7\"").has("一年级 一班 11月23日（周一）第1节");
    school.site.get("/admin/changes?class=2").await.lacks("外出教研").has("data-change=\"1\"");
    let of_six = school.site.get("/admin/changes?teacher=6").await;
    of_six.has("data-change=\"2\"").lacks("data-change=\"1\"");
    school.site.get("/admin/changes?teacher=4").await.has("data-change=\"1\"").lacks("data-change=\"2\"");
    school.site.get("/admin/changes?from=2026-12-01").await.has("没有符合条件");
}

#[tokio::test]
async fn a_lesson_that_no_camera_sees_is_said_before_it_is_saved() {
    let school = School::open().await;
    let blind = school.rooms[2].to_string();
    let extra = [("op", "extra"), ("class", "1"), ("date", "2026-11-28"), ("period", "2"), ("subject", "4")];
    let seen = [&extra[..], &[("do", "preview")]].concat();
    post(&school, &seen).await.is(200).has("data-preview").lacks("data-unrecorded");
    let unseen = [&seen[..], &[("room", blind.as_str())]].concat();
    post(&school, &unseen).await.is(200).has("data-unrecorded").has("没有摄像头");
    post(&school, &[&extra[..], &[("room", blind.as_str())]].concat()).await.is(303);
}

#[tokio::test]
async fn the_form_leads_from_class_and_date_to_a_lesson() {
    let school = School::open().await;
    school.site.get(NEW).await.is(200).has("data-nothing").has("先选班级和日期");
    let page = school.site.get(&format!("{NEW}?class=1&date=2026-11-23&op=substitute")).await;
    page.has("第1节 08:00–08:45 语文").has("value=\"c1-20261123-p2-0\"").has("name=\"teacher\"");
    school.site.get(&format!("{NEW}?class=1&date=2026-11-22")).await.has("没有课。要加一节");
    school.site.get(&format!("{NEW}?class=1&date=2026-11-19")).await.has("过去的课不能改");
    let linked = school.site.get(&format!("{NEW}?lesson={NEXT}&op=retime")).await;
    linked.has("value=\"08:55\"").has("value=\"09:40\"");
    let moving = school.site.get(&format!("{NEW}?lesson={NEXT}&op=move&to_date=2026-11-23")).await;
    moving.has("第3节 10:10–10:55（已有 英语").has("早读 07:30–07:50<");
}

#[tokio::test]
async fn a_class_or_room_in_two_places_is_refused_and_a_teacher_only_after_a_question() {
    let school = School::open().await;
    let onto = [("op", "extra"), ("class", "1"), ("date", "2026-11-23"), ("period", "2"), ("subject", "4")];
    let refused = post(&school, &onto).await;
    refused.is(422).has("班级 小学一年级 一班 同一时间有两节课").lacks("name=\"sure\"");

    let room = school.rooms[1].to_string();
    let other_room = [("op", "substitute"), ("lesson", MONDAY), ("room", room.as_str())];
    post(&school, &other_room).await.is(422).has("教室 302 同一时间有两节课");
    let sure = [("op", "substitute"), ("lesson", MONDAY), ("room", room.as_str()), ("sure", "1")];
    post(&school, &sure).await.is(422);

    // Teacher 2 has class 2 at that time.
    let teacher = [("op", "substitute"), ("lesson", MONDAY), ("teacher", "2")];
    post(&school, &teacher).await.is(422).has("同一时间有两节课").has("name=\"sure\"");
    assert!(changes(&school).await.is_empty());
    let sure = [("op", "substitute"), ("lesson", MONDAY), ("teacher", "2"), ("sure", "1")];
    post(&school, &sure).await.is(303);
    assert_eq!(changes(&school).await.len(), 1);
}

#[tokio::test]
async fn the_past_and_what_is_not_there_are_refused_with_a_sentence() {
    let school = School::open().await;
    let cases: [&[(&str, &str)]; 8] = [
        &[("op", "cancel"), ("lesson", "c1-20261119-p2-0")],
        &[("op", "cancel"), ("lesson", "c1-20261123-p4-0")],
        &[("op", "cancel"), ("lesson", "nonsense")],
        &[("op", "cancel"), ("lesson", "c99-20261123-p2-0")],
        &[("op", "substitute"), ("lesson", MONDAY)],
        &[("op", "substitute"), ("lesson", MONDAY), ("teacher", "9999")],
        &[("op", "retime"), ("lesson", MONDAY), ("start", "09:00"), ("end", "09:00")],
        &[("op", "move"), ("lesson", MONDAY), ("to_date", "2026-11-19"), ("to_period", "2")],
    ];
    for fields in cases {
        let answer = post(&school, fields).await;
        answer.is(422);
        assert!(answer.body.contains("a-flash bad"), "{fields:?} is refused without a word");
    }
    let long = "长".repeat(121);
    post(&school, &[("op", "cancel"), ("lesson", MONDAY), ("reason", &long)]).await.is(422);
    assert!(changes(&school).await.is_empty());
    school.site.post("/admin/changes/77/revoke", &[]).await.is(404);
}

#[tokio::test]
async fn two_lessons_moved_to_one_place_get_names_of_their_own() {
    let school = School::open().await;
    let to_sunday = [("to_date", "2026-11-22"), ("to_period", "2")];
    for (class, lesson) in [("1", MONDAY), ("1", "c1-20261124-p2-0")] {
        let mut fields = vec![("op", "move"), ("class", class), ("lesson", lesson)];
        fields.extend(to_sunday);
        if lesson == MONDAY {
            fields.push(("do", "save"));
        }
        let date = if lesson == MONDAY { "2026-11-23" } else { "2026-11-24" };
        fields.push(("date", date));
        let answer = post(&school, &fields).await;
        let expected = if lesson == MONDAY { 303 } else { 422 };
        answer.is(expected);
    }
    let first = changes(&school).await[0].change.id;
    school.site.post(&format!("/admin/changes/{first}/revoke"), &[("sure", "1")]).await.is(303);
    let mut again = vec![("op", "move"), ("lesson", MONDAY)];
    again.extend(to_sunday);
    post(&school, &again).await.is(303);
    let sunday = lessons(&school, 22).await;
    assert_eq!(sunday[0].id.to_string(), "c1-20261122-p2-2", "a number that was used is never used again");
}

/// The lines of a preview that would be held: period, times, and the first word of the rest (the subject).
fn foreseen(page: &Answer) -> Vec<String> {
    let lists =
        page.body.split("<ul class=\"t-after\">").skip(1).map(|rest| rest.split("</ul>").next().unwrap());
    let lines =
        lists.flat_map(|list| list.split("<li class=\"").skip(1)).filter(|line| !line.starts_with("gone"));
    let text = |line: &str| -> String {
        let parts = line.split('>').filter_map(|part| part.split('<').next()).filter(|p| !p.is_empty());
        parts.take(3).collect::<Vec<_>>().join(" ").split(" · ").next().unwrap().to_owned()
    };
    lines.map(|line| text(&format!("<li class=\"{line}"))).collect()
}

/// The same of what the engine gives after the saving.
async fn held(school: &School, class: i64, days: &[i8]) -> Vec<String> {
    let names = school.site.state.db.all_subjects().await.unwrap();
    let mut lines = Vec::new();
    for day in days {
        let own = lessons(school, *day).await.into_iter().filter(|x| x.classes.iter().any(|c| c.0 == class));
        lines.extend(own.map(|x| {
            let subject = names.iter().find(|s| s.id == x.subject).unwrap().name.clone();
            let clock = |s: u32| format!("{:02}:{:02}", s / 3600, s / 60 % 60);
            let label = if x.label.is_empty() { "课表外".to_owned() } else { x.label };
            format!("{label} {}–{} {subject}", clock(x.start_s), clock(x.end_s))
        }));
    }
    lines
}

/// Fields of a change, and the days of November that it touches.
type Link<'a> = (&'a [(&'a str, &'a str)], &'a [i8]);

#[tokio::test]
async fn what_is_previewed_is_what_the_engine_gives_also_along_a_chain() {
    let school = School::open().await;
    let chain: [Link<'_>; 7] = [
        (&[("op", "move"), ("lesson", MONDAY), ("to_date", "2026-11-24"), ("to_period", "1")], &[23, 24]),
        // The lesson that was moved changes places with another one of a third day.
        (
            &[
                ("op", "swap"),
                ("lesson", "c1-20261124-p1-1"),
                ("to_date", "2026-11-25"),
                ("b", "c1-20261125-p3-0"),
            ],
            &[24, 25],
        ),
        (&[("op", "substitute"), ("lesson", "c1-20261125-p3-0"), ("subject", "4"), ("teacher", "6")], &[25]),
        (&[("op", "retime"), ("lesson", "c1-20261125-p3-0"), ("start", "09:00"), ("end", "09:50")], &[25]),
        (
            &[
                ("op", "extra"),
                ("class", "1"),
                ("date", "2026-11-25"),
                ("period", "0"),
                ("start", "17:00"),
                ("end", "18:00"),
                ("subject", "5"),
            ],
            &[25],
        ),
        (
            &[("op", "move"), ("lesson", "c1-20261124-p1-1"), ("to_date", "2026-11-23"), ("to_period", "2")],
            &[23, 24],
        ),
        (&[("op", "cancel"), ("lesson", "c1-20261123-p2-1")], &[23]),
    ];
    for (fields, days) in chain {
        let mut preview = fields.to_vec();
        preview.push(("do", "preview"));
        let page = post(&school, &preview).await;
        page.is(200).has("data-preview");
        let foreseen = foreseen(&page);
        assert!(!foreseen.is_empty());
        // Teachers in two places are no matter here.
        let mut sure = fields.to_vec();
        sure.push(("sure", "1"));
        post(&school, &sure).await.is(303);
        assert_eq!(foreseen, held(&school, 1, days).await, "{fields:?}");
    }
    let page = school.site.get("/admin/why?lesson=c1-20261123-p2-0").await;
    page.has("调到 小学一年级 一班 11月24日（周二）早读");
    // The first of the chain is taken back: what was built on it stands idle and says so.
    let first = changes(&school).await.last().unwrap().change.id;
    school.site.post(&format!("/admin/changes/{first}/revoke"), &[("sure", "1")]).await.is(303);
    assert!(lessons(&school, 23).await.iter().any(|x| x.id.to_string() == MONDAY));
    school.site.get("/admin/why?lesson=c1-20261125-p3-0").await.has("没有生效");
}

#[tokio::test]
async fn a_lesson_that_is_over_stays_but_who_taught_it_may_be_put_right() {
    let school = School::open().await;
    school.later(40);
    let running = today_site::RUNNING;
    let cases: [&[(&str, &str)]; 5] = [
        &[("op", "cancel"), ("lesson", running)],
        &[("op", "move"), ("lesson", running), ("to_date", "2026-11-23"), ("to_period", "1")],
        &[("op", "retime"), ("lesson", running), ("start", "08:00"), ("end", "08:30")],
        &[("op", "record"), ("lesson", running), ("on", "0")],
        &[("op", "extra"), ("class", "1"), ("date", "2026-11-20"), ("period", "1"), ("subject", "4")],
    ];
    for fields in cases {
        post(&school, fields).await.is(422).has("时间已经过去，不能再改");
    }
    assert!(changes(&school).await.is_empty());
    post(&school, &[("op", "substitute"), ("lesson", running), ("teacher", "6")]).await.is(303);

    // What was made before it was over cannot be revoked afterwards either, but for who taught it.
    let substitute = changes(&school).await[0].change.id;
    school.site.post(&format!("/admin/changes/{substitute}/revoke"), &[("sure", "1")]).await.is(303);
}

#[tokio::test]
async fn a_change_of_a_lesson_that_is_over_is_not_revoked() {
    let school = School::open().await;
    post(&school, &[("op", "cancel"), ("lesson", NEXT)]).await.is(303);
    let made = changes(&school).await[0].change.id;
    school.later(180);
    let path = format!("/admin/changes/{made}/revoke");
    school.site.post(&path, &[("sure", "1")]).await.is(409).has("已经上完的课");
    assert!(changes(&school).await[0].revoked_at_ms.is_none());
    post(&school, &[("op", "cancel"), ("lesson", MONDAY)]).await.is(303);
    let coming = changes(&school).await[0].change.id;
    school.site.post(&format!("/admin/changes/{coming}/revoke"), &[("sure", "1")]).await.is(303);
}
