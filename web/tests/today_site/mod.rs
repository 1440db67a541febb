//! A school at ten past eight on a Friday in week 12: two classes, three rooms, two cameras, a timetable in force.
#![allow(dead_code, reason = "every test file uses a part")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../admin_site/mod.rs"]
pub mod admin_site;

use admin_site::{OnLine, Site};
use base::Clock;
use db::{NewRoom, NewSlice, NewVersion};
use jiff::civil::{Date, date};
use model::calendar::bell::PeriodKind;
use model::calendar::{BellTable, Calendar, Cell, LessonId, LessonKey, Period, Term, Timetable, Weeks};
use model::school::Class;
use model::slice::{SliceEnd, SliceFacts};
use model::{ChannelId, ClassId, GathererId, GradeId, RangeId, RoomId, SchoolId, SubjectId, TeacherId};
use relay_proto::Report;
use std::time::Duration;

/// 2026-11-20 08:10 in Shanghai, a Friday of week 12.
pub const NOW_MS: i64 = 1_795_133_400_000;
pub const MINUTE_MS: i64 = 60_000;
pub const FRIDAY: Date = date(2026, 11, 20);
/// Its first lesson, running: 语文 of class 1 in room 301.
pub const RUNNING: &str = "c1-20261120-p2-0";
/// The one after: 数学 of class 1 in room 301.
pub const NEXT: &str = "c1-20261120-p3-0";

pub struct School {
    pub site: Site,
    pub clock: Clock,
    pub gatherer: GathererId,
    pub rooms: [RoomId; 3],
    pub channels: [ChannelId; 2],
}

fn period(no: u8, label: &str, kind: PeriodKind, from: (u32, u32), to: (u32, u32)) -> Period {
    let s = |(h, m): (u32, u32)| h * 3600 + m * 60;
    Period { no, label: label.to_owned(), kind, start_s: s(from), end_s: s(to) }
}

pub fn calendar() -> Calendar {
    let periods = vec![
        period(1, "早读", PeriodKind::Reading, (7, 30), (7, 50)),
        period(2, "第1节", PeriodKind::Lesson, (8, 0), (8, 45)),
        period(3, "第2节", PeriodKind::Lesson, (8, 55), (9, 40)),
        period(4, "大课间", PeriodKind::Break, (9, 40), (10, 10)),
        period(5, "第3节", PeriodKind::Lesson, (10, 10), (10, 55)),
    ];
    let term = Term {
        year: "2026-2027".to_owned(),
        name: "第一学期".to_owned(),
        start: date(2026, 9, 1),
        end: date(2027, 1, 20),
        weeks: Vec::new(),
        rotation: None,
    };
    let table = BellTable { id: 1, name: "冬令作息".to_owned(), periods };
    Calendar { terms: vec![term], bell_tables: vec![table], ..Calendar::default() }
}

pub fn cell(class: i64, day: u8, period: u8, subject: i64, teacher: i64) -> Cell {
    Cell {
        class: ClassId(class),
        day,
        period,
        span: 1,
        weeks: Weeks::All,
        subject: SubjectId(subject),
        teacher: Some(TeacherId(teacher)),
        room: None,
        with: Vec::new(),
        record: None,
    }
}

/// Class 1: 语文 (teacher 1), 数学 (2), 英语 (3) in odd weeks. Class 2: 数学 (2), 语文 (1), 英语 (4).
pub fn timetable() -> Timetable {
    let mut cells = Vec::new();
    for day in 1..=5 {
        cells.extend([cell(1, day, 2, 1, 1), cell(1, day, 3, 2, 2)]);
        cells.push(Cell { weeks: Weeks::Odd, ..cell(1, day, 5, 3, 3) });
        cells.extend([cell(2, day, 2, 2, 2), cell(2, day, 3, 1, 1), cell(2, day, 5, 3, 4)]);
    }
    Timetable { cells }.sorted()
}

impl School {
    pub async fn open() -> Self {
        let mut site = Site::start().await;
        let clock = Clock::manual(NOW_MS);
        site.state.clock = clock.clone();
        site.router = web::router(site.state.clone());
        let db = site.state.db.clone();
        db.seed_demo_teachers().await.unwrap();
        let school_id = SchoolId(1);
        let mut rooms = Vec::new();
        for name in ["301", "302", "303"] {
            rooms.push(db.add_room(&NewRoom { school_id, name: name.to_owned() }).await.unwrap());
        }
        for (name, room) in [("一班", rooms[0]), ("二班", rooms[1])] {
            let class = Class {
                id: ClassId(0),
                school_id,
                grade_id: GradeId(1),
                name: name.to_owned(),
                room_id: Some(room),
                record: true,
            };
            db.add_class(&class).await.unwrap();
        }
        let gatherer = site.gatherer("三楼采集端").await;
        let mut channels = Vec::new();
        for room in &rooms[..2] {
            let id = site.channel(gatherer, "教室").await;
            db.set_channel_room(id, Some(*room)).await.unwrap();
            channels.push(id);
        }
        db.save_calendar(school_id, 0, &calendar(), site.admin_id, NOW_MS).await.unwrap();
        let version = NewVersion {
            newest_no: 0,
            from: date(2026, 9, 1),
            source: String::new(),
            note: String::new(),
            timetable: timetable(),
        };
        db.publish_timetable(school_id, &version, site.admin_id, NOW_MS).await.unwrap();
        let (rooms, channels) = ([rooms[0], rooms[1], rooms[2]], [channels[0], channels[1]]);
        Self { site, clock, gatherer, rooms, channels }
    }

    pub fn key(&self, lesson: &str, channel: usize) -> String {
        format!("{lesson}-v{}", self.channels[channel])
    }

    pub fn lesson(text: &str) -> LessonId {
        text.parse().unwrap()
    }

    /// So many minutes go by.
    pub fn later(&self, minutes: u64) {
        self.clock.advance(Duration::from_secs(minutes * 60));
    }

    /// The gatherer on line; it has reported these channels and the newest version.
    pub async fn on_line(&self, channels: &str) -> OnLine {
        let port = self.site.serve_relay().await;
        let mut gatherer = OnLine::connect(port, self.gatherer).await;
        self.report(&mut gatherer, channels).await;
        gatherer
    }

    pub async fn report(&self, gatherer: &mut OnLine, channels: &str) {
        let report = Report {
            clock_ms: base::now_ms(),
            state_version: self.site.state.db.state_version(self.gatherer).await.unwrap(),
            channels: serde_json::from_str(channels).unwrap(),
            disk_free_bytes: 1 << 40,
            ..Report::default()
        };
        gatherer.report(report).await;
    }

    /// Both cameras have a picture, the first one records `key`.
    pub fn recording(key: &str) -> String {
        format!(
            r#"[{{"channel_id":1,"phase":"running","recording":true,"lesson_key":"{key}"}},
                {{"channel_id":2,"phase":"running"}}]"#
        )
    }

    /// Media of a lesson on the site.
    pub async fn recorded(&self, key: &str, started_at_ms: i64, duration_ms: i64) {
        let Ok(LessonKey::Lesson { channel: channel_id, .. }) = key.parse() else { panic!("{key}") };
        let facts = SliceFacts {
            slice_id: format!("01KAFX{started_at_ms:020}"),
            channel_id,
            lesson_key: key.to_owned(),
            range_id: RangeId(0),
            subject_id: SubjectId(1),
            teacher_id: TeacherId(1),
            sequence: 0,
            started_at_ms,
            duration_ms,
            overlap_ms: 0,
            size_bytes: 1000,
            sha256: "ab".repeat(32),
            video_frames: 1500,
            video_codec: "H.264".to_owned(),
            audio_codec: "AAC".to_owned(),
            width: 1280,
            height: 720,
            end: SliceEnd::Bell,
        };
        let object_id = format!("object{started_at_ms}");
        self.site.state.db.add_slice(&NewSlice { facts, object_id }, NOW_MS).await.unwrap();
    }
}
