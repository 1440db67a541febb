//! A school of two classes, two rooms and a camera in each, and one line a lesson to compare.

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use model::calendar::*;
use model::timetable::show_time_of_day;
use model::*;
use std::sync::Arc;

pub fn period(no: u8, start: &str, end: &str) -> Period {
    let second = |text| model::timetable::parse_time_of_day("time", text).unwrap();
    Period {
        no,
        label: format!("第{no}节"),
        kind: PeriodKind::Lesson,
        start_s: second(start),
        end_s: second(end),
    }
}

pub fn table(id: u32, name: &str, periods: Vec<Period>) -> BellTable {
    BellTable { id, name: name.to_owned(), periods }
}

/// Term 2026-09-01 (a Tuesday) to 2027-01-29; four periods from 08:00 on; classes 1 and 2 in rooms 1 and 2 with channels 1 and 2;
/// both are recorded.
pub fn school(cells: Vec<Cell>) -> Book {
    let periods = vec![
        period(1, "08:00", "08:45"),
        period(2, "08:55", "09:40"),
        period(3, "10:00", "10:45"),
        period(4, "10:55", "11:40"),
    ];
    let term = Term {
        year: "2026-2027".to_owned(),
        name: "第一学期".to_owned(),
        start: date(2026, 9, 1),
        end: date(2027, 1, 29),
        weeks: Vec::new(),
        rotation: None,
    };
    let class =
        |id| ClassInfo { id: ClassId(id), grade_id: GradeId(id), room_id: Some(RoomId(id)), record: true };
    let channel = |id| ChannelInfo { id: ChannelId(id), room_id: Some(RoomId(id)) };
    Book {
        zone: TimeZone::get("Asia/Shanghai").unwrap(),
        calendar: Calendar {
            terms: vec![term],
            days: Vec::new(),
            bell_tables: vec![table(1, "平时", periods)],
            bell_rules: Vec::new(),
        },
        versions: vec![Version {
            no: 1,
            from: date(2026, 9, 1),
            timetable: Arc::new(Timetable { cells }.sorted()),
        }],
        changes: Vec::new(),
        roster: Roster { classes: vec![class(1), class(2)], channels: vec![channel(1), channel(2)] },
        ranges: Vec::new(),
    }
}

/// A cell of every week.
pub fn cell(class: i64, day: u8, period: u8, subject: i64) -> Cell {
    Cell {
        class: ClassId(class),
        day,
        period,
        span: 1,
        weeks: Weeks::All,
        subject: SubjectId(subject),
        teacher: None,
        room: None,
        with: Vec::new(),
        record: None,
    }
}

pub fn cell_in(weeks: &str, class: i64, day: u8, period: u8, subject: i64) -> Cell {
    Cell { weeks: weeks.parse().unwrap(), ..cell(class, day, period, subject) }
}

/// An entry of the calendar.
pub fn day(date: Date, kind: DayKind) -> CalendarDay {
    CalendarDay { date, kind, bells: None, no_record: false, note: String::new() }
}

pub fn lesson(text: &str) -> LessonId {
    text.parse().unwrap()
}

/// A lesson as a line: `c1-20261120-p1-0 08:00:00-08:45:00 subject 7 on [1]`.
pub fn line(lesson: &Lesson) -> String {
    let (start, end) = (show_time_of_day(lesson.start_s), show_time_of_day(lesson.end_s));
    let channels: Vec<i64> = lesson.channels.iter().map(|channel| channel.0).collect();
    format!("{} {start}-{end} subject {} on {channels:?}", lesson.id, lesson.subject)
}

/// Subjects of a date in order, those of class 1.
#[track_caller]
pub fn check_subjects(book: &Book, date: Date, expected: &[i64]) {
    let day = book.expand(date);
    let lessons = day.lessons.iter().filter(|lesson| lesson.id.class == ClassId(1));
    let subjects: Vec<i64> = lessons.map(|lesson| lesson.subject.0).collect();
    assert_eq!(subjects, expected, "{date}: {:?}", day.steps);
}

/// What the channels record on a date: `channel key start-end`, local times.
pub fn recorded(book: &Book, date: Date) -> Vec<String> {
    let local = |ms: i64| {
        jiff::Timestamp::from_millisecond(ms)
            .unwrap()
            .to_zoned(book.zone.clone())
            .time()
            .strftime("%H:%M")
            .to_string()
    };
    let show = |span: &Span| {
        let (start, end) = (local(span.start_at_ms), local(span.end_at_ms));
        format!("{} {} {start}-{end}", span.channel_id, span.key)
    };
    book.spans(date, 1).iter().map(show).collect()
}
