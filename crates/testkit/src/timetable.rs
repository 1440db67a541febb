//! A school with a timetable, made through the pages: rooms, classes, teachers, calendar, a first version.

use crate::site::between;
use crate::system::System;
use serde_json::{Value, json};

/// First lesson of the day, seconds after midnight; lessons of 40 minutes, 10 between them, two longer breaks.
const FIRST_S: u32 = 8 * 3600;
/// Lessons a day.
pub const PERIODS: u8 = 8;

impl System {
    /// Adds this many teachers (教师1 …), rooms (教室1 …) and classes (1班 …, each in its room, recorded) to the first school,
    /// and a calendar with eight periods a day. On a new site all their ids count from 1.
    pub async fn school(&self, classes: usize, teachers: usize) {
        for n in 1..=teachers {
            self.teacher(&format!("教师{n}")).await;
        }
        for n in 1..=classes {
            self.admin.post_ok("/admin/rooms/new", &[("name", &format!("教室{n}"))]).await;
            let (name, room) = (format!("{n}班"), n.to_string());
            let fields = [("grade_id", "1"), ("name", name.as_str()), ("room_id", &room), ("record", "1")];
            self.admin.post_ok("/admin/classes/new", &fields).await;
        }
        let page = self.admin.get("/admin/calendar").await.body;
        let today = between(&page, "&quot;today&quot;:&quot;", "&quot;")
            .or_else(|| between(&page, "&#34;today&#34;:&#34;", "&#34;"))
            .expect("the calendar's page names today");
        let asked = json!({"base": 0, "calendar": calendar(today)});
        let answer = self.admin.post_json("/admin/calendar/save?school=1", &asked).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    /// Publishes cells (as the page of the grid sends them) over the version `base_no`; the new version.
    pub async fn publish(&self, base_no: i64, cells: &[Value]) -> i64 {
        let asked =
            json!({"school": 1, "base_no": base_no, "cells": cells, "accept_teacher_conflicts": true});
        let answer = self.admin.post_json("/admin/timetable/publish", &asked).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        serde_json::from_str::<Value>(&answer.body).unwrap()["no"].as_i64().unwrap()
    }
}

/// A lesson as the page of the grid sends it: every week, in the class's own room, recorded as the class is.
pub fn lesson(class: i64, day: i64, period: i64, subject: i64, teacher: i64) -> Value {
    json!({"class": class, "day": day, "period": period, "subject": subject, "teacher": teacher})
}

/// A term of 13 months around `today` and one bell table.
fn calendar(today: &str) -> Value {
    let year: i32 = today[..4].parse().unwrap();
    let mut periods = Vec::new();
    let mut at = FIRST_S;
    let mut put = |no: u8, label: String, kind: &str, minutes: u32, gap: u32| {
        periods
            .push(json!({"no": no, "label": label, "kind": kind, "start_s": at, "end_s": at + minutes * 60}));
        at += (minutes + gap) * 60;
    };
    for no in 1..=PERIODS {
        let rest = match no {
            2 => Some((30, "大课间", 25)),
            4 => Some((31, "午休", 120)),
            _ => None,
        };
        put(no, format!("第{no}节"), "lesson", 40, if rest.is_some() { 0 } else { 10 });
        if let Some((no, label, minutes)) = rest {
            put(no, label.to_owned(), "break", minutes, 0);
        }
    }
    json!({
        "terms": [{"year": format!("{year}-{}", year + 1), "name": "第一学期",
            "start": format!("{year}-01-01"), "end": format!("{}-01-31", year + 1)}],
        "days": [],
        "bell_tables": [{"id": 1, "name": "作息", "periods": periods}],
        "bell_rules": [],
    })
}
