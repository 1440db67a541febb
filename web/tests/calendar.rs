//! 校历: saved against its revision, refused with each fault at its field, merged when two people save, looked at before
//! it is saved; holidays as built in and by file.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod admin_site;

use admin_site::{Answer, As, OnLine, Site};
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::{GathererId, SchoolId};
use relay_proto::{Command, RelayMessage};
use serde_json::{Value, json};

const PAGE: &str = "/admin/calendar";

fn body(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("no JSON: {}", answer.body))
}

/// What the page's script starts from.
async fn start(site: &Site) -> Value {
    let page = site.get(PAGE).await;
    page.is(200);
    let text = page.body.split("data-calendar=\"").nth(1).unwrap().split('"').next().unwrap();
    let text = text.replace("&#34;", "\"").replace("&#38;", "&").replace("&#39;", "'");
    serde_json::from_str(&text.replace("&#60;", "<").replace("&#62;", ">")).unwrap()
}

async fn call(site: &Site, path: &str, sent: &Value) -> Answer {
    site.post_json(&format!("{PAGE}/{path}"), &sent.to_string(), true).await
}

async fn save(site: &Site, base: i64, calendar: &Value) -> Answer {
    call(site, "save", &json!({ "base": base, "calendar": calendar })).await
}

fn with_days(calendar: &Value, days: Value) -> Value {
    let mut calendar = calendar.clone();
    calendar["days"] = days;
    calendar
}

async fn today(site: &Site) -> Date {
    let zone = TimeZone::get(&site.state.db.settings().await.unwrap().time_zone).unwrap();
    jiff::Timestamp::from_millisecond(site.state.now_ms()).unwrap().to_zoned(zone).date()
}

/// A term around today with one bell table, as it is posted.
async fn running(site: &Site) -> Value {
    let (today, example) = (today(site).await, start(site).await["example"].clone());
    json!({
        "terms": [{ "year": "2026-2027", "name": "第一学期",
            "start": today.saturating_sub(60.days()), "end": today.saturating_add(90.days()) }],
        "days": [],
        "bell_tables": example["bell_tables"],
        "bell_rules": [],
    })
}

#[tokio::test]
async fn a_new_school_begins_with_an_example_that_can_be_saved() {
    let site = Site::start().await;
    site.get(PAGE).await.is(200).has("从示例开始").has("不在任何学期里");
    site.get_en(PAGE).await.has("Begin with the example");
    let example = start(&site).await["example"].clone();
    let saved = save(&site, 0, &example).await;
    saved.is(200).has("已保存");
    assert_eq!(body(&saved)["revision"], 1);
    let again = start(&site).await;
    assert_eq!((&again["revision"], &again["calendar"]), (&json!(1), &example));
    assert_eq!(again["revisions"][0]["by"], "王老师");
    site.get(PAGE).await.lacks("data-first");
    site.get_as(As::User, PAGE).await.is(303);
}

#[tokio::test]
async fn every_fault_is_told_at_its_part_and_field_and_nothing_is_saved() {
    let site = Site::start().await;
    let example = start(&site).await["example"].clone();
    let wrong = |change: &dyn Fn(&mut Value)| {
        let mut calendar = example.clone();
        change(&mut calendar);
        calendar
    };
    let cases: [(Value, &str, &str); 7] = [
        (wrong(&|c| c["terms"][0]["name"] = json!("")), "term-0", "name"),
        (wrong(&|c| c["terms"][1]["start"] = c["terms"][0]["end"].clone()), "term-1", "start"),
        (wrong(&|c| c["bell_tables"][0]["periods"][1]["start_s"] = json!(29_000)), "period-0-1", "start"),
        (wrong(&|c| c["bell_tables"][0]["periods"][2]["no"] = json!(1)), "period-0-2", "no"),
        (wrong(&|c| c["bell_rules"] = json!([{ "table": 9 }])), "rule-0", "table"),
        (wrong(&|c| c["bell_rules"] = json!([{ "table": 1, "grades": [999] }])), "rule-0", "grades"),
        (
            wrong(&|c| c["days"] = json!([{ "date": "2026-10-01", "kind": "off", "bells": 7 }])),
            "day-2026-10-01",
            "bells",
        ),
    ];
    for (calendar, at, field) in cases {
        let answer = save(&site, 0, &calendar).await;
        answer.is(422);
        let fault = &body(&answer)["faults"][0];
        assert_eq!((fault["at"].as_str(), fault["field"].as_str()), (Some(at), Some(field)));
        assert!(fault["message"].as_str().is_some_and(|m| m.chars().count() > 4), "{fault}");
    }
    assert_eq!(start(&site).await["revision"], 0);
    let sent = json!({ "base": 0, "calendar": example }).to_string();
    site.post_json(&format!("{PAGE}/save"), &sent, false).await.is(403);
}

#[tokio::test]
async fn two_people_lose_nothing_and_are_told_what_the_other_did() {
    let site = Site::start().await;
    let example = start(&site).await["example"].clone();
    save(&site, 0, &example).await.is(200);
    let off = |date: &str| json!({ "date": date, "kind": "off" });
    let exam = |date: &str| json!({ "date": date, "kind": "exam" });
    save(&site, 1, &with_days(&example, json!([off("2026-11-23"), off("2026-11-24")]))).await.is(200);
    let mine = with_days(&example, json!([exam("2026-11-24"), exam("2026-11-25")]));
    let late = save(&site, 1, &mine).await;
    late.is(409).has("王老师").has("11月23日");
    let late = body(&late);
    assert_eq!(late["revision"], 2);
    let merged = json!([off("2026-11-23"), exam("2026-11-24"), exam("2026-11-25")]);
    assert_eq!(late["calendar"]["days"], merged);
    assert_eq!(late["clashes"].as_array().unwrap().len(), 1);
    save(&site, 2, &late["calendar"]).await.is(200);
    assert_eq!(start(&site).await["calendar"]["days"], merged);
    // An old revision can be had again, and saved as a new one.
    let old = site.get(&format!("{PAGE}/revisions/1")).await;
    old.is(200);
    assert_eq!(body(&old), example);
    save(&site, 3, &body(&old)).await.is(200);
    assert_eq!(start(&site).await["revision"], 4);
    site.get(&format!("{PAGE}/revisions/77")).await.is(404);
}

#[tokio::test]
async fn a_make_up_day_that_nobody_answered_is_named_on_top() {
    let site = Site::start().await;
    let calendar = running(&site).await;
    let ahead = today(&site).await.saturating_add(3.days());
    let open = json!([{ "date": ahead, "kind": "make_up", "of": "unanswered", "note": "国庆节" }]);
    let saved = save(&site, 0, &with_days(&calendar, open)).await;
    saved.is(200).has("还有 1 个补课日");
    site.get(PAGE).await.has("还有 1 个补课日没有说明补哪天的课").has("今天");
    site.get("/admin").await.has("校历补课日").has("有 1 个补课日没有说明");
    let answered = json!([{ "date": ahead, "kind": "make_up", "of": { "day": 4 } }]);
    let saved = save(&site, 1, &with_days(&calendar, answered)).await;
    assert_eq!(body(&saved)["open"], "");
    site.get(PAGE).await.lacks("还有 1 个补课日没有说明");
    site.get("/admin").await.lacks("校历补课日");
}

#[tokio::test]
async fn the_effect_is_told_before_it_is_saved_and_a_date_is_explained_by_the_unsaved_page() {
    let site = Site::start().await;
    site.taught(today(&site).await).await;
    let calendar = running(&site).await;
    save(&site, 0, &calendar).await.is(200);
    let none = call(&site, "preview", &json!({ "calendar": calendar })).await;
    none.is(200).has("今后 14 天的课没有变化");
    let tomorrow = today(&site).await.saturating_add(1.days());
    let off = with_days(&calendar, json!([{ "date": tomorrow, "kind": "off", "note": "校运会" }]));
    let effect = call(&site, "preview", &json!({ "calendar": off })).await;
    assert_eq!(body(&effect)["fortnight"], 1, "{}", effect.body);
    effect.has("共 1 节变化").has("取消 ");
    let asked = |calendar: &Value| json!({ "calendar": calendar, "date": tomorrow });
    let held = body(&call(&site, "explain", &asked(&calendar)).await);
    assert_eq!((&held["held"], &held["recorded"]), (&json!(1), &json!(1)));
    assert_eq!(held["lessons"][0]["times"], "08:00–08:40");
    assert_eq!(held["lessons"][0]["room"], "301");
    assert!(held["steps"].as_array().unwrap().len() >= 2, "{held}");
    assert!(held["lessons"][0]["steps"].as_array().unwrap().len() >= 3, "{held}");
    let gone = call(&site, "explain", &asked(&off)).await;
    gone.is(200).has("校运会");
    assert_eq!(body(&gone)["held"], 0);
    let quiet = with_days(&calendar, json!([{ "date": tomorrow, "kind": "teach", "no_record": true }]));
    let quiet = body(&call(&site, "explain", &asked(&quiet)).await);
    assert_eq!((&quiet["held"], &quiet["recorded"]), (&json!(1), &json!(0)));
    let broken = with_days(&calendar, json!([{ "date": tomorrow, "kind": "teach", "bells": 99 }]));
    call(&site, "preview", &json!({ "calendar": broken })).await.is(422).has("bells");
    call(&site, "explain", &asked(&broken)).await.is(422);
}

#[tokio::test]
async fn a_saved_calendar_reaches_the_gatherers_of_the_school() {
    let site = Site::start().await;
    let gatherer: GathererId = site.gatherer("一号").await;
    let port = site.serve_relay().await;
    let mut on_line = OnLine::connect(port, gatherer).await;
    let before = site.state.db.state_version(gatherer).await.unwrap();
    save(&site, 0, &running(&site).await).await.is(200);
    let RelayMessage::Command { command: Command::StateChanged { version }, .. } = on_line.hear().await
    else {
        panic!("no state_changed")
    };
    assert!(version > before);
}

#[tokio::test]
async fn holidays_are_built_in_and_a_years_file_can_be_uploaded() {
    let site = Site::start().await;
    let offers = start(&site).await["holidays"].clone();
    let years: Vec<i64> = offers.as_array().unwrap().iter().map(|o| o["year"].as_i64().unwrap()).collect();
    assert_eq!(years, [2024, 2025, 2026]);
    let day = |date: &str| {
        let days = offers[2]["days"].as_array().unwrap();
        days.iter().find(|d| d["date"] == date).cloned().unwrap_or_default()
    };
    assert_eq!(day("2026-10-01"), json!({ "date": "2026-10-01", "kind": "off", "note": "国庆节" }));
    let make_up = json!({ "date": "2026-10-10", "kind": "make_up", "of": "unanswered", "note": "国庆节" });
    assert_eq!(day("2026-10-10"), make_up);

    let bad =
        call(&site, "holidays", &json!({ "text": "{\"year\": 2027,\n\"days\": [{\"date\": 5}]}" })).await;
    bad.is(422).has("第 2 行");
    let none = call(&site, "holidays", &json!({ "text": "{\"year\": 2027, \"days\": []}" })).await;
    none.is(422).has("没有任何日期");
    let large = call(&site, "holidays", &json!({ "text": " ".repeat(200_000) })).await;
    large.is(413).has("128 KB");
    assert_eq!(start(&site).await["holidays"].as_array().unwrap().len(), 3);

    let text = json!({ "year": 2027, "papers": ["x"], "days": [{ "name": "元旦", "date": "2027-01-01", "isOffDay": true }] });
    let sent = call(&site, "holidays", &json!({ "text": text.to_string() })).await;
    sent.is(200);
    assert_eq!(body(&sent)[3]["year"], 2027);
    assert_eq!(start(&site).await["holidays"][3]["own"], true);
}

#[tokio::test]
async fn a_site_without_a_school_says_what_to_do_and_another_schools_calendar_is_its_own() {
    let site = Site::start().await;
    save(&site, 0, &start(&site).await["example"].clone()).await.is(200);
    let (address, phone) = (String::new(), String::new());
    let second = model::school::School { id: SchoolId(0), name: "分校".to_owned(), address, phone };
    let second = site.state.db.add_school(&second).await.unwrap();
    let page = site.get(&format!("{PAGE}?school={second}")).await;
    page.is(200).has("分校").has("从示例开始");
    site.get(&format!("{PAGE}?school=99")).await.is(404);
}
