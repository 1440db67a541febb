//! The timetable under attack: twice at once, and what goes while others still name it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod import_site;
mod today_site;

use db::Draft;
use futures_util::future::join_all;
use jiff::civil::{Date, date};
use model::calendar::{Calendar, Cell, Timetable};
use model::school::School as SchoolName;
use model::{SchoolId, SubjectId};
use serde_json::{Value, json};
use today_site::admin_site::{self, Site};
use today_site::{NOW_MS, School, cell};

const ONE: SchoolId = SchoolId(1);

#[tokio::test]
async fn a_double_click_is_one_change() {
    let school = School::open().await;
    let db = &school.site.state.db;
    let changes = async || db.changes(ONE, date(2026, 1, 1), date(2027, 12, 31)).await.unwrap();
    let book = async |day| db.book(ONE, day, day).await.unwrap().expand(day).lessons;
    let swap = [
        ("school", "1"),
        ("op", "swap"),
        ("lesson", "c1-20261123-p2-0"),
        ("to_date", "2026-11-24"),
        ("b", "c1-20261124-p3-0"),
        ("sure", "1"),
    ];
    school.site.post("/admin/changes/new", &swap).await.is(303);
    school.site.post("/admin/changes/new", &swap).await.is(303);
    let monday = book(date(2026, 11, 23)).await;
    let lesson = monday.iter().find(|x| x.id.to_string() == "c1-20261123-p2-0").unwrap();
    assert_eq!((lesson.subject, changes().await.len()), (SubjectId(2), 1), "swapped twice is not swapped");

    let extra = [
        ("school", "1"),
        ("op", "extra"),
        ("class", "1"),
        ("date", "2026-11-28"),
        ("period", "2"),
        ("subject", "4"),
    ];
    let clicks = join_all((0..20).map(|_| school.site.post("/admin/changes/new", &extra))).await;
    assert!(clicks.iter().all(|x| [303, 409, 422].contains(&x.status.as_u16())), "no click failed");
    assert_eq!(book(date(2026, 11, 28)).await.len(), 1);
    assert_eq!(changes().await.len(), 2);

    let moved = [
        ("school", "1"),
        ("op", "move"),
        ("lesson", "c2-20261125-p5-0"),
        ("to_date", "2026-11-29"),
        ("to_period", "3"),
    ];
    join_all((0..20).map(|_| school.site.post("/admin/changes/new", &moved))).await;
    assert_eq!((book(date(2026, 11, 29)).await.len(), changes().await.len()), (1, 3));

    let id = changes().await[0].change.id;
    let path = format!("/admin/changes/{id}/revoke");
    let sure = [("sure", "1")];
    let answers = join_all((0..20).map(|_| school.site.post(&path, &sure))).await;
    assert!(answers.iter().all(|x| x.status == 303));
    assert!(book(date(2026, 11, 29)).await.is_empty());
}

#[tokio::test]
async fn twenty_publications_at_once_are_one_version() {
    let school = School::open().await;
    let mut cells: Vec<Value> =
        today_site::timetable().cells.iter().map(|c| serde_json::to_value(c).unwrap()).collect();
    cells.push(json!({"class": 1, "day": 6, "period": 2, "subject": 5}));
    let body = json!({"school": 1, "base_no": 1, "cells": cells}).to_string();
    let post = || school.site.post_json("/admin/timetable/publish", &body, true);
    let answers = join_all((0..20).map(|_| post())).await;
    assert!(
        answers.iter().all(|x| x.status == 200),
        "{:?}",
        answers.iter().map(|x| x.status).collect::<Vec<_>>()
    );
    assert_eq!(school.site.state.db.timetable_versions(ONE).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_draft_from_nowhere_does_not_shut_the_page() {
    let school = School::open().await;
    let site = &school.site;
    for base_no in [999, -1, i64::MIN] {
        let body = json!({"school": 1, "base_no": base_no, "cells": []}).to_string();
        let said = site.post_json("/admin/timetable/draft", &body, true).await;
        assert!(said.status.is_client_error(), "{base_no}: {}", said.status);
    }
    // One that is there all the same, say of a database that was put back.
    let draft = Draft { base_no: 999, timetable: Timetable::default(), saved_at_ms: NOW_MS };
    site.state.db.save_draft(ONE, site.admin_id, &draft).await.unwrap();
    site.get("/admin/timetable/data?school=1").await.is(200);
}

#[tokio::test]
async fn an_import_cannot_shut_the_timetable_for_years() {
    let site = Site::start().await;
    import_site::school(&site).await;
    let csv = "班级,星期,节次,科目\n高一1班,周一,第1节,语文\n".as_bytes();
    let (job, _) = import_site::recognised(&site, "课表.csv", csv).await;
    import_site::make_all(&site, &job).await;
    for from in ["9999-12-31", "2099-01-01", "2020-01-01", "", "x"] {
        site.post(&format!("{job}/publish"), &[("from", from), ("seen_no", "0")]).await.is(422);
    }
    assert!(site.state.db.timetable_versions(ONE).await.unwrap().is_empty());
    // A version is to come in a week: what is imported from today on would be gone then.
    let today = jiff::Zoned::now().date();
    let coming: Date = today.saturating_add(jiff::Span::new().days(7));
    let version = db::NewVersion {
        newest_no: 0,
        from: coming,
        source: String::new(),
        note: String::new(),
        timetable: Timetable { cells: vec![Cell { teacher: None, ..cell(2, 2, 2, 1, 1) }] },
    };
    site.state.db.publish_timetable(ONE, &version, site.admin_id, base::now_ms()).await.unwrap();
    let fields = [("from", today.to_string()), ("seen_no", "1".to_owned())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
    site.post(&format!("{job}/publish"), &fields).await.is(422).has(&coming.to_string());
    // Twenty clicks on the right date are one version.
    let path = format!("{job}/publish");
    let (from, fields) = (coming.to_string(), [("seen_no", "1"), ("teachers", "1")]);
    let mut fields = fields.to_vec();
    fields.push(("from", from.as_str()));
    let answers = join_all((0..20).map(|_| site.post(&path, &fields))).await;
    assert!(
        answers.iter().all(|x| x.status == 303),
        "{:?}",
        answers.iter().map(|x| x.status).collect::<Vec<_>>()
    );
    assert_eq!(site.state.db.timetable_versions(ONE).await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_goes_while_a_draft_names_it_is_refused_when_it_is_published() {
    let school = School::open().await;
    let (site, db) = (&school.site, &school.site.state.db);
    let room = db.add_room(&db::NewRoom { school_id: ONE, name: "临时".to_owned() }).await.unwrap();
    let teacher = site.teacher("将离校").await;
    let class = model::school::Class {
        id: model::ClassId(0),
        school_id: ONE,
        grade_id: model::GradeId(1),
        name: "将撤班".to_owned(),
        room_id: None,
        record: true,
    };
    let class = db.add_class(&class).await.unwrap();
    let mut cells = today_site::timetable().cells;
    cells.push(Cell { class, room: Some(room), teacher: Some(teacher), ..cell(1, 3, 2, 1, 1) });
    let body = json!({"school": 1, "base_no": 1, "cells": cells}).to_string();
    site.post_json("/admin/timetable/draft", &body, true).await.is(200);
    db.delete_teacher(teacher).await.unwrap();
    db.delete_room(room).await.unwrap();
    db.delete_class(class).await.unwrap();
    site.get("/admin/timetable/data?school=1").await.is(200);
    site.post_json("/admin/timetable/check", &body, true).await.is(200);
    site.post_json("/admin/timetable/publish", &body, true).await.is(422);
}

#[tokio::test]
async fn an_import_whose_names_have_gone_is_refused_or_asked_again() {
    let site = Site::start().await;
    import_site::school(&site).await;
    let csv = "班级,星期,节次,科目,教师\n高一1班,周一,第1节,语文,王芳\n".as_bytes();
    let (job, _) = import_site::recognised(&site, "课表.csv", csv).await;
    import_site::make_all(&site, &job).await;
    let db = &site.state.db;
    site.get(&format!("{job}/review")).await.is(200);
    let teacher = db.all_teachers().await.unwrap().into_iter().find(|t| t.name == "王芳").unwrap();
    db.delete_teacher(teacher.id).await.unwrap();
    for class in db.classes(ONE).await.unwrap() {
        db.delete_class(class.id).await.unwrap();
    }
    for step in ["", "/names", "/review", "/done"] {
        let answer = site.get(&format!("{job}{step}")).await;
        assert!(!answer.status.is_server_error(), "{step}: {}", answer.status);
    }
    let answer = site.post(&format!("{job}/publish"), &[("seen_no", "0"), ("teachers", "1")]).await;
    assert!(!answer.status.is_server_error(), "{}", answer.status);
    assert!(db.timetable_versions(ONE).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_calendar_that_the_timetable_does_not_fit_holds_no_lessons_and_breaks_no_page() {
    let school = School::open().await;
    let (site, db) = (&school.site, &school.site.state.db);
    let full = today_site::calendar();
    let no_bells = Calendar { bell_tables: Vec::new(), ..full.clone() };
    let mut short = full.clone();
    short.bell_tables[0].periods.truncate(1);
    let mut turning = full.clone();
    turning.terms[0].rotation =
        serde_json::from_value(json!({"work_days": 2, "rest_days": 3, "pause_on_off": true})).unwrap();
    for calendar in [Calendar::default(), no_bells, short, turning, full] {
        let base = db.calendar(ONE).await.unwrap().revision;
        let body = json!({"base": base, "calendar": calendar}).to_string();
        site.post_json("/admin/calendar/save", &body, true).await.is(200);
        for path in [
            "/admin/today",
            "/admin/timetable",
            "/admin/timetable/data?school=1",
            "/admin/timetable/print",
            "/admin/timetable/export",
            "/admin/timetable/versions/1",
            "/admin/import/export?as=class",
            "/admin/import/export?as=template-grid",
            "/admin/import/export?as=ics&class=1",
            "/admin/changes/new?op=move&class=1",
            "/admin/why?lesson=c1-20261120-p2-0",
        ] {
            let answer = site.get(path).await;
            assert!(!answer.status.is_server_error(), "{path}: {} {}", answer.status, answer.body);
        }
        let body = json!({"school": 1, "base_no": 1, "version": 1}).to_string();
        site.post_json("/admin/timetable/check", &body, true).await.is(200);
    }
}

#[tokio::test]
async fn a_school_that_has_gone_is_not_another_one() {
    let school = School::open().await;
    let (site, db) = (&school.site, &school.site.state.db);
    let named =
        SchoolName {
            id: SchoolId(0), name: "二小".to_owned(), address: String::new(), phone: String::new()
        };
    let two = db.add_school(&named).await.unwrap();
    db.save_calendar(two, 0, &today_site::calendar(), site.admin_id, NOW_MS).await.unwrap();
    let draft = Draft { base_no: 0, timetable: Timetable::default(), saved_at_ms: NOW_MS };
    db.save_draft(two, site.admin_id, &draft).await.unwrap();
    db.add_feed(two, db::FeedKind::Teacher, 1, &"ab".repeat(32), site.admin_id, NOW_MS).await.unwrap();
    let gone = two.to_string();
    site.post("/admin/schools/delete", &[("id", gone.as_str()), ("sure", "1")]).await.is(303);
    assert_eq!(db.all_schools().await.unwrap().len(), 1);
    for path in
        ["/admin/calendar", "/admin/today", "/admin/changes", "/admin/feeds", "/admin/why", "/admin/import"]
    {
        site.get(&format!("{path}?school={gone}")).await.is(404);
    }
    let body = json!({"base": 1, "calendar": Calendar::default()}).to_string();
    site.post_json(&format!("/admin/calendar/save?school={gone}"), &body, true).await.is(404);
    let feed = [("school", gone.as_str()), ("kind", "teacher"), ("target", "1")];
    site.post("/admin/feeds", &feed).await.is(404);
    for what in ["draft", "check", "publish"] {
        let body = json!({"school": two, "cells": []}).to_string();
        let said = site.post_json(&format!("/admin/timetable/{what}"), &body, true).await;
        assert!(said.status.is_client_error(), "{what}: {}", said.status);
    }
    assert!(db.feeds(ONE).await.unwrap().is_empty());
    assert_eq!(db.calendar(ONE).await.unwrap().revision, 1);
}

#[tokio::test]
async fn an_account_that_goes_takes_its_drafts_along_and_leaves_what_it_published() {
    let school = School::open().await;
    let db = &school.site.state.db;
    let draft = Draft { base_no: 1, timetable: Timetable::default(), saved_at_ms: NOW_MS };
    db.save_draft(ONE, school.site.user_id, &draft).await.unwrap();
    let new = db::NewImport {
        school_id: Some(ONE),
        user_id: school.site.user_id,
        what: "timetable".to_owned(),
        file_name: "x.csv".to_owned(),
        sha256: "ab".repeat(32),
        document: "{}".to_owned(),
        choices: "{}".to_owned(),
    };
    let job = db.add_import(&new, NOW_MS).await.unwrap();
    // Another admin's import is not to be seen, changed or published.
    for step in ["", "/names", "/review", "/done"] {
        school.site.get(&format!("/admin/import/{job}{step}")).await.is(410);
    }
    for step in ["", "/names", "/classes", "/publish", "/rollback"] {
        school.site.post(&format!("/admin/import/{job}{step}"), &[]).await.is(410);
    }
    school.site.post(&format!("/admin/import/{job}/drop"), &[]).await;
    assert!(db.import_job(job, school.site.user_id, NOW_MS).await.is_ok());
    let id = school.site.user_id.to_string();
    school.site.post("/admin/users/delete", &[("id", id.as_str()), ("sure", "1")]).await.is(303);
    assert!(db.drafts(ONE).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_file_without_the_token_of_its_page_is_not_read() {
    let site = Site::start().await;
    import_site::school(&site).await;
    let csv = "班级,星期,节次,科目\n高一1班,周一,第1节,语文\n".as_bytes();
    let token = web::csrf::token(&site.admin_secret);
    for path in ["/admin/import", "/admin/import/basic?what=subjects"] {
        for wrong in ["", "AAAA"] {
            let form = import_site::form(wrong, ("x.csv", csv), "");
            import_site::post_form(&site, &site.admin_secret, path, form).await.is(403);
        }
        let form = import_site::form(&token, ("x.csv", csv), "");
        import_site::post_form(&site, "", path, form.clone()).await.is(401);
        import_site::post_form(&site, "no such session", path, form.clone()).await.is(401);
        // The token behind the file; a body that breaks off; one that is none.
        let text = String::from_utf8(form.clone()).unwrap();
        let (first, rest) = text.split_at(text[2..].find("------").unwrap() + 2);
        let (file, last) = rest.split_at(rest.rfind("------").unwrap());
        let late = format!("{file}{first}{last}");
        import_site::post_form(&site, &site.admin_secret, path, late.into_bytes()).await.is(403);
        let cut = form[..form.len() / 2].to_vec();
        import_site::post_form(&site, &site.admin_secret, path, cut).await.is(400);
        let none = import_site::post_form(&site, &site.admin_secret, path, b"nonsense".to_vec()).await;
        assert!(none.status.is_client_error(), "{}", none.status);
    }
    assert!(site.state.db.imports(site.admin_id, base::now_ms()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_file_of_ten_thousand_names_is_refused_before_they_are_compared() {
    let site = Site::start().await;
    import_site::school(&site).await;
    let line =
        |n: usize, class: usize| format!("高一{class}班,周一,第{}节,科目{n},教师甲{n},教室{n}\n", n % 8 + 1);
    for one_class in [false, true] {
        let rows = (0..9_990).map(|n| line(n, if one_class { 1 } else { n }));
        let csv = format!("班级,星期,节次,科目,教师,教室\n{}", rows.collect::<String>());
        let answer = import_site::send(&site, "/admin/import", "课表.csv", csv.as_bytes()).await;
        answer.is(422).has("不同的名称太多");
    }
}
