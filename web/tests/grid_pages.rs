//! 课表: what the pages show: first steps, the diff before publishing, versions, print, weeks, delivery.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod admin_site;
mod grid_school;

use admin_site::{OnLine, Site};
use grid_school::{Editor, SCHOOL, School, cell, day_of, full_week, make};
use model::calendar::{LessonId, Op};
use relay_proto::Report;
use serde_json::json;

async fn school(classes: usize) -> (Site, School) {
    let site = Site::start().await;
    let school = make(&site.state.db, classes, site.admin_id, site.state.now_ms()).await;
    (site, school)
}

#[tokio::test]
async fn a_new_school_is_told_what_comes_first() {
    let site = Site::start().await;
    let page = site.get("/admin/timetable").await;
    page.is(200)
        .has("还没有班级")
        .has("/admin/classes/new")
        .has("作息表")
        .has("/admin/calendar")
        .lacks("id=\"grid\"");
    site.get_en("/admin/timetable").await.has("has no class yet").has("bell table");
    make(&site.state.db, 2, site.admin_id, site.state.now_ms()).await;
    let page = site.get("/admin/timetable").await;
    page.is(200).has("id=\"grid\"").has("data-school=\"1\"").lacks("排课之前");
    site.get("/admin/timetable?school=9").await.is(404);
}

#[tokio::test]
async fn before_publishing_the_page_hears_what_changes_and_whom_it_reaches() {
    let (site, s) = school(3).await;
    let admin = Editor::admin(&site);
    let one = site.gatherer("一楼").await;
    let two = site.gatherer("二楼").await;
    for (n, gatherer) in [one, two].into_iter().enumerate() {
        let channel = site.channel(gatherer, "教室").await;
        site.state.db.set_channel_room(channel, Some(s.rooms[n])).await.unwrap();
    }
    let at = |class: usize, period: u8, subject: i64| {
        cell(s.classes[class], 1, period, subject, s.teachers[class])
    };
    admin.publish(0, &[at(0, 1, 1), at(0, 2, 1), at(1, 1, 1), at(2, 1, 1)]).await.ok();
    let draft =
        json!({"school": 1, "base_no": 1, "cells": [at(0, 1, 2), at(0, 3, 1), at(1, 1, 1), at(2, 1, 1)]});
    let checked = admin.post("check", &draft).await;
    let diff = &checked.ok()["diff"];
    assert_eq!((&diff["added"], &diff["changed"], &diff["removed"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!(diff["classes"][0]["name"], "高中一年级 1班");
    assert_eq!(diff["classes"].as_array().unwrap().len(), 1);
    assert!(diff["classes"][0]["lines"][0]["text"].as_str().unwrap().contains("语文"), "{diff}");
    assert_eq!(checked.body["gatherers"].as_array().unwrap().len(), 1);
    assert_eq!(checked.body["gatherers"][0]["name"], "一楼");
    assert_eq!(checked.body["from"]["today"], day_of(site.state.now_ms()).to_string());
}

#[tokio::test]
async fn delivery_counts_the_gatherers_that_run_the_newest_state() {
    let (site, s) = school(1).await;
    let (one, two) = (site.gatherer("一楼").await, site.gatherer("二楼").await);
    let admin = Editor::admin(&site);
    admin.publish(0, &[cell(s.classes[0], 1, 1, 1, s.teachers[0])]).await.ok();
    let count = || async { admin.get("/admin/timetable/delivery?school=1").await.ok().clone() };
    let before = count().await;
    assert_eq!((&before["delivered"], &before["total"]), (&json!(0), &json!(2)));
    let port = site.serve_relay().await;
    let mut gatherer = OnLine::connect(port, one).await;
    let state_version = site.state.db.state_version(one).await.unwrap();
    gatherer.report(Report { state_version, ..Report::default() }).await;
    let after = count().await;
    assert_eq!(after["delivered"], 1);
    let lacks: Vec<_> =
        after["rows"].as_array().unwrap().iter().filter(|r| r["delivered"] == false).collect();
    assert_eq!((lacks.len(), &lacks[0]["id"], &lacks[0]["name"]), (1, &json!(two), &json!("二楼")));
}

#[tokio::test]
async fn the_week_shows_its_number_and_the_lessons_that_are_changed_in_it() {
    let (site, s) = school(1).await;
    let admin = Editor::admin(&site);
    let today = day_of(site.state.now_ms());
    let lesson = LessonId { class: s.classes[0], date: today, period: 3, n: 0 };
    let cancel = Op::Cancel { lesson };
    site.state.db.add_change(SCHOOL, &cancel, "体检", site.admin_id, site.state.now_ms()).await.unwrap();
    let week = admin.data().await["week"].clone();
    let day = today.weekday().to_monday_one_offset();
    assert_eq!(week["changes"][0]["slot"], format!("{}-{day}-3", s.classes[0]));
    assert!(week["changes"][0]["text"].as_str().unwrap().contains("停课：体检"), "{week}");
    let number = week["week"].as_u64().unwrap();
    let path = format!("/admin/timetable/week?school=1&date={}", week["next"].as_str().unwrap());
    let next = admin.get(&path).await;
    assert_eq!(next.ok()["week"], number + 1);
    assert_eq!(next.body["changes"], json!([]));
    assert_eq!(admin.get("/admin/timetable/week?school=1&date=x").await.status, 400);
}

#[tokio::test]
async fn versions_say_who_when_what_and_can_be_compared() {
    let (site, s) = school(1).await;
    let admin = Editor::admin(&site);
    site.get("/admin/timetable/versions").await.is(200).has("还没有发布过课表");
    let at = |period: u8, subject: i64| cell(s.classes[0], 1, period, subject, s.teachers[0]);
    let noted = json!({"school": 1, "base_no": 0, "note": "<b>开学</b>", "cells": [at(1, 1), at(2, 2)]});
    admin.post("publish", &noted).await.ok();
    admin.publish(1, &[at(1, 3), at(4, 4)]).await.ok();
    admin.post("draft", &json!({"school": 1, "base_no": 2, "cells": [at(1, 3)]})).await.ok();
    let list = site.get("/admin/timetable/versions").await;
    list.is(200).has("&#60;b&#62;开学").has("王老师").has("网页编辑").has("data-no=\"1\"").has("基于第 2 版");
    list.lacks("data-no=\"2\"");
    let diff = site.get("/admin/timetable/versions/2").await;
    diff.is(200).has("新增 1　修改 1　取消 1").has("周一 第1节 语文").has("→ 英语").has("高中一年级 1班");
    site.get("/admin/timetable/versions/1").await.has("新增 2　修改 0　取消 0");
    site.get("/admin/timetable/versions/9").await.is(404);
    site.get_en("/admin/timetable/versions").await.has("Go back to it").has("Editor");
}

#[tokio::test]
async fn print_has_a_page_a_class_and_one_of_a_teacher_room_or_channel() {
    let (site, s) = school(3).await;
    let admin = Editor::admin(&site);
    let mut cells = full_week(&s, 5, 8);
    cells[0]["weeks"] = json!("odd");
    admin.publish(0, &cells).await.ok();
    let all = site.get("/admin/timetable/print?view=all").await;
    all.is(200)
        .has("第 1 版")
        .has("高中三年级 1班")
        .has("大课间")
        .has("08:00–08:40")
        .has("08:20–09:00")
        .has("单周");
    assert_eq!(all.body.matches("p-sheet").count(), 3);
    let one = site.get(&format!("/admin/timetable/print?view=class&id={}", s.classes[1])).await;
    assert_eq!(one.is(200).body.matches("p-sheet").count(), 1);
    let name = &site.state.db.all_teachers().await.unwrap()[0];
    let path = format!("/admin/timetable/print?view=teacher&id={}", name.id);
    site.get(&path).await.is(200).has(&format!("<h2>{}</h2>", name.name)).has("高中一年级 1班");
    let gatherer = site.gatherer("一楼").await;
    let channel = site.channel(gatherer, "教室").await;
    site.state.db.set_channel_room(channel, Some(s.rooms[2])).await.unwrap();
    site.get(&format!("/admin/timetable/print?view=channel&id={channel}")).await.is(200).has("<h2>103</h2>");
    site.get("/admin/timetable/print?view=class&id=99").await.is(404);
}

#[tokio::test]
async fn the_data_of_60_classes_comes_with_bells_of_every_grade() {
    let (site, s) = school(60).await;
    let admin = Editor::admin(&site);
    let cells = full_week(&s, 5, 8);
    assert_eq!(cells.len(), 2400);
    let body = json!({"school": 1, "base_no": 0, "cells": cells, "accept_teacher_conflicts": true});
    admin.post("publish", &body).await.ok();
    let data = admin.data().await;
    assert_eq!(data["cells"].as_array().unwrap().len(), 2400);
    assert_eq!(data["names"]["classes"].as_array().unwrap().len(), 60);
    assert_eq!((&data["bells"]["of"]["10"][0], &data["bells"]["of"]["12"][0]), (&json!(0), &json!(1)));
    assert_eq!((&data["days"], &data["rotation"]), (&json!(7), &json!(false)));
}

#[tokio::test]
async fn the_exported_workbook_reads_back_to_the_same_lessons() {
    let (site, s) = school(3).await;
    let admin = Editor::admin(&site);
    let cells = full_week(&s, 5, 8);
    admin.publish(0, &cells).await.ok();
    let count = |bytes: &[u8]| {
        let book = sheet::Workbook::read("课表.xlsx", bytes).unwrap();
        let found = sheet::timetable::recognise(&book);
        found.sheets.iter().map(|sheet| sheet.entries.len()).sum::<usize>()
    };
    let all = admin.get("/admin/timetable/export?view=all").await;
    assert_eq!(all.status, 200);
    assert_eq!(count(&all.bytes), cells.len());
    let one = admin.get(&format!("/admin/timetable/export?view=class&id={}", s.classes[2])).await;
    assert_eq!(count(&one.bytes), 40);
    assert_eq!(admin.get("/admin/timetable/export?view=teacher&id=99").await.status, 404);
}
