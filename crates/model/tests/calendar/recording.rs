//! What a channel records where more than one thing wants it, or nothing may.

use crate::school::*;
use jiff::civil::date;
use model::calendar::*;
use model::timetable::WeeklyRange;
use model::*;

const MONDAY: jiff::civil::Date = date(2026, 9, 7);

fn range(id: i64, weekday: u8, start: u32, end: u32) -> WeeklyRange {
    WeeklyRange {
        id: RangeId(id),
        channel_id: ChannelId(1),
        weekday,
        start_s: start * 60,
        end_s: end * 60,
        subject_id: SubjectId(1),
        teacher_id: TeacherId(1),
    }
}

#[test]
fn a_lesson_cuts_a_weekly_range_in_two() {
    let mut book = school(vec![cell(1, 1, 2, 1)]);
    book.ranges = vec![range(5, 1, 8 * 60, 12 * 60)];
    let expected =
        ["1 5-20260907 08:00-08:55", "1 c1-20260907-p2-0-v1 08:55-09:40", "1 5-20260907 09:40-12:00"];
    assert_eq!(recorded(&book, MONDAY), expected);
    let lessons = book.expand(MONDAY).lessons;
    let by = lesson("c1-20260907-p2-0");
    assert_eq!(lessons[0].trace.last(), Some(&Step::RangeCut { range: RangeId(5), by }));
    assert_eq!(
        conflict::range_conflicts(&lessons),
        [conflict::RangeConflict { range: RangeId(5), lesson: by }]
    );
}

#[test]
fn an_extended_lesson_ends_when_the_next_one_begins() {
    let book = school(vec![cell(1, 1, 1, 1), cell(1, 1, 2, 2)]);
    let first = lesson("c1-20260907-p1-0");
    let book = book.supposing(Op::Retime { lesson: first, start_s: 28_800, end_s: 33_600 }, "");
    let expected = ["1 c1-20260907-p1-0-v1 08:00-08:55", "1 c1-20260907-p2-0-v1 08:55-09:40"];
    assert_eq!(recorded(&book, MONDAY), expected);
    let joined = Step::Joined { channel: ChannelId(1), into: lesson("c1-20260907-p2-0") };
    assert!(book.expand(MONDAY).lessons[0].trace.contains(&joined));
}

#[test]
fn neighbours_are_both_whole() {
    let mut book = school(vec![cell(1, 1, 1, 1), cell(1, 1, 2, 2)]);
    book.calendar.bell_tables[0].periods[1] = period(2, "08:45", "09:30");
    let expected = ["1 c1-20260907-p1-0-v1 08:00-08:45", "1 c1-20260907-p2-0-v1 08:45-09:30"];
    assert_eq!(recorded(&book, MONDAY), expected);
    let lessons = book.expand(MONDAY).lessons;
    assert!(lessons.iter().all(|lesson| matches!(lesson.trace.last(), Some(Step::Channels { .. }))));
}

#[test]
fn two_classes_taught_together_are_one_recording() {
    let hall =
        |class, other| Cell { room: Some(RoomId(2)), with: vec![ClassId(other)], ..cell(class, 1, 1, 1) };
    let book = school(vec![hall(1, 2), hall(2, 1)]);
    assert_eq!(recorded(&book, MONDAY), ["2 c1-20260907-p1-0-v2 08:00-08:45"]);
    let lessons = book.expand(MONDAY).lessons;
    assert_eq!(lessons[0].classes, [ClassId(1), ClassId(2)]);
    let joined = Step::Joined { channel: ChannelId(2), into: lesson("c1-20260907-p1-0") };
    assert_eq!(lessons[1].trace.last(), Some(&joined));
}

#[test]
fn the_day_the_change_the_cell_and_the_class_decide_in_this_order() {
    let on = |book: &Book| book.expand(MONDAY).lessons[0].record;
    let mut book = school(vec![Cell { record: Some(false), ..cell(1, 1, 1, 1) }]);
    assert!(!on(&book));
    assert!(recorded(&book, MONDAY).is_empty());
    let wanted = Op::Record { lesson: lesson("c1-20260907-p1-0"), on: true };
    book = book.supposing(wanted, "");
    assert!(on(&book));
    book.ranges = vec![range(5, 1, 8 * 60, 12 * 60)];
    book.calendar.days = vec![CalendarDay { no_record: true, ..day(MONDAY, DayKind::Teach) }];
    assert!(!on(&book));
    assert_eq!(recorded(&book, MONDAY), [""; 0], "the weekly range neither");
    book.calendar.days[0].no_record = false;
    book.roster.classes.remove(0);
    assert!(!on(&book), "nothing is recorded of a class that has been removed");
}

#[test]
fn weekly_ranges_run_on_holidays_and_outside_terms() {
    let mut book = school(vec![cell(1, 1, 1, 1)]);
    book.ranges = vec![range(5, 1, 8 * 60, 9 * 60)];
    book.calendar.days = vec![day(MONDAY, DayKind::Off)];
    assert_eq!(recorded(&book, MONDAY), ["1 5-20260907 08:00-09:00"]);
    assert_eq!(recorded(&book, date(2026, 8, 24)), ["1 5-20260824 08:00-09:00"]);
}

#[test]
fn the_last_step_says_why_nothing_records_a_lesson() {
    let last = |book: &Book| book.expand(MONDAY).lessons[0].trace.last().cloned().unwrap();
    let mut book = school(vec![cell(1, 1, 1, 1)]);
    book.roster.channels.clear();
    assert_eq!(last(&book), Step::NoChannel { room: RoomId(1) });
    book.roster.classes[0].room_id = None;
    assert_eq!(last(&book), Step::NoRoom);
    book.roster.classes[0].record = false;
    assert!(matches!(last(&book), Step::Record { on: false, .. }));
}
