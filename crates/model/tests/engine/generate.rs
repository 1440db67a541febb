//! Small schools out of a list of numbers: 0 is always the simplest choice, so that proptest shrinks to a simple school.

use crate::reference;
use jiff::ToSpan;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use model::calendar::*;
use model::timetable::WeeklyRange;
use model::*;
use std::sync::{Arc, LazyLock};

/// The numbers, taken 16 bits at a time; after the last one only zeros.
pub struct Draw<'a> {
    numbers: &'a [u64],
    at: usize,
}

impl Draw<'_> {
    /// 0..n.
    pub fn below(&mut self, n: u32) -> u32 {
        let number = self.numbers.get(self.at / 4).copied().unwrap_or(0);
        let part = (number >> (self.at % 4 * 16)) as u16;
        self.at += 1;
        u32::from(part) % n
    }

    /// Once in `n` times; never when the numbers have run out.
    fn once_in(&mut self, n: u32) -> bool {
        self.below(n) == n - 1
    }

    fn id(&mut self, n: u32) -> i64 {
        i64::from(self.below(n)) + 1
    }

    fn of<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u32) as usize].clone()
    }

    fn maybe<T>(&mut self, n: u32, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.once_in(n).then(|| make(self))
    }

    fn date(&mut self, from: Date, days: u32) -> Date {
        from + i64::from(self.below(days)).days()
    }
}

/// A school, and the dates to ask for.
#[derive(Debug)]
pub struct Case {
    pub book: Book,
    /// First date of the universe: everything that is named lies in it.
    pub from: Date,
    /// How many dates it has.
    pub days: u16,
    /// A part of it: first date and number.
    pub part: (Date, u16),
}

/// Zones, each with dates on which its clocks change.
static ZONES: LazyLock<Vec<(TimeZone, Vec<Date>)>> = LazyLock::new(|| {
    let zone = |name: &str, dates: &[Date]| (TimeZone::get(name).unwrap(), dates.to_vec());
    vec![
        zone("Asia/Shanghai", &[date(2026, 12, 31), date(2027, 12, 31)]),
        zone("UTC", &[date(2026, 12, 31)]),
        zone("America/Chicago", &[date(2026, 11, 1), date(2027, 3, 14), date(2026, 12, 31)]),
        // Half an hour.
        zone("Australia/Lord_Howe", &[date(2026, 10, 4), date(2027, 4, 4), date(2026, 12, 31)]),
        // Back for Ramadan, which moves through the year.
        zone("Africa/Casablanca", &[date(2026, 2, 15), date(2026, 3, 22), date(2026, 12, 31)]),
        // 2011-12-30 does not exist.
        zone("Pacific/Apia", &[date(2011, 12, 30), date(2011, 9, 24), date(2012, 4, 1)]),
        // The clocks change at midnight.
        zone("America/Sao_Paulo", &[date(2018, 11, 4), date(2019, 2, 16), date(2018, 12, 31)]),
    ]
});

/// A school of the numbers.
pub fn case(numbers: &[u64]) -> Case {
    let draw = &mut Draw { numbers, at: 0 };
    let (zone, changes) = draw.of(&ZONES);
    let days = 9 + draw.below(6);
    let from = match draw.below(5) {
        0 => date(2026, 9, 7) + i64::from(draw.below(150)).days(),
        _ => draw.of(&changes) - i64::from(2 + draw.below(days - 4)).days(),
    };
    let calendar = calendar(draw, from, days);
    let rooms = 1 + draw.below(2);
    let classes = 1 + draw.below(3);
    let roster = Roster {
        classes: (1..=i64::from(classes))
            .map(|id| ClassInfo {
                id: ClassId(id),
                grade_id: GradeId(draw.id(2)),
                room_id: (!draw.once_in(6)).then(|| RoomId(draw.id(rooms))),
                record: !draw.once_in(4),
            })
            .collect(),
        channels: (1..=3)
            .map(|id| ChannelInfo {
                id: ChannelId(id),
                room_id: (!draw.once_in(5)).then(|| RoomId(draw.id(rooms))),
            })
            .collect(),
    };
    let versions = (0..1 + draw.below(3))
        .map(|n| {
            let early = from - 20.days();
            let late = n > 0 || draw.once_in(8);
            let from = if late { draw.date(from - 2.days(), days + 2) } else { early };
            let cells = (0..4 + draw.below(6)).map(|_| cell(draw, classes, rooms)).collect();
            Version { no: i64::from(3 - n), from, timetable: Arc::new(Timetable { cells }.sorted()) }
        })
        .collect();
    let mut ranges: Vec<WeeklyRange> = (1..=i64::from(draw.below(5))).map(|id| range(draw, id)).collect();
    if draw.once_in(2) {
        ranges.reverse();
    }
    let mut book = Book { zone, calendar, versions, changes: Vec::new(), roster, ranges };
    let days = days as u16;
    book.changes = changes_of(draw, &book, from, days, classes, rooms);
    let first = draw.below(u32::from(days));
    let part = (from + i64::from(first).days(), 1 + draw.below(u32::from(days) - first) as u16);
    Case { book, from, days, part }
}

fn calendar(draw: &mut Draw<'_>, from: Date, days: u32) -> Calendar {
    let tables: Vec<BellTable> = (1..=1 + draw.below(3)).map(|id| table(draw, id)).collect();
    let bell_rules = (0..draw.below(4)).map(|_| rule(draw, from, days)).collect();
    // A term in the middle, often with another one right after it; sometimes one that began long ago.
    let mut terms = Vec::new();
    let mut start = match draw.below(6) {
        5 => from - i64::from(draw.below(90)).days(),
        n => from + i64::from(n).days() - 4.days(),
    };
    for name in ["第一学期", "第二学期"].iter().take(1 + draw.below(2) as usize) {
        let end = start.max(from) + i64::from(3 + draw.below(days)).days();
        terms.push(term(draw, name, start, end));
        start = end + i64::from(1 + draw.below(3)).days();
    }
    let mut differ: Vec<CalendarDay> = Vec::new();
    for _ in 0..draw.below(6) {
        let day = calendar_day(draw, from, days);
        if differ.iter().all(|other| other.date != day.date) {
            differ.push(day);
        }
    }
    differ.sort_by_key(|day| day.date);
    Calendar { terms, days: differ, bell_tables: tables, bell_rules }
}

fn table(draw: &mut Draw<'_>, id: u32) -> BellTable {
    let mut at = draw.of(&[28_800, 0, 3_600, 5_400, 79_200]);
    let mut periods = Vec::new();
    for no in 1..=2 + draw.below(4) as u8 {
        let end = (at + draw.of(&[2_700, 1_800, 3_600, 7_200])).min(86_400);
        if end <= at + 30 || (no > 1 && draw.once_in(9)) {
            continue;
        }
        let kind = draw.of(&[
            PeriodKind::Lesson,
            PeriodKind::Lesson,
            PeriodKind::Reading,
            PeriodKind::SelfStudy,
            PeriodKind::Break,
        ]);
        periods.push(Period { no, label: format!("{id}.{no}"), kind, start_s: at, end_s: end });
        at = end + draw.of(&[0, 600]);
    }
    BellTable { id, name: format!("table {id}"), periods }
}

fn rule(draw: &mut Draw<'_>, from: Date, days: u32) -> BellRule {
    BellRule {
        // 4 does not exist.
        table: 1 + draw.below(4),
        from: draw.maybe(3, |draw| draw.date(from, days)),
        to: draw.maybe(3, |draw| draw.date(from, days)),
        weekdays: draw.maybe(3, |draw| vec![draw.id(7) as u8, draw.id(7) as u8]).unwrap_or_default(),
        grades: draw.maybe(3, |draw| vec![GradeId(draw.id(2))]).unwrap_or_default(),
    }
}

fn term(draw: &mut Draw<'_>, name: &str, start: Date, end: Date) -> Term {
    let length = (end - start).get_days() as u32 + 1;
    let dates = |draw: &mut Draw<'_>| {
        let mut dates: Vec<Date> = (0..draw.below(3)).map(|_| draw.date(start, length)).collect();
        dates.sort();
        dates.dedup();
        dates
    };
    let mut weeks: Vec<WeekAnchor> = Vec::new();
    for date in dates(draw) {
        let monday = |date: Date| date - i64::from(date.weekday().to_monday_zero_offset()).days();
        if weeks.last().is_none_or(|last| monday(last.date) != monday(date)) {
            weeks.push(WeekAnchor { date, week: 1 + draw.below(20) as u16 });
        }
    }
    let rotation = draw.maybe(2, |draw| {
        let (work_days, rest_days) = draw.of(&[(5, 2), (8, 3), (1, 0), (3, 1), (11, 3)]);
        let anchors = dates(draw)
            .into_iter()
            .map(|date| RotationAnchor { date, day: 1 + draw.below((work_days + rest_days).into()) as u8 })
            .collect();
        Rotation { work_days, rest_days, pause_on_off: draw.once_in(2), anchors }
    });
    Term { year: "2026-2027".to_owned(), name: name.to_owned(), start, end, weeks, rotation }
}

fn calendar_day(draw: &mut Draw<'_>, from: Date, days: u32) -> CalendarDay {
    let date = draw.date(from, days);
    let kind = match draw.below(7) {
        0 | 1 => DayKind::Off,
        2 => DayKind::Exam,
        3 => DayKind::Teach,
        4 => DayKind::MakeUp { of: MakeUpOf::Unanswered },
        5 => DayKind::MakeUp { of: MakeUpOf::Date(draw.date(from - 2.days(), days + 4)) },
        _ => DayKind::MakeUp { of: MakeUpOf::Day(1 + draw.below(9) as u8) },
    };
    CalendarDay {
        date,
        kind,
        bells: draw.maybe(4, |draw| 1 + draw.below(4)),
        no_record: draw.once_in(5),
        note: "note".to_owned(),
    }
}

fn cell(draw: &mut Draw<'_>, classes: u32, rooms: u32) -> Cell {
    let weeks = match draw.below(8) {
        5 => Weeks::Odd,
        6 => Weeks::Even,
        7 => draw.of(&["1-3,5", "2,4-20", "mod 2 2", "mod 3 1", "1-60"]).parse().unwrap(),
        _ => Weeks::All,
    };
    // One class in twelve cells has been removed.
    let class = if draw.once_in(12) { ClassId(9) } else { ClassId(draw.id(classes)) };
    let with = draw.maybe(6, |draw| ClassId(draw.id(3))).filter(|other| *other != class);
    Cell {
        class,
        day: 1 + draw.below(7) as u8,
        period: 1 + draw.below(4) as u8,
        span: 1 + draw.below(6).saturating_sub(3) as u8,
        weeks,
        subject: SubjectId(draw.id(5)),
        teacher: (!draw.once_in(4)).then(|| TeacherId(draw.id(5))),
        room: draw.maybe(3, |draw| RoomId(draw.id(rooms))),
        with: with.into_iter().collect(),
        record: draw.maybe(3, |draw| draw.once_in(2)),
    }
}

fn times(draw: &mut Draw<'_>) -> (u32, u32) {
    let start = draw.of(&[28_800, 30_000, 0, 5_400, 7_200, 9_000, 81_000, 29_700]);
    (start, (start + draw.of(&[2_700, 3_600, 600, 7_200])).min(86_400))
}

fn range(draw: &mut Draw<'_>, id: i64) -> WeeklyRange {
    let (start_s, end_s) = times(draw);
    WeeklyRange {
        id: RangeId(id),
        channel_id: ChannelId(draw.id(3)),
        weekday: draw.below(7) as u8,
        start_s,
        end_s: if draw.once_in(2) { end_s } else { (start_s + 14_400).min(86_400) },
        subject_id: SubjectId(draw.id(5)),
        teacher_id: TeacherId(draw.id(5)),
    }
}

/// Most name lessons that are held, or that an earlier change has made: chains are frequent.
fn changes_of(
    draw: &mut Draw<'_>,
    book: &Book,
    from: Date,
    days: u16,
    classes: u32,
    rooms: u32,
) -> Vec<Change> {
    let mut pool = reference::timetabled(book, from, days);
    let mut changes = Vec::new();
    for id in 1..=i64::from(1 + draw.below(6)) {
        let fresh = |draw: &mut Draw<'_>, class: Option<ClassId>| LessonId {
            class: class.unwrap_or_else(|| ClassId(draw.id(classes))),
            date: draw.date(from, days.into()),
            period: 1 + draw.below(4) as u8,
            n: if draw.once_in(9) { 0 } else { 1 + draw.below(2) as u8 },
        };
        let known = |draw: &mut Draw<'_>| match pool.is_empty() || draw.once_in(10) {
            true => fresh(draw, None),
            false => draw.of(&pool),
        };
        let lesson = known(draw);
        let op = match draw.below(9) {
            0 => Op::Cancel { lesson },
            1 => Op::Substitute {
                lesson,
                teacher: draw.maybe(2, |draw| TeacherId(draw.id(9))),
                subject: draw.maybe(2, |draw| SubjectId(draw.id(9))),
                room: draw.maybe(2, |draw| RoomId(draw.id(rooms))),
            },
            2 | 3 => {
                let class = (!draw.once_in(12)).then_some(lesson.class);
                Op::Move {
                    lesson,
                    to: fresh(draw, class),
                    room: draw.maybe(3, |draw| RoomId(draw.id(rooms))),
                }
            }
            4 | 8 => {
                let same: Vec<LessonId> =
                    pool.iter().copied().filter(|id| id.class == lesson.class).collect();
                let b = if same.is_empty() || draw.once_in(8) { known(draw) } else { draw.of(&same) };
                Op::Swap { a: lesson, b }
            }
            5 => Op::Extra {
                lesson: fresh(draw, None),
                times: draw.maybe(2, times),
                subject: SubjectId(draw.id(5)),
                teacher: draw.maybe(2, |draw| TeacherId(draw.id(5))),
                room: draw.maybe(2, |draw| RoomId(draw.id(rooms))),
            },
            6 => {
                let (start_s, end_s) = times(draw);
                Op::Retime { lesson, start_s, end_s }
            }
            _ => Op::Record { lesson, on: draw.once_in(2) },
        };
        pool.extend(op.lessons());
        changes.push(Change { id: ChangeId(id), op, reason: format!("reason {id}") });
    }
    changes
}
