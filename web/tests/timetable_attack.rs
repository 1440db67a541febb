//! The timetable under attack: who may, what is sent, how much of it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod import_site;
mod today_site;

use db::NewRoom;
use jiff::civil::date;
use model::calendar::Cell;
use model::school::{Class, School as SchoolName, Subject, Teacher};
use model::{ClassId, GradeId, RoomId, SchoolId, SubjectId, TeacherId};
use serde_json::{Value, json};
use std::time::Instant;
use today_site::admin_site::{self, As, Site};
use today_site::{School, cell};

const ONE: SchoolId = SchoolId(1);

/// Every page of the timetable, with ids that exist.
const PAGES: [&str; 22] = [
    "/admin/today",
    "/admin/today/events?school=1",
    "/admin/today/lesson/c1-20261120-p2-0",
    "/admin/timetable",
    "/admin/timetable/data?school=1",
    "/admin/timetable/week?school=1",
    "/admin/timetable/delivery?school=1",
    "/admin/timetable/versions",
    "/admin/timetable/versions/1",
    "/admin/timetable/print",
    "/admin/timetable/export",
    "/admin/changes",
    "/admin/changes/new",
    "/admin/calendar",
    "/admin/calendar/revisions/1",
    "/admin/import",
    "/admin/import/export?as=csv",
    "/admin/import/basic",
    "/admin/feeds",
    "/admin/why?lesson=c1-20261120-p2-0",
    "/admin/channels/1/timetable/told",
    "/admin/rooms",
];

/// Everything that changes something.
const POSTS: [&str; 27] = [
    "/admin/today/act",
    "/admin/timetable/draft",
    "/admin/timetable/check",
    "/admin/timetable/publish",
    "/admin/changes/new",
    "/admin/changes/1/revoke",
    "/admin/calendar/save",
    "/admin/calendar/preview",
    "/admin/calendar/explain",
    "/admin/calendar/holidays",
    "/admin/import",
    "/admin/import/basic",
    "/admin/import/1",
    "/admin/import/1/drop",
    "/admin/import/1/names",
    "/admin/import/1/classes",
    "/admin/import/1/publish",
    "/admin/import/1/rollback",
    "/admin/import/basic/1",
    "/admin/feeds",
    "/admin/feeds/1/revoke",
    "/admin/rooms/new",
    "/admin/rooms/1",
    "/admin/classes/new",
    "/admin/classes/1",
    "/admin/students/new",
    "/admin/channels/1/timetable/save",
];

#[tokio::test]
async fn nobody_but_an_admin_gets_in() {
    let school = School::open().await;
    let site = &school.site;
    for path in PAGES {
        let user = site.get_as(As::User, path).await;
        assert!(
            user.status.is_redirection() && user.location == "/",
            "{path}: {} {}",
            user.status,
            user.body
        );
        let nobody = site.get_as(As::Visitor, path).await;
        assert!(nobody.location.starts_with("/login?next=%2Fadmin"), "{path}: {}", nobody.location);
    }
    for path in POSTS {
        site.post_as(As::User, path, &[("sure", "1")]).await.is(403);
        site.post_as(As::Visitor, path, &[]).await.is(401);
        // An admin whose page lost its token, as a form and as JSON.
        let form = site.post_raw(As::Admin, path, &[("sure", "1"), ("_csrf", "AAAA")]).await;
        assert!([400, 403, 415].contains(&form.status.as_u16()), "{path}: {}", form.status);
        let script = site.post_json(path, "{}", false).await;
        assert!([400, 403, 415].contains(&script.status.as_u16()), "{path}: {}", script.status);
    }
    let api = "/api/admin/why?lesson=c1-20261120-p2-0";
    site.get_as(As::User, api).await.is(403);
    site.get_as(As::Visitor, api).await.is(401);
    // A day later the session has ended.
    school.later(48 * 60);
    for path in PAGES {
        assert!(site.get(path).await.location.starts_with("/login"), "{path}");
    }
    for path in POSTS {
        site.post_json(path, "{}", true).await.is(401);
    }
    assert_eq!(site.state.db.timetable_versions(ONE).await.unwrap().len(), 1);
}

/// A second school with a class and a room.
async fn other(site: &Site) -> (SchoolId, ClassId, RoomId) {
    let db = &site.state.db;
    let named =
        SchoolName {
            id: SchoolId(0), name: "二小".to_owned(), address: String::new(), phone: String::new()
        };
    let school_id = db.add_school(&named).await.unwrap();
    let room = db.add_room(&NewRoom { school_id, name: "二小101".to_owned() }).await.unwrap();
    let class = Class {
        id: ClassId(0),
        school_id,
        grade_id: GradeId(1),
        name: "二小一班".to_owned(),
        room_id: Some(room),
        record: true,
    };
    (school_id, db.add_class(&class).await.unwrap(), room)
}

#[tokio::test]
async fn nothing_of_one_school_is_named_in_another() {
    let school = School::open().await;
    let site = &school.site;
    let (two, class, room) = other(site).await;
    let publish = async |cells: Value| {
        let body = json!({"school": 1, "base_no": 0, "choose_no": 1, "cells": cells});
        site.post_json("/admin/timetable/publish", &body.to_string(), true).await
    };
    for wrong in [
        json!([{"class": class, "day": 6, "period": 2, "subject": 1}]),
        json!([{"class": 1, "day": 6, "period": 2, "subject": 1, "room": room}]),
        json!([{"class": 1, "day": 6, "period": 2, "subject": 1, "with": [class]}]),
    ] {
        publish(wrong).await.is(422);
    }
    let (class_text, room_text) = (class.to_string(), room.to_string());
    let extra = [("school", "1"), ("op", "extra"), ("date", "2026-11-28"), ("period", "2"), ("subject", "4")];
    let mut fields = extra.to_vec();
    fields.push(("class", class_text.as_str()));
    site.post("/admin/changes/new", &fields).await.is(422);
    let mut fields = extra.to_vec();
    fields.extend([("class", "1"), ("room", room_text.as_str())]);
    site.post("/admin/changes/new", &fields).await.is(422);
    for (kind, target) in [("class", &class_text), ("room", &room_text)] {
        let fields = [("school", "1"), ("kind", kind), ("target", target.as_str())];
        site.post("/admin/feeds", &fields).await.is(422);
    }
    let db = &site.state.db;
    assert!(db.set_channel_room(school.channels[0], Some(room)).await.is_err());
    assert!(db.changes(ONE, date(2026, 1, 1), date(2027, 12, 31)).await.unwrap().is_empty());
    assert!(db.feeds(ONE).await.unwrap().is_empty() && db.feeds(two).await.unwrap().is_empty());
    // A lesson of the first school is not found on the second one's board.
    site.get(&format!("/admin/today/lesson/c1-20261120-p2-0?school={two}")).await.is(404);
    let two = two.to_string();
    let act = [("school", two.as_str()), ("lesson", "c1-20261120-p2-0"), ("do", "off")];
    site.post("/admin/today/act", &act).await.is(404);
}

#[tokio::test]
async fn a_body_of_nonsense_is_refused_and_nothing_breaks() {
    let school = School::open().await;
    let site = &school.site;
    let cell = json!({"class": 1, "day": 6, "period": 2, "subject": 1});
    let with = |field: &str, value: Value| {
        let mut one = cell.clone();
        one[field] = value;
        json!({"school": 1, "base_no": 1, "cells": [one]}).to_string()
    };
    let deep = format!("{{\"school\":1,\"cells\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let weeks = format!("1{}", ",1".repeat(500_000));
    let bodies = [
        with("day", json!(255)),
        with("period", json!(255)),
        with("period", json!(i64::MAX)),
        with("span", json!(255)),
        with("span", json!(0)),
        with("class", json!(i64::MIN)),
        with("subject", json!(i64::MAX)),
        with("with", json!((2..5000).collect::<Vec<i64>>())),
        with("weeks", json!("0-65535")),
        with("weeks", json!(weeks + ",x")),
        json!({"school": i64::MAX, "cells": [cell]}).to_string(),
        json!({"school": 1, "base_no": i64::MAX, "cells": [cell]}).to_string(),
        json!({"school": 1, "base_no": 1, "version": -5}).to_string(),
        json!({"school": 1, "base_no": 1, "cells": [cell], "from": "-009999-01-01"}).to_string(),
        json!({"school": 1, "base_no": 1, "cells": [cell], "from": "9999-12-31"}).to_string(),
        json!({"school": 1, "base_no": 1, "cells": [cell], "note": "x\u{202e}y"}).to_string(),
        "[]".to_owned(),
        "\u{0}".to_owned(),
        deep,
    ];
    for body in bodies {
        for what in ["publish", "check", "draft"] {
            let said = site.post_json(&format!("/admin/timetable/{what}"), &body, true).await;
            let start: String = body.chars().take(120).collect();
            assert!(!said.status.is_server_error(), "{what} {start}: {} {}", said.status, said.body);
            assert!(what != "publish" || said.status.is_client_error(), "{start}: {}", said.body);
        }
    }
    let many = vec![cell; 40_001];
    let body = json!({"school": 1, "base_no": 1, "cells": many}).to_string();
    site.post_json("/admin/timetable/publish", &body, true).await.is(422).has("cells");
    assert_eq!(site.state.db.timetable_versions(ONE).await.unwrap().len(), 1);
}

#[tokio::test]
async fn dates_of_nonsense_break_no_page() {
    let school = School::open().await;
    let site = &school.site;
    let ids = ["c1-99991231-p255-255", "c1-00000101-p0-0", "c9223372036854775807-20261120-p2-0"];
    for id in ids {
        let answer = site.get(&format!("/admin/today/lesson/{id}")).await;
        assert!(!answer.status.is_server_error(), "{id}: {}", answer.status);
        site.get(&format!("/admin/why?lesson={id}")).await.is(200);
        site.get(&format!("/api/admin/why?lesson={id}")).await.is(200);
        site.get(&format!("/admin/changes/new?lesson={id}&op=swap&to_date=9999-12-31")).await.is(200);
        let answer = site
            .post("/admin/today/act", &[("lesson", id), ("do", "extend10"), ("end_s", "4294967295")])
            .await;
        assert!(answer.status.is_client_error(), "{id}");
        for op in ["cancel", "move", "swap", "extra", "retime", "record", "substitute"] {
            let fields =
                [("op", op), ("lesson", id), ("b", id), ("to_date", "-009999-01-01"), ("to_period", "255")];
            let answer = site.post("/admin/changes/new", &fields).await;
            assert!(answer.status.is_client_error(), "{op} {id}: {}", answer.status);
        }
    }
    for when in ["9999-12-31", "-009999-01-01", "0000-01-01", "2026-02-30", "x", "%00", "2026-11-20T99"] {
        for path in [
            "/admin/today?date=",
            "/admin/why?class=1&period=2&date=",
            "/admin/changes?from=",
            "/admin/changes?teacher=1&to=",
            "/admin/changes/new?class=1&date=",
            "/admin/timetable/print?date=",
        ] {
            site.get(&format!("{path}{when}")).await.is(200);
        }
        let week = site.get(&format!("/admin/timetable/week?school=1&date={when}")).await;
        assert!(!week.status.is_server_error(), "{when}: {}", week.status);
    }
    for at in [i64::MIN, i64::MAX, 253_402_300_799_999] {
        site.get(&format!("/api/admin/why?channel=1&at={at}")).await.is(200);
    }
}

#[tokio::test]
async fn a_calendar_of_extremes_is_judged() {
    let school = School::open().await;
    let site = &school.site;
    let save = async |calendar: &Value| {
        let body = json!({"base": 1, "calendar": calendar}).to_string();
        for path in ["/admin/calendar/preview", "/admin/calendar/save"] {
            let said = site.post_json(path, &body, true).await;
            assert!(!said.status.is_server_error(), "{path} {}: {}", said.status, said.body);
            if path.ends_with("save") {
                assert!(said.status.is_client_error(), "{calendar}");
            }
        }
        for when in ["-009999-01-01", "9999-12-31"] {
            let body = json!({"date": when, "calendar": calendar}).to_string();
            let said = site.post_json("/admin/calendar/explain", &body, true).await;
            assert!(!said.status.is_server_error(), "{when} {}: {}", said.status, said.body);
        }
    };
    let period = |no: u32, start: u64, end: u64| json!({"no": no, "label": "x", "kind": "lesson", "start_s": start, "end_s": end});
    let table = |periods: Vec<Value>| json!({"bell_tables": [{"id": 1, "name": "x", "periods": periods}]});
    save(&table((0..1000).map(|_| period(1, 0, 100)).collect())).await;
    save(&table(vec![period(255, 0, 100)])).await;
    save(&table(vec![period(1, u64::from(u32::MAX), u64::from(u32::MAX))])).await;
    save(&table(vec![period(1, u64::from(u32::MAX) - 5, 100)])).await;
    let days: Vec<Value> = (0..8000)
        .map(|n| {
            let date = date(2000, 1, 1).saturating_add(jiff::Span::new().days(n));
            json!({"date": date, "kind": "off"})
        })
        .collect();
    save(&json!({"days": days})).await;
    let term = |start: &str, end: &str| json!({"year": "x", "name": "x", "start": start, "end": end});
    save(&json!({"terms": [term("-009999-01-01", "9999-12-31")]})).await;
    save(&json!({"terms": [term("9999-12-31", "-009999-01-01")]})).await;
    let mut turning = term("2026-09-01", "2027-01-20");
    turning["rotation"] = json!({"work_days": 0, "rest_days": 0, "pause_on_off": true});
    save(&json!({"terms": [turning.clone()]})).await;
    turning["rotation"] = json!({"work_days": 255, "rest_days": 255, "pause_on_off": true});
    save(&json!({"terms": [turning]})).await;
}

const EVIL: &str = "</script><img src=x onerror=alert(1)>\"'`&";

#[tokio::test]
async fn names_are_text_wherever_they_stand() {
    let school = School::open().await;
    let (site, db) = (&school.site, &school.site.state.db);
    let subject =
        db.add_subject(&Subject { id: SubjectId(0), name: "<img src=x>\"'".to_owned() }).await.unwrap();
    let short = "\"><img src=x>".to_owned();
    let teacher = db
        .add_teacher(&Teacher {
            id: TeacherId(0),
            name: short.clone(),
            sex: 1,
            title: 2,
            about: EVIL.to_owned(),
        })
        .await
        .unwrap();
    let room = db.add_room(&NewRoom { school_id: ONE, name: EVIL.to_owned() }).await.unwrap();
    let mut class = db.class(ClassId(1)).await.unwrap().class();
    class.name = short;
    class.room_id = Some(room);
    db.save_class(&class).await.unwrap();
    let mut calendar = db.calendar(ONE).await.unwrap().calendar;
    calendar.terms[0].name = "<img src=x>".to_owned();
    calendar.bell_tables[0].name = EVIL[..32].to_owned();
    calendar.bell_tables[0].periods[1].label = "</script>".to_owned();
    calendar
        .days
        .push(serde_json::from_value(json!({"date": "2026-11-20", "kind": "teach", "note": EVIL})).unwrap());
    let body = json!({"base": 1, "calendar": calendar}).to_string();
    site.post_json("/admin/calendar/save", &body, true).await.is(200);
    let mut cells = today_site::timetable().cells;
    for cell in &mut cells {
        (cell.subject, cell.teacher) = (subject, (cell.class == ClassId(1)).then_some(teacher));
    }
    let body = json!({"school": 1, "base_no": 1, "cells": cells, "note": EVIL}).to_string();
    site.post_json("/admin/timetable/publish", &body, true).await.is(200);
    let cancel = [("school", "1"), ("op", "cancel"), ("lesson", "c1-20261120-p3-0"), ("reason", EVIL)];
    site.post("/admin/changes/new", &cancel).await.is(303);
    site.post("/admin/feeds", &[("school", "1"), ("kind", "class"), ("target", "1")]).await.is(200);
    let csv = format!("班级,星期,节次,科目,教师\n{EVIL},周一,第1节,<img src=x>,<img src=x>\n");
    let job = import_site::upload(site, "<img src=x>.csv", csv.as_bytes()).await;
    let mut pages: Vec<String> =
        PAGES.iter().filter(|p| !p.contains("events")).map(|p| (*p).to_owned()).collect();
    pages.extend(
        ["/admin", "/admin/classes", "/admin/students", "/watch/1", "/admin/changes/new?op=swap&class=1"]
            .map(str::to_owned),
    );
    pages.extend([job.clone(), format!("{job}/names"), "/admin/timetable/print?view=class".to_owned()]);
    for path in pages {
        let answer = site.get(&path).await;
        assert!(!answer.status.is_server_error(), "{path}: {}", answer.status);
        let is_page = answer.body.starts_with("<!doctype");
        assert!(!is_page || !answer.body.contains("<img src=x"), "{path}:\n{}", answer.body);
        assert!(!is_page || !answer.body.contains("onerror=alert(1)>\""), "{path}");
    }
}

#[tokio::test]
async fn a_spreadsheet_gets_no_formula() {
    let school = School::open().await;
    let (site, db) = (&school.site, &school.site.state.db);
    for name in ["=HYPERLINK(\"http://evil\")", "+1+cmd", "-2", "@SUM(A1)"] {
        let new = Subject { id: SubjectId(0), name: name.to_owned() };
        let Ok(id) = db.add_subject(&new).await else { continue };
        let cells: Vec<Cell> = vec![Cell { subject: id, ..cell(1, 1, 2, 1, 1) }];
        let newest = db.timetable_versions(ONE).await.unwrap()[0].no;
        let body = json!({"school": 1, "base_no": newest, "cells": cells}).to_string();
        site.post_json("/admin/timetable/publish", &body, true).await.is(200);
        let csv = site.get("/admin/import/export?as=csv").await;
        for field in csv.body.lines().flat_map(|line| line.split(',')) {
            let first = field.trim_start_matches('"').chars().next().unwrap_or(' ');
            assert!(!"=+-@\t\r".contains(first), "{field:?} in\n{}", csv.body);
        }
    }
}

#[tokio::test]
async fn a_crowded_timetable_is_refused_soon() {
    let school = School::open().await;
    let cells: Vec<Value> = (1..=40_000)
        .map(|class| json!({"class": class, "day": 1, "period": 2, "subject": 1, "teacher": 1, "room": 1}))
        .collect();
    let body = json!({"school": 1, "base_no": 1, "cells": cells}).to_string();
    let begun = Instant::now();
    school.site.post_json("/admin/timetable/publish", &body, true).await.is(422);
    assert!(begun.elapsed().as_secs() < 60, "took {:?}", begun.elapsed());
}
