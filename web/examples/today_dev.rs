//! 今日课程, 调课, 为什么 and 日历订阅 with a school in the middle of a Friday, for looking at them:
//! `cargo run -p web --example today_dev [-- --few | --bare | --offline | --large]`. Prints its address and a session cookie.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a tool for the eyes of whoever builds the site"
)]

#[path = "../tests/today_site/mod.rs"]
mod today_site;

use db::{NewRoom, NewVersion, RangeChanges, RangeEdit};
use jiff::civil::date;
use model::calendar::bell::PeriodKind;
use model::calendar::{BellTable, Calendar, Cell, Op, Period, Timetable};
use model::school::Class;
use model::{ChannelId, ClassId, GradeId, RoomId, SchoolId, SubjectId, TeacherId};
use std::net::SocketAddr;
use std::time::Duration;
use today_site::admin_site::{OnLine, Site};
use today_site::{MINUTE_MS, NOW_MS, School, cell};

const SCHOOL: SchoolId = SchoolId(1);

#[tokio::main]
async fn main() {
    let has = |name: &str| std::env::args().any(|a| a == name);
    let school = if has("--bare") { bare().await } else { School::open().await };
    if has("--large") {
        large(&school).await;
    } else if !has("--bare") && !has("--few") {
        fill(&school).await;
    }
    if !has("--offline") && !has("--bare") {
        report(&school).await;
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("http://{} {}", listener.local_addr().unwrap(), school.site.admin_secret);
    let app = school.site.router.clone().into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, app).await.unwrap();
}

/// A new site: nothing is set up.
async fn bare() -> School {
    let site = Site::start().await;
    let clock = site.state.clock.clone();
    let (gatherer, none) = (model::GathererId(0), RoomId(0));
    School { site, clock, gatherer, rooms: [none; 3], channels: [ChannelId(0); 2] }
}

fn bells() -> Vec<Period> {
    let rows = [
        (1, "早读", PeriodKind::Reading, 450, 470),
        (2, "第1节", PeriodKind::Lesson, 480, 525),
        (3, "第2节", PeriodKind::Lesson, 535, 580),
        (4, "大课间", PeriodKind::Break, 580, 610),
        (5, "第3节", PeriodKind::Lesson, 610, 655),
        (6, "第4节", PeriodKind::Lesson, 665, 710),
        (7, "午休", PeriodKind::Break, 710, 840),
        (8, "第5节", PeriodKind::Lesson, 840, 885),
        (9, "第6节", PeriodKind::Lesson, 895, 940),
        (10, "第7节（社团与综合实践）", PeriodKind::Lesson, 950, 995),
    ];
    rows.into_iter()
        .map(|(no, label, kind, from, to)| Period {
            no,
            label: label.to_owned(),
            kind,
            start_s: from * 60,
            end_s: to * 60,
        })
        .collect()
}

/// Fourteen classes; the cameras of two rooms hang on a gatherer that is off line, two rooms have none.
async fn fill(school: &School) {
    let (site, db) = (&school.site, &school.site.state.db);
    let calendar = db.calendar(SCHOOL).await.unwrap();
    let table = BellTable { id: 1, name: "冬令作息".to_owned(), periods: bells() };
    let calendar_new = Calendar { bell_tables: vec![table], ..calendar.calendar };
    db.save_calendar(SCHOOL, calendar.revision, &calendar_new, site.admin_id, NOW_MS).await.unwrap();
    let off_line = site.gatherer("实验楼采集端（物理化学生物综合实验室·备用线路）").await;
    for n in 3..=14_i64 {
        let name = if n == 9 {
            "多功能报告厅（艺术中心二层东侧·可容纳三百人）".to_owned()
        } else {
            format!("3{:02}", n + 1)
        };
        let room = db.add_room(&NewRoom { school_id: SCHOOL, name }).await.unwrap();
        let class = Class {
            id: ClassId(0),
            school_id: SCHOOL,
            grade_id: GradeId(1 + n / 5),
            name: format!("{}班", ["三", "四", "五", "六", "实验"][(n % 5) as usize]),
            room_id: Some(room),
            record: n != 12,
        };
        db.add_class(&class).await.unwrap();
        if n < 13 {
            let id = site.channel(if n < 11 { school.gatherer } else { off_line }, "教室").await;
            db.set_channel_room(id, Some(room)).await.unwrap();
        }
    }
    let mut cells = Vec::new();
    for class in 1..=14_i64 {
        for day in 1..=5_u8 {
            for (n, period) in [1, 2, 3, 5, 6, 8, 9, 10].into_iter().enumerate() {
                let k = class * 3 + i64::from(day) + n as i64;
                if (k + class) % 9 != 0 {
                    cells.push(cell(class, day, period, k % 9 + 1, (class + n as i64 * 5) % 11 + 1));
                }
            }
        }
    }
    cells.push(Cell { span: 1, ..cell(3, 5, 10, 2, 4) });
    let version = NewVersion {
        newest_no: 1,
        from: date(2026, 11, 20),
        source: String::new(),
        note: String::new(),
        timetable: Timetable { cells }.sorted(),
    };
    db.publish_timetable(SCHOOL, &version, site.admin_id, NOW_MS).await.unwrap();
    happenings(school).await;
    recordings(school).await;
}

/// 200 classes with a room and a camera each, twelve periods on five days: for measuring.
async fn large(school: &School) {
    let (site, db) = (&school.site, &school.site.state.db);
    let calendar = db.calendar(SCHOOL).await.unwrap();
    let periods = (1..=12).map(|no: u8| {
        let start_s = 7 * 3600 + u32::from(no) * 3600;
        Period { no, label: format!("第{no}节"), kind: PeriodKind::Lesson, start_s, end_s: start_s + 2700 }
    });
    let table = BellTable { id: 1, name: "作息".to_owned(), periods: periods.collect() };
    let calendar_new = Calendar { bell_tables: vec![table], ..calendar.calendar };
    db.save_calendar(SCHOOL, calendar.revision, &calendar_new, site.admin_id, NOW_MS).await.unwrap();
    for n in 3..=200_i64 {
        let room = db.add_room(&NewRoom { school_id: SCHOOL, name: format!("大{n}") }).await.unwrap();
        let class = Class {
            id: ClassId(0),
            school_id: SCHOOL,
            grade_id: GradeId(1 + n / 60),
            name: format!("{n}班"),
            room_id: Some(room),
            record: true,
        };
        db.add_class(&class).await.unwrap();
        let id = site.channel(school.gatherer, "教室").await;
        db.set_channel_room(id, Some(room)).await.unwrap();
    }
    let slots =
        (1..=200_i64).flat_map(|class| (1..=5).flat_map(move |day| (1..=12).map(move |p| (class, day, p))));
    let cells =
        slots.map(|(class, day, p)| Cell { teacher: None, ..cell(class, day, p, i64::from(p) % 9 + 1, 1) });
    let version = NewVersion {
        newest_no: 1,
        from: date(2026, 11, 20),
        source: String::new(),
        note: String::new(),
        timetable: Timetable { cells: cells.collect() }.sorted(),
    };
    db.publish_timetable(SCHOOL, &version, site.admin_id, NOW_MS).await.unwrap();
}

/// Weekly ranges of a channel without a room, and three changes.
async fn happenings(school: &School) {
    let (site, db) = (&school.site, &school.site.state.db);
    let hall = site.channel(school.gatherer, "操场看台").await;
    let edit = |start_s, end_s| RangeEdit {
        id: None,
        weekday: 5,
        start_s,
        end_s,
        subject_id: SubjectId(1),
        teacher_id: TeacherId(3),
    };
    let edits = vec![edit(7 * 3600, 8 * 3600), edit(10 * 3600, 11 * 3600), edit(15 * 3600, 16 * 3600)];
    db.save_ranges(hall, &RangeChanges { edits, removed: Vec::new() }).await.unwrap();
    for op in [
        Op::Cancel { lesson: School::lesson("c4-20261120-p6-0") },
        Op::Substitute {
            lesson: School::lesson("c2-20261120-p5-0"),
            teacher: Some(TeacherId(9)),
            subject: None,
            room: None,
        },
        Op::Record { lesson: School::lesson("c5-20261120-p8-0"), on: false },
    ] {
        let _ = db.add_change(SCHOOL, &op, "教师外出教研", site.admin_id, NOW_MS).await.unwrap();
    }
}

/// 10:20: the third lesson runs; most of what was before is on the site.
async fn recordings(school: &School) {
    let db = &school.site.state.db;
    school.later(130);
    let day =
        db.book(SCHOOL, date(2026, 11, 20), date(2026, 11, 20)).await.unwrap().expand(date(2026, 11, 20));
    for lesson in day.lessons.iter().filter(|x| x.id.period <= 3) {
        for channel in
            lesson.channels.iter().filter(|c| c.0 < 9 && (c.0 + i64::from(lesson.id.period)) % 7 != 0)
        {
            let cut = if channel.0 == 3 { 15 * MINUTE_MS } else { 0 };
            let key = format!("{}-v{channel}", lesson.id);
            let all = lesson.end_at_ms - lesson.start_at_ms;
            school.recorded(&key, lesson.start_at_ms + channel.0, all - cut).await;
        }
    }
}

async fn report(school: &School) {
    let db = &school.site.state.db;
    let today = date(2026, 11, 20);
    let day = db.book(SCHOOL, today, today).await.unwrap().expand(today);
    let now_ms = school.site.state.now_ms();
    let running = |channel: i64| {
        let mut lessons = day.lessons.iter();
        let found = lessons.find(|x| {
            x.channels.contains(&ChannelId(channel)) && (x.start_at_ms..x.end_at_ms).contains(&now_ms)
        });
        found.map(|x| format!("{}-v{channel}", x.id))
    };
    let channels: Vec<String> = (1..=10)
        .map(|n| match (n, running(n)) {
            (4, _) => r#"{"channel_id":4,"phase":"waiting","cause":"wrong_password"}"#.to_owned(),
            (6, Some(key)) => format!(
                r#"{{"channel_id":6,"phase":"waiting","cause":"lost","recording":true,"lesson_key":"{key}"}}"#
            ),
            (_, Some(key)) => {
                format!(r#"{{"channel_id":{n},"phase":"running","recording":true,"lesson_key":"{key}"}}"#)
            }
            (_, None) => format!(r#"{{"channel_id":{n},"phase":"running"}}"#),
        })
        .collect();
    let channels = format!("[{}]", channels.join(","));
    let port = school.site.serve_relay().await;
    let mut gatherer = OnLine::connect(port, school.gatherer).await;
    school.report(&mut gatherer, &channels).await;
    tokio::spawn(async move {
        loop {
            let _ = &mut gatherer;
            tokio::time::sleep(Duration::from_secs(3600)).await;
        }
    });
}
