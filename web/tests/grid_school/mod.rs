//! A school with classes, rooms, bells and a term, and browsers that speak JSON to the page of the grid.

#![allow(dead_code, reason = "every test file uses a part")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use crate::admin_site::Site;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, COOKIE};
use axum::http::{Request, StatusCode};
use db::{Db, NewRoom, NewUser};
use http_body_util::BodyExt;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::calendar::{BellRule, BellTable, Calendar, Period, PeriodKind, Term};
use model::right::Role;
use model::school::Class;
use model::{ClassId, GradeId, RoomId, SchoolId, SubjectId, TeacherId, UserId};
use serde_json::{Value, json};
use tower::ServiceExt;
use web::{csrf, session};

/// The seeded school.
pub const SCHOOL: SchoolId = SchoolId(1);

/// What was made.
pub struct School {
    pub classes: Vec<ClassId>,
    pub rooms: Vec<RoomId>,
    pub teachers: Vec<TeacherId>,
}

fn period(no: u8, label: &str, kind: PeriodKind, start: u32, minutes: u32) -> Period {
    Period { no, label: label.to_owned(), kind, start_s: start, end_s: start + minutes * 60 }
}

/// 早读, eight lessons of 40 minutes, 大课间, 午休, 晚自习.
pub fn bells(id: u32, name: &str, shift_s: u32) -> BellTable {
    let mut periods = vec![period(20, "早读", PeriodKind::Reading, 27_000 + shift_s, 25)];
    let mut at = 28_800 + shift_s;
    for no in 1..=8u8 {
        periods.push(period(no, &format!("第{no}节"), PeriodKind::Lesson, at, 40));
        at += 2400;
        let rest = match no {
            2 => Some((30, "大课间", 25)),
            4 => Some((31, "午休", 120)),
            _ => None,
        };
        if let Some((no, label, minutes)) = rest {
            periods.push(period(no, label, PeriodKind::Break, at, minutes));
            at += minutes * 60;
        } else {
            at += 600;
        }
    }
    periods.push(period(9, "晚自习", PeriodKind::SelfStudy, 68_400 + shift_s, 60));
    BellTable { id, name: name.to_owned(), periods }
}

/// One term around today.
pub fn calendar(today: Date) -> Calendar {
    let term = Term {
        year: "2026-2027".to_owned(),
        name: "第一学期".to_owned(),
        start: today.saturating_sub(jiff::ToSpan::days(82)),
        end: today.saturating_add(jiff::ToSpan::days(63)),
        weeks: Vec::new(),
        rotation: None,
    };
    let rule = BellRule { table: 2, from: None, to: None, weekdays: Vec::new(), grades: vec![GradeId(12)] };
    Calendar {
        terms: vec![term],
        days: Vec::new(),
        bell_tables: vec![bells(1, "夏令作息", 0), bells(2, "高三作息", 1200)],
        bell_rules: vec![rule],
    }
}

/// Makes `n` classes of grades 10, 11 and 12, a room each, and teachers.
pub async fn make(db: &Db, n: usize, admin: UserId, now_ms: i64) -> School {
    let today = day_of(now_ms);
    db.seed_demo_teachers().await.unwrap();
    db.save_calendar(SCHOOL, 0, &calendar(today), admin, now_ms).await.unwrap();
    let (mut classes, mut rooms) = (Vec::new(), Vec::new());
    for i in 0..n {
        let name = format!("{}0{}", 1 + i / 20, i % 20 + 1);
        let room = db.add_room(&NewRoom { school_id: SCHOOL, name }).await.unwrap();
        let per = n.div_ceil(3).max(1);
        let class = Class {
            id: ClassId(0),
            school_id: SCHOOL,
            grade_id: GradeId(10 + (i / per) as i64),
            name: format!("{}班", i % per + 1),
            room_id: Some(room),
            record: true,
        };
        classes.push(db.add_class(&class).await.unwrap());
        rooms.push(room);
    }
    let teachers = db.all_teachers().await.unwrap().iter().map(|t| t.id).collect();
    School { classes, rooms, teachers }
}

/// Its date in Shanghai, the zone of a new site.
pub fn day_of(now_ms: i64) -> Date {
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    Timestamp::from_millisecond(now_ms).unwrap().to_zoned(zone).date()
}

/// A cell as the page sends it.
pub fn cell(class: ClassId, day: u8, period: u8, subject: i64, teacher: TeacherId) -> Value {
    json!({"class": class, "day": day, "period": period, "subject": subject, "teacher": teacher})
}

/// A session with its token.
pub struct Editor<'a> {
    site: &'a Site,
    secret: String,
    pub id: UserId,
    language: &'static str,
}

/// What the site said.
#[derive(Debug)]
pub struct Said {
    pub status: StatusCode,
    pub body: Value,
    pub text: String,
    pub bytes: Vec<u8>,
}

impl Said {
    #[track_caller]
    pub fn ok(&self) -> &Value {
        assert_eq!(self.status, 200, "{}", self.text);
        &self.body
    }

    /// Refused with this status, naming this field; every text stands in the answer.
    #[track_caller]
    pub fn refused(&self, status: u16, field: &str, texts: &[&str]) {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(self.body["field"], field, "{}", self.text);
        for text in texts {
            assert!(self.text.contains(text), "no {text:?} in {}", self.text);
        }
    }
}

impl<'a> Editor<'a> {
    /// The site's admin.
    pub fn admin(site: &'a Site) -> Self {
        Self { site, secret: site.admin_secret.clone(), id: site.admin_id, language: "zh" }
    }

    /// Another account, logged in.
    pub async fn another(site: &'a Site, name: &str, role: Role) -> Self {
        let db = &site.state.db;
        let now_ms = site.state.now_ms();
        let new = NewUser {
            name: name.to_owned(),
            display_name: String::new(),
            password_hash: "x".to_owned(),
            role,
        };
        let id = db.add_user(&new, now_ms).await.unwrap();
        let secret = session::new_secret().unwrap();
        db.add_session(&session::hash(&secret), id, now_ms, now_ms + session::SESSION_MS).await.unwrap();
        Self { site, secret, id, language: "zh" }
    }

    pub fn english(self) -> Self {
        Self { language: "en", ..self }
    }

    async fn send(&self, request: axum::http::request::Builder, body: String) -> Said {
        let cookie = format!("{}={}", session::SESSION_COOKIE, self.secret);
        let request = request.header(COOKIE, cookie).header("accept-language", self.language);
        let answer = self.site.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let status = answer.status();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Said { status, body: serde_json::from_str(&text).unwrap_or(Value::Null), text, bytes: bytes.to_vec() }
    }

    pub async fn get(&self, path: &str) -> Said {
        self.send(Request::get(path), String::new()).await
    }

    pub async fn data(&self) -> Value {
        self.get("/admin/timetable/data?school=1").await.ok().clone()
    }

    pub async fn post(&self, what: &str, body: &Value) -> Said {
        self.post_with(what, body, &csrf::token(&self.secret)).await
    }

    pub async fn post_with(&self, what: &str, body: &Value, token: &str) -> Said {
        let request = Request::post(format!("/admin/timetable/{what}"))
            .header(CONTENT_TYPE, "application/json")
            .header(csrf::HEADER, token);
        self.send(request, body.to_string()).await
    }

    /// Publishes these cells, made from `base_no`.
    pub async fn publish(&self, base_no: i64, cells: &[Value]) -> Said {
        self.post("publish", &json!({"school": 1, "base_no": base_no, "cells": cells})).await
    }
}

/// A whole week for every class without a conflict: within a grade every class has another teacher each round, and no
/// teacher is of two grades, whose bells differ.
pub fn full_week(school: &School, days: u8, periods: u8) -> Vec<Value> {
    let mut cells = Vec::new();
    let per = school.classes.len().div_ceil(3).max(1);
    for (i, class) in school.classes.iter().enumerate() {
        for day in 1..=days {
            for no in 1..=periods {
                let round = usize::from(day - 1) * usize::from(periods) + usize::from(no - 1);
                let teacher = i / per * per + (i % per + round) % per;
                let subject = SubjectId(teacher as i64 % 9 + 1);
                let teacher = school.teachers.get(teacher);
                let mut one = json!({"class": class, "day": day, "period": no, "subject": subject});
                if let Some(teacher) = teacher {
                    one["teacher"] = json!(teacher);
                }
                cells.push(one);
            }
        }
    }
    cells
}

/// For teachers of a large school.
pub const SURNAMES: [&str; 20] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何",
    "郭", "马", "罗",
];

/// As [`full_week`], with free cells, 单双周, 连堂, 合班 and lessons that are not recorded.
pub fn varied(school: &School, days: u8, periods: u8) -> Vec<Value> {
    let mut cells = full_week(school, days, periods);
    cells.retain(|cell| cell["period"] != 8 || cell["day"] != 5);
    for (i, cell) in cells.iter_mut().enumerate() {
        match i % 39 {
            3 => cell["weeks"] = json!("odd"),
            7 => cell["record"] = json!(false),
            11 => cell["weeks"] = json!("1-8,10,12"),
            17 => cell["record"] = json!(true),
            _ => {}
        }
    }
    cells
}
