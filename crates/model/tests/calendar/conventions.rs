//! What a Chinese school expects of its calendar (study §5), and what the clocks of the world do to it.

use crate::school::*;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use model::calendar::*;
use model::*;
use std::sync::Arc;

#[test]
fn a_big_week_has_saturday_lessons_and_a_small_week_has_none() {
    // 大小周: Saturday's cell runs in odd weeks; the week of 1 September is week 1.
    let book = school(vec![cell(1, 5, 1, 5), cell_in("odd", 1, 6, 1, 6)]);
    check_subjects(&book, date(2026, 9, 5), &[6]);
    check_subjects(&book, date(2026, 9, 12), &[]);
    check_subjects(&book, date(2026, 9, 19), &[6]);
    check_subjects(&book, date(2026, 9, 11), &[5]);
    let small = book.expand(date(2026, 9, 12));
    assert_eq!(small.absent.len(), 1);
    assert_eq!(small.absent[0].trace, [Step::Weeks { weeks: Weeks::Odd, week: 2, runs: false }]);
}

#[test]
fn eight_days_on_and_three_off_run_through_weekends_and_stand_still_on_holidays() {
    let mut book = school((1..=8).map(|day| cell(1, day, 1, day.into())).collect());
    let rotation = Rotation { work_days: 8, rest_days: 3, pause_on_off: true, anchors: Vec::new() };
    book.calendar.terms[0].rotation = Some(rotation);
    book.calendar.days = vec![day(date(2026, 9, 14), DayKind::Off)];
    let expected: [&[i64]; 16] = [
        &[1],
        &[2],
        &[3],
        &[4],
        &[5],
        &[6],
        &[7],
        &[8], // 1–8 September, Saturday and Sunday too
        &[],
        &[],
        &[], // rest
        &[1],
        &[2],
        &[],
        &[3],
        &[4], // the 14th is off and does not count
    ];
    for (n, subjects) in expected.iter().enumerate() {
        check_subjects(&book, date(2026, 9, 1 + n as i8), subjects);
    }
    // Without the pause the 15th is day 4; an anchor makes it day 8.
    let rotation = book.calendar.terms[0].rotation.as_mut().unwrap();
    rotation.pause_on_off = false;
    check_subjects(&book, date(2026, 9, 15), &[4]);
    book.calendar.terms[0].rotation.as_mut().unwrap().anchors =
        vec![RotationAnchor { date: date(2026, 9, 15), day: 8 }];
    check_subjects(&book, date(2026, 9, 14), &[]);
    check_subjects(&book, date(2026, 9, 15), &[8]);
    check_subjects(&book, date(2026, 9, 16), &[]);
}

fn national_day(of: MakeUpOf) -> Book {
    let mut book =
        school((1..=5).flat_map(|day| [cell(1, day, 1, day.into()), cell_in("odd", 1, day, 2, 9)]).collect());
    let off = (1..=7).map(|n| day(date(2026, 10, n), DayKind::Off));
    book.calendar.days = off.chain([day(date(2026, 10, 10), DayKind::MakeUp { of })]).collect();
    book
}

#[test]
fn a_make_up_saturday_runs_nothing_until_somebody_says_whose_lessons() {
    let saturday = date(2026, 10, 10);
    let book = national_day(MakeUpOf::Unanswered);
    check_subjects(&book, saturday, &[]);
    assert_eq!(book.expand(saturday).steps.last(), Some(&Step::MakesUpNothing { of: MakeUpOf::Unanswered }));
    check_subjects(&book, date(2026, 10, 1), &[]);
    check_subjects(&book, date(2026, 10, 8), &[4]);
    // Wednesday's column in the Saturday's own week, which is week 6.
    check_subjects(&national_day(MakeUpOf::Day(3)), saturday, &[3]);
    // Thursday 1 October, which was off: its column and its week, 5.
    let book = national_day(MakeUpOf::Date(date(2026, 10, 1)));
    check_subjects(&book, saturday, &[4, 9]);
    assert_eq!(book.expand(saturday).week, Some(6));
}

#[test]
fn odd_and_even_weeks_go_on_as_the_school_anchors_them() {
    let mut book = school(vec![cell_in("odd", 1, 1, 1, 1), cell_in("even", 1, 1, 1, 2)]);
    check_subjects(&book, date(2026, 10, 12), &[1]);
    // The holiday week shall not count: the week of Wednesday the 14th is the 6th.
    book.calendar.terms[0].weeks = vec![WeekAnchor { date: date(2026, 10, 14), week: 6 }];
    check_subjects(&book, date(2026, 10, 5), &[2]);
    check_subjects(&book, date(2026, 10, 12), &[2]);
    check_subjects(&book, date(2026, 10, 19), &[1]);
    assert_eq!(book.expand(date(2026, 10, 18)).week, Some(6));
}

#[test]
fn short_bells_ring_on_friday_and_a_grade_has_its_own() {
    let mut book = school(vec![cell(1, 4, 2, 1), cell(1, 5, 2, 1), cell(2, 5, 2, 2)]);
    let short = vec![period(1, "08:00", "08:30"), period(2, "08:35", "09:05")];
    book.calendar.bell_tables.push(table(2, "周五短课", short));
    let rule = BellRule { table: 2, from: None, to: None, weekdays: vec![5], grades: Vec::new() };
    // Named by nothing, and later in the list: Friday is more specific all the same.
    let always = BellRule { table: 1, weekdays: Vec::new(), ..rule.clone() };
    book.calendar.bell_rules = vec![rule.clone(), always];
    let lines = |book: &Book, date| book.expand(date).lessons.iter().map(line).collect::<Vec<_>>();
    assert_eq!(lines(&book, date(2026, 9, 3)), ["c1-20260903-p2-0 08:55:00-09:40:00 subject 1 on [1]"]);
    assert_eq!(
        lines(&book, date(2026, 9, 4)),
        [
            "c1-20260904-p2-0 08:35:00-09:05:00 subject 1 on [1]",
            "c2-20260904-p2-0 08:35:00-09:05:00 subject 2 on [2]"
        ]
    );
    book.calendar.bell_rules.push(BellRule {
        table: 1,
        weekdays: Vec::new(),
        grades: vec![GradeId(2)],
        ..rule
    });
    assert_eq!(lines(&book, date(2026, 9, 4))[1], "c2-20260904-p2-0 08:55:00-09:40:00 subject 2 on [2]");
}

#[test]
fn two_periods_on_end_skip_the_break_between_them() {
    let mut book = school(vec![Cell { span: 2, ..cell(1, 2, 2, 1) }, Cell { span: 3, ..cell(1, 2, 4, 2) }]);
    let rest = Period { kind: PeriodKind::Break, ..period(9, "09:40", "10:00") };
    book.calendar.bell_tables[0].periods.insert(2, rest);
    let lines: Vec<String> = book.expand(date(2026, 9, 1)).lessons.iter().map(line).collect();
    assert_eq!(
        lines,
        [
            "c1-20260901-p2-0 08:55:00-10:45:00 subject 1 on [1]",
            // There is no period after the fourth: it ends with it.
            "c1-20260901-p4-0 10:55:00-11:40:00 subject 2 on [1]"
        ]
    );
}

#[test]
fn a_version_holds_from_its_date_on_and_the_days_before_stay() {
    let mut book = school(vec![cell(1, 2, 1, 1)]);
    let published = |no, from, subject| Version {
        no,
        from,
        timetable: Arc::new(Timetable { cells: vec![cell(1, 2, 1, subject)] }),
    };
    book.versions.push(published(2, date(2026, 9, 15), 2));
    // Roll back: the first one once more, from the same date.
    book.versions.push(published(3, date(2026, 9, 22), 3));
    book.versions.push(published(4, date(2026, 9, 22), 1));
    for (day, subject) in [(8, 1), (15, 2), (22, 1), (29, 1)] {
        check_subjects(&book, date(2026, 9, day), &[subject]);
    }
    let first = Version { from: date(2026, 9, 9), ..published(1, date(2026, 9, 9), 1) };
    book.versions = vec![first];
    assert_eq!(book.expand(date(2026, 9, 8)).steps.last(), Some(&Step::NoVersion));
    check_subjects(&book, date(2026, 9, 8), &[]);
}

/// Minutes of the one lesson of a date, and the Unix ms of its start.
fn lasts(zone: &str, date: Date, start: &str, end: &str) -> Option<i64> {
    let mut book = school((1..=7).map(|day| cell(1, day, 1, 1)).collect());
    book.zone = TimeZone::get(zone).unwrap();
    book.calendar.terms[0].start = date;
    book.calendar.terms[0].end = date;
    book.versions[0].from = date;
    book.calendar.bell_tables[0].periods = vec![period(1, start, end)];
    let day = book.expand(date);
    let lesson = day.lessons.first()?;
    Some((lesson.end_at_ms - lesson.start_at_ms) / 60_000)
}

#[test]
fn lord_howe_changes_its_clocks_by_half_an_hour() {
    let zone = "Australia/Lord_Howe";
    assert_eq!(lasts(zone, date(2026, 10, 4), "01:30", "02:45"), Some(45));
    assert_eq!(lasts(zone, date(2027, 4, 4), "01:00", "02:00"), Some(90));
    assert_eq!(lasts(zone, date(2027, 4, 5), "01:00", "02:00"), Some(60));
}

#[test]
fn a_skipped_time_is_moved_on_and_a_skipped_date_holds_nothing() {
    // RFC 5545 §3.3.5: 02:10 does not exist in Chicago that day and is read as 03:10.
    assert_eq!(lasts("America/Chicago", date(2027, 3, 14), "02:10", "02:50"), Some(40));
    assert_eq!(lasts("America/Chicago", date(2027, 3, 14), "02:10", "03:00"), None);
    assert_eq!(lasts("Pacific/Apia", date(2011, 12, 29), "08:00", "08:45"), Some(45));
    assert_eq!(lasts("Pacific/Apia", date(2011, 12, 30), "08:00", "08:45"), None);
    // Midnight itself was skipped in São Paulo, and repeated in February.
    assert_eq!(lasts("America/Sao_Paulo", date(2018, 11, 4), "00:00", "02:00"), Some(60));
    assert_eq!(lasts("America/Sao_Paulo", date(2019, 2, 16), "22:00", "24:00"), Some(180));
}
