//! 课表: publishing, what is refused, and two people at one timetable.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod admin_site;
mod grid_school;

use admin_site::Site;
use grid_school::{Editor, SCHOOL, School, cell, day_of, make};
use jiff::ToSpan;
use model::right::Role;
use model::{ClassId, TeacherId};
use serde_json::{Value, json};

async fn school() -> (Site, School) {
    let site = Site::start().await;
    let school = make(&site.state.db, 3, site.admin_id, site.state.now_ms()).await;
    (site, school)
}

/// Cells of the newest version: (class, day, period, subject).
async fn published(site: &Site) -> Vec<(ClassId, u8, u8, i64)> {
    let newest = site.state.db.timetable_versions(SCHOOL).await.unwrap().first().map_or(0, |v| v.no);
    let cells = site.state.db.timetable(SCHOOL, newest).await.unwrap().cells;
    cells.iter().map(|c| (c.class, c.day, c.period, c.subject.0)).collect()
}

#[tokio::test]
async fn a_published_timetable_is_a_version_and_raises_the_state_of_the_gatherers() {
    let (site, s) = school().await;
    let gatherer = site.gatherer("一号").await;
    let before = site.state.db.state_version(gatherer).await.unwrap();
    let admin = Editor::admin(&site);
    let mut body = json!({"school": 1, "base_no": 0, "note": "开学", "cells": [cell(s.classes[0], 1, 1, 2, s.teachers[0])]});
    let said = admin.post("publish", &body).await;
    assert_eq!(said.ok()["no"], 1);
    assert_eq!(said.body["unchanged"], false);
    assert_eq!(published(&site).await, [(s.classes[0], 1, 1, 2)]);
    assert!(site.state.db.state_version(gatherer).await.unwrap() > before);
    let row = site.state.db.timetable_versions(SCHOOL).await.unwrap().remove(0);
    assert_eq!(
        (row.note.as_str(), row.source.as_str(), row.published_by.as_str()),
        ("开学", "grid", "王老师")
    );
    assert_eq!(row.from, day_of(site.state.now_ms()));

    // The answer was lost, the page asks again: the same base, the same cells.
    let raised = site.state.db.state_version(gatherer).await.unwrap();
    body["base_no"] = json!(0);
    let again = admin.post("publish", &body).await;
    assert_eq!((&again.ok()["no"], &again.body["unchanged"]), (&json!(1), &json!(true)));
    assert_eq!(site.state.db.timetable_versions(SCHOOL).await.unwrap().len(), 1);
    assert_eq!(site.state.db.state_version(gatherer).await.unwrap(), raised);
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_class_day_and_period() {
    let (site, s) = school().await;
    let admin = Editor::admin(&site);
    let good = || cell(s.classes[0], 2, 3, 1, s.teachers[0]);
    let with = |field: &str, value: Value| {
        let mut one = good();
        one[field] = value;
        one
    };
    let here = "高中一年级 1班 周二 第3节";
    for (wrong, texts) in [
        (with("class", json!(999)), vec!["#999 周二 第3节", "班级"]),
        (with("subject", json!(999)), vec![here, "科目"]),
        (with("teacher", json!(999)), vec![here, "教师"]),
        (with("room", json!(999)), vec![here, "教室"]),
        (with("with", json!([999])), vec![here, "合班"]),
        (with("with", json!([s.classes[0]])), vec![here, "合班"]),
        (with("day", json!(8)), vec!["高中一年级 1班", "星期"]),
        (with("period", json!(17)), vec!["高中一年级 1班 周二 第17节", "节次"]),
        (with("period", json!(30)), vec!["高中一年级 1班 周二 大课间", "节次"]),
    ] {
        admin.publish(0, &[wrong]).await.refused(422, "cells", &texts);
    }
    for (field, wrong) in [
        ("span", with("span", json!(5))),
        ("span", with("span", json!(0))),
        ("weeks", with("weeks", json!("单"))),
        ("weeks", with("weeks", json!("61"))),
        ("day", with("day", json!(300))),
        ("period", with("period", json!(-1))),
    ] {
        admin.publish(0, &[wrong]).await.refused(422, field, &["高中一年级 1班"]);
    }
    assert!(site.state.db.timetable_versions(SCHOOL).await.unwrap().is_empty());
    let english = Editor::another(&site, "smith", Role::Admin).await.english();
    english.publish(0, &[with("teacher", json!(999))]).await.refused(422, "cells", &["Tue", "teacher"]);
}

#[tokio::test]
async fn a_class_or_a_room_wanted_twice_is_refused_and_a_teacher_needs_the_tick() {
    let (site, s) = school().await;
    let admin = Editor::admin(&site);
    let (a, b) = (s.classes[0], s.classes[1]);
    let (t, u) = (s.teachers[0], s.teachers[1]);
    let twice = [cell(a, 1, 1, 1, t), cell(a, 1, 1, 2, u)];
    admin.publish(0, &twice).await.refused(422, "cells", &["班级", "高中一年级 1班 周一 第1节"]);
    // 连堂 reaches into the next period.
    let mut double = cell(a, 1, 1, 1, t);
    double["span"] = json!(2);
    admin.publish(0, &[double, cell(a, 1, 2, 2, u)]).await.refused(422, "cells", &["周一 第2节"]);
    let mut visitor = cell(b, 1, 1, 2, u);
    visitor["room"] = json!(s.rooms[0]);
    admin.publish(0, &[cell(a, 1, 1, 1, t), visitor]).await.refused(422, "cells", &["同一教室 101"]);

    let same = vec![cell(a, 1, 1, 1, t), cell(b, 1, 1, 2, t)];
    admin.publish(0, &same).await.refused(422, "accept_teacher_conflicts", &["同一教师", "周一 第1节"]);
    let accepted = json!({"school": 1, "base_no": 0, "cells": same, "accept_teacher_conflicts": true});
    assert_eq!(admin.post("publish", &accepted).await.ok()["no"], 1);
}

#[tokio::test]
async fn odd_and_even_weeks_share_a_cell_and_joint_classes_share_a_teacher() {
    let (site, s) = school().await;
    let admin = Editor::admin(&site);
    let (mut odd, mut even) =
        (cell(s.classes[0], 1, 1, 1, s.teachers[0]), cell(s.classes[0], 1, 1, 2, s.teachers[1]));
    odd["weeks"] = json!("odd");
    even["weeks"] = json!("even");
    let mut joint = cell(s.classes[1], 2, 1, 3, s.teachers[2]);
    joint["with"] = json!([s.classes[2]]);
    assert_eq!(admin.publish(0, &[odd, even, joint]).await.ok()["no"], 1);
}

#[tokio::test]
async fn the_first_date_is_neither_past_nor_before_a_version_that_is_still_to_come() {
    let (site, s) = school().await;
    let admin = Editor::admin(&site);
    let today = day_of(site.state.now_ms());
    let ask = |base: i64, subject: i64, from: String| json!({"school": 1, "base_no": base, "from": from, "cells": [cell(s.classes[0], 1, 1, subject, s.teachers[0])]});
    let yesterday = today.yesterday().unwrap().to_string();
    admin.post("publish", &ask(0, 1, yesterday)).await.refused(422, "from", &["早于今天"]);
    admin.post("publish", &ask(0, 1, "20-11".to_owned())).await.refused(422, "from", &["2026-11-23"]);
    let far = today.checked_add(401.days()).unwrap().to_string();
    admin.post("publish", &ask(0, 1, far)).await.refused(422, "from", &["400"]);
    let next = today.checked_add(7.days()).unwrap();
    assert_eq!(admin.post("publish", &ask(0, 1, next.to_string())).await.ok()["from"], next.to_string());
    // From today it would be in force for a week only, and then silently vanish.
    let early = admin.post("publish", &ask(1, 2, today.to_string())).await;
    early.refused(422, "from", &[&next.to_string(), "调课"]);
    assert_eq!(admin.post("publish", &ask(1, 2, String::new())).await.ok()["from"], next.to_string());
    let long = json!({"school": 1, "base_no": 2, "note": "长".repeat(121), "cells": []});
    admin.post("publish", &long).await.refused(422, "note", &["120"]);
}

#[tokio::test]
async fn two_people_who_change_different_cells_lose_nothing() {
    let (site, s) = school().await;
    let (one, two) = (Editor::admin(&site), Editor::another(&site, "李主任", Role::Admin).await);
    let start = vec![cell(s.classes[0], 1, 1, 1, s.teachers[0]), cell(s.classes[0], 1, 2, 2, s.teachers[0])];
    one.publish(0, &start).await.ok();
    // Both work on version 1: one moves a lesson, the other adds and removes.
    let ones = [cell(s.classes[0], 1, 1, 1, s.teachers[0]), cell(s.classes[0], 3, 2, 2, s.teachers[0])];
    let twos = [cell(s.classes[0], 1, 2, 2, s.teachers[0]), cell(s.classes[1], 5, 5, 5, s.teachers[1])];
    assert_eq!(one.publish(1, &ones).await.ok()["no"], 2);
    let said = two.publish(1, &twos).await;
    assert_eq!(said.ok()["no"], 3);
    assert_eq!(said.body["others"][0]["by"], "王老师");
    assert_eq!(said.body["others"][0]["slots"], 2);
    assert_eq!(published(&site).await, [(s.classes[0], 3, 2, 2), (s.classes[1], 5, 5, 5)]);
}

#[tokio::test]
async fn a_cell_that_both_changed_is_asked_for_and_either_answer_is_kept() {
    let (site, s) = school().await;
    let (one, two) = (Editor::admin(&site), Editor::another(&site, "李主任", Role::Admin).await);
    let at = |subject: i64, teacher: TeacherId| cell(s.classes[0], 1, 1, subject, teacher);
    one.publish(0, &[at(1, s.teachers[0])]).await.ok();
    one.publish(1, &[at(2, s.teachers[1])]).await.ok();
    let mine = [at(3, s.teachers[2]), cell(s.classes[1], 2, 2, 4, s.teachers[3])];
    let clash = two.publish(1, &mine).await;
    clash.refused(409, "cells", &["高中一年级 1班 周一 第1节", "王老师"]);
    let found = &clash.body["clashes"][0];
    for (side, subject) in [("base", "语文"), ("theirs", "数学"), ("mine", "英语")] {
        assert!(found[side].as_str().unwrap().contains(subject), "{side}: {found}");
    }
    assert_eq!(published(&site).await, [(s.classes[0], 1, 1, 2)]);

    let choose = |take: &str, no: i64| json!({"school": 1, "base_no": 1, "cells": mine, "choose_no": no, "choose": [{"slot": found["slot"], "take": take}]});
    // Chosen against version 2, but a third one has come: asked again instead of written over.
    one.publish(2, &[at(5, s.teachers[4])]).await.ok();
    two.post("publish", &choose("mine", 2)).await.refused(409, "cells", &["历史"]);
    assert_eq!(two.post("publish", &choose("theirs", 3)).await.ok()["no"], 4);
    assert_eq!(published(&site).await, [(s.classes[0], 1, 1, 5), (s.classes[1], 2, 2, 4)]);
    assert_eq!(two.post("publish", &choose("mine", 4)).await.ok()["no"], 5);
    assert_eq!(published(&site).await, [(s.classes[0], 1, 1, 3), (s.classes[1], 2, 2, 4)]);
    // Nothing is lost: what was not chosen is in the versions.
    let before = site.state.db.timetable(SCHOOL, 3).await.unwrap();
    assert_eq!(before.cells[0].subject.0, 5);
}

#[tokio::test]
async fn publications_at_the_same_moment_all_arrive() {
    let (site, s) = school().await;
    let one = Editor::admin(&site);
    let two = Editor::another(&site, "李主任", Role::Admin).await;
    let three = Editor::another(&site, "赵主任", Role::Admin).await;
    let cells = [0, 1, 2].map(|n| [cell(s.classes[n], 1, 1, 1 + n as i64, s.teachers[n])]);
    let (a, b, c) =
        tokio::join!(one.publish(0, &cells[0]), two.publish(0, &cells[1]), three.publish(0, &cells[2]));
    for said in [a, b, c] {
        assert_eq!(said.ok()["unchanged"], false);
    }
    assert_eq!(
        published(&site).await,
        [(s.classes[0], 1, 1, 1), (s.classes[1], 1, 1, 2), (s.classes[2], 1, 1, 3)]
    );
}

#[tokio::test]
async fn going_back_publishes_the_old_cells_exactly_and_once() {
    let (site, s) = school().await;
    let admin = Editor::admin(&site);
    let mut first = cell(s.classes[0], 1, 1, 1, s.teachers[0]);
    first["weeks"] = json!("1-8,10");
    first["record"] = json!(false);
    admin.publish(0, &[first]).await.ok();
    admin.publish(1, &[cell(s.classes[2], 4, 4, 4, s.teachers[3])]).await.ok();
    let back = json!({"school": 1, "base_no": 2, "version": 1});
    assert_eq!(admin.post("check", &back).await.ok()["diff"]["added"], 1);
    assert_eq!(admin.post("publish", &back).await.ok()["no"], 3);
    let of = |no: i64| site.state.db.timetable(SCHOOL, no);
    assert_eq!(of(3).await.unwrap(), of(1).await.unwrap());
    assert_eq!(admin.post("publish", &back).await.ok()["unchanged"], true);
    assert_eq!(site.state.db.timetable_versions(SCHOOL).await.unwrap()[0].source, "rollback 1");
    let none = json!({"school": 1, "base_no": 3, "version": 9});
    assert_eq!(admin.post("publish", &none).await.status, 404);
}

#[tokio::test]
async fn a_draft_is_its_makers_own_and_takes_in_what_others_publish() {
    let (site, s) = school().await;
    let (one, two) = (Editor::admin(&site), Editor::another(&site, "李主任", Role::Admin).await);
    let at = |class: usize, subject: i64| cell(s.classes[class], 1, 1, subject, s.teachers[class]);
    one.publish(0, &[at(0, 1)]).await.ok();
    two.post("draft", &json!({"school": 1, "base_no": 1, "cells": [at(0, 1), at(1, 2)]})).await.ok();
    assert_eq!(one.data().await["draft"], Value::Null);
    let kept = two.data().await;
    assert_eq!(kept["draft"]["cells"].as_array().unwrap().len(), 2);
    assert_eq!((&kept["base_no"], &kept["merged"]), (&json!(1), &json!([])));

    one.publish(1, &[at(0, 1), at(2, 3)]).await.ok();
    let merged = two.data().await;
    assert_eq!((&merged["base_no"], merged["draft"]["cells"].as_array().unwrap().len()), (&json!(2), 3));
    assert_eq!((&merged["merged"][0]["by"], &merged["merged"][0]["no"]), (&json!("王老师"), &json!(2)));

    // A cell that both changed is left for the question at publication.
    one.publish(2, &[at(0, 1), at(1, 7), at(2, 3)]).await.ok();
    let clashing = two.data().await;
    assert_eq!((&clashing["base_no"], &clashing["newest_no"]), (&json!(1), &json!(3)));
    assert_eq!(clashing["draft"]["cells"].as_array().unwrap().len(), 2);

    two.post("draft", &json!({"school": 1, "discard": true})).await.ok();
    assert_eq!(two.data().await["draft"], Value::Null);
    two.post("draft", &json!({"school": 1, "base_no": 3, "cells": [at(0, 9)]})).await.ok();
    two.publish(3, &[at(0, 9)]).await.ok();
    assert_eq!(site.state.db.draft(SCHOOL, two.id).await.unwrap(), None);
}

#[tokio::test]
async fn two_windows_of_one_account_do_not_overwrite_each_other_s_draft() {
    let (site, s) = school().await;
    let one = Editor::admin(&site);
    let at = |class: usize, subject: i64| cell(s.classes[class], 1, 1, subject, s.teachers[class]);
    let kept = |seen_ms: i64, class: usize| json!({"school": 1, "base_no": 0, "seen_ms": seen_ms, "cells": [at(class, 1)]});
    let first = one.post("draft", &kept(0, 0)).await.ok()["saved_at_ms"].as_i64().unwrap();
    assert_eq!(one.data().await["draft_ms"], first);

    // The other window knows of no draft: neither its cells nor its dropping nor its publishing ends the first one's.
    one.post("draft", &kept(first - 1, 1)).await.refused(409, "seen_ms", &[]);
    one.post("draft", &json!({"school": 1, "discard": true, "seen_ms": 0})).await.refused(
        409,
        "seen_ms",
        &[],
    );
    one.post("publish", &kept(0, 1)).await.ok();
    assert_eq!(
        one.data().await["draft"]["cells"].as_array().unwrap().len(),
        2,
        "what was published, and the draft"
    );

    // Going back to an old version leaves the draft of the one who does it.
    one.post("publish", &json!({"school": 1, "base_no": 1, "cells": [], "seen_ms": 0})).await.ok();
    one.post("publish", &json!({"school": 1, "base_no": 2, "version": 1})).await.ok();
    assert_eq!(site.state.db.draft(SCHOOL, one.id).await.unwrap().unwrap().timetable.cells.len(), 1);

    one.post("publish", &json!({"school": 1, "base_no": 3, "cells": [at(0, 1)], "seen_ms": first}))
        .await
        .ok();
    assert_eq!(site.state.db.draft(SCHOOL, one.id).await.unwrap(), None);
}

#[tokio::test]
async fn a_draft_of_a_whole_large_school_fits_and_one_cell_more_does_not() {
    let (site, s) = school().await;
    let admin = Editor::admin(&site);
    let many = |n: usize| -> Vec<Value> {
        (0..n)
            .map(|i| {
                cell(
                    ClassId(i as i64 / 112 + 1),
                    (i / 16 % 7 + 1) as u8,
                    (i % 16 + 1) as u8,
                    1,
                    s.teachers[0],
                )
            })
            .collect()
    };
    admin.post("draft", &json!({"school": 1, "base_no": 0, "cells": many(40_000)})).await.ok();
    let too_many = json!({"school": 1, "base_no": 0, "cells": many(40_001)});
    admin.post("draft", &too_many).await.refused(422, "cells", &["40000"]);
    let huge = json!({"school": 1, "base_no": 0, "note": "x".repeat(9 * 1024 * 1024)});
    admin.post("draft", &huge).await.refused(413, "cells", &["40000"]);
}

#[tokio::test]
async fn only_an_admins_own_page_may_change_the_timetable() {
    let (site, s) = school().await;
    let admin = Editor::admin(&site);
    let body = json!({"school": 1, "base_no": 0, "cells": [cell(s.classes[0], 1, 1, 1, s.teachers[0])]});
    for token in ["", "wrong"] {
        for what in ["draft", "check", "publish"] {
            assert_eq!(admin.post_with(what, &body, token).await.status, 403, "{what}");
        }
    }
    let student = Editor::another(&site, "学生", Role::User).await;
    assert_eq!(student.post("publish", &body).await.status, 403);
    let nothing = json!({"school": 77, "base_no": 0, "cells": []});
    assert_eq!(admin.post("publish", &nothing).await.status, 404);
    assert_eq!(admin.post("publish", &json!({"cells": 3})).await.status, 400);
    assert!(site.state.db.timetable_versions(SCHOOL).await.unwrap().is_empty());
}
