//! What is refused, and where it is.

use crate::school::*;
use jiff::civil::date;
use model::calendar::*;
use model::fault::{Fault, Reason};
use model::*;

/// The faults of a calendar that is right but for one thing.
#[track_caller]
fn check(spoil: impl Fn(&mut Calendar), expected: &[(Place, &'static str, Reason)]) {
    let mut calendar = school(Vec::new()).calendar;
    let term = &mut calendar.terms[0];
    term.weeks = vec![WeekAnchor { date: date(2026, 10, 12), week: 6 }];
    calendar.days = vec![day(date(2026, 10, 1), DayKind::Off), day(date(2026, 10, 2), DayKind::Off)];
    let rule = BellRule { table: 1, from: None, to: None, weekdays: vec![5], grades: vec![GradeId(1)] };
    calendar.bell_rules = vec![rule];
    assert_eq!(calendar.check(), []);
    spoil(&mut calendar);
    let fault = |(place, field, reason): &(Place, &'static str, Reason)| CalendarFault {
        place: place.clone(),
        fault: Fault::new(field, reason.clone()),
    };
    assert_eq!(calendar.check(), expected.iter().map(fault).collect::<Vec<_>>());
}

#[test]
fn a_term_is_refused_by_its_dates_and_anchors() {
    let term = Place::Term { term: 0 };
    check(|c| c.terms[0].name.clear(), &[(term.clone(), "name", Reason::Required)]);
    check(|c| c.terms[0].year = "年".repeat(21), &[(term.clone(), "year", Reason::TooLong { max: 20 })]);
    check(|c| c.terms[0].end = date(2028, 1, 1), &[(term.clone(), "end", Reason::TooManyDays { max: 400 })]);
    let anchor = Place::WeekAnchor { term: 0, anchor: 0 };
    let outside = (anchor.clone(), "date", Reason::OutsideTerm);
    check(|c| c.terms[0].end = date(2026, 8, 1), &[(term, "end", Reason::BeforeStart), outside]);
    check(|c| c.terms[0].weeks[0].week = 61, &[(anchor, "week", Reason::OutOfRange { min: 1, max: 60 })]);
    let second = Place::WeekAnchor { term: 0, anchor: 1 };
    let add =
        |c: &mut Calendar, day| c.terms[0].weeks.push(WeekAnchor { date: date(2026, 10, day), week: 9 });
    check(|c| add(c, 18), &[(second.clone(), "date", Reason::Twice)]);
    check(|c| add(c, 11), &[(second, "date", Reason::NotAscending)]);
    let next = |c: &mut Calendar, start| {
        let term = Term { start, end: date(2027, 7, 1), weeks: Vec::new(), ..c.terms[0].clone() };
        c.terms.push(term);
    };
    check(|c| next(c, date(2027, 1, 30)), &[]);
    check(|c| next(c, date(2027, 1, 29)), &[(Place::Term { term: 1 }, "start", Reason::DatesOverlap)]);
    check(
        |c| c.terms = vec![c.terms[0].clone(); 41],
        &[(Place::Calendar, "terms", Reason::TooMany { max: 40 })],
    );
}

#[test]
fn a_rotation_is_refused_by_its_days() {
    let place = Place::Rotation { term: 0 };
    let rotation = |work_days, rest_days, anchors: Vec<RotationAnchor>| {
        move |c: &mut Calendar| {
            c.terms[0].rotation =
                Some(Rotation { work_days, rest_days, pause_on_off: true, anchors: anchors.clone() });
        }
    };
    check(rotation(8, 3, Vec::new()), &[]);
    check(
        rotation(0, 3, Vec::new()),
        &[(place.clone(), "work_days", Reason::OutOfRange { min: 1, max: 30 })],
    );
    check(rotation(5, 15, Vec::new()), &[(place, "rest_days", Reason::OutOfRange { min: 0, max: 14 })]);
    let at = |date, day| RotationAnchor { date, day };
    let anchor = |n| Place::RotationAnchor { term: 0, anchor: n };
    let high = vec![at(date(2026, 9, 2), 12)];
    check(rotation(8, 3, high), &[(anchor(0), "day", Reason::OutOfRange { min: 1, max: 11 })]);
    let outside = vec![at(date(2026, 8, 31), 1)];
    check(rotation(8, 3, outside), &[(anchor(0), "date", Reason::OutsideTerm)]);
    let twice = vec![at(date(2026, 9, 2), 1), at(date(2026, 9, 2), 2)];
    check(rotation(8, 3, twice), &[(anchor(1), "date", Reason::Twice)]);
}

#[test]
fn a_date_is_refused_when_it_comes_twice_or_makes_up_for_itself() {
    let place = Place::Day { date: date(2026, 10, 2) };
    let set = |kind: DayKind| move |c: &mut Calendar| c.days[1].kind = kind.clone();
    check(|c| c.days.swap(0, 1), &[(Place::Day { date: date(2026, 10, 1) }, "date", Reason::NotAscending)]);
    check(|c| c.days[0].date = date(2026, 10, 2), &[(place.clone(), "date", Reason::Twice)]);
    check(|c| c.days[1].bells = Some(7), &[(place.clone(), "bells", Reason::Unknown)]);
    check(|c| c.days[1].note = "注".repeat(61), &[(place.clone(), "note", Reason::TooLong { max: 60 })]);
    let of = |of| DayKind::MakeUp { of };
    check(set(of(MakeUpOf::Unanswered)), &[]);
    check(set(of(MakeUpOf::Date(date(2026, 10, 5)))), &[]);
    check(set(of(MakeUpOf::Date(date(2026, 10, 2)))), &[(place.clone(), "of", Reason::Itself)]);
    check(set(of(MakeUpOf::Day(7))), &[]);
    check(set(of(MakeUpOf::Day(8))), &[(place, "of", Reason::OutOfRange { min: 1, max: 7 })]);
}

#[test]
fn a_bell_table_is_refused_by_its_rows_and_a_rule_by_what_it_names() {
    let row = |period| Place::Period { table: 0, period };
    let periods = |c: &mut Calendar| std::mem::take(&mut c.bell_tables[0].periods);
    check(|c| drop(periods(c)), &[(Place::Table { table: 0 }, "periods", Reason::Required)]);
    check(|c| c.bell_tables[0].periods[1].no = 1, &[(row(1), "no", Reason::Twice)]);
    check(|c| c.bell_tables[0].periods[1].no = 41, &[(row(1), "no", Reason::OutOfRange { min: 1, max: 40 })]);
    check(|c| c.bell_tables[0].periods[0].label.clear(), &[(row(0), "label", Reason::Required)]);
    check(|c| c.bell_tables[0].periods[3].end_s = 86_401, &[(row(3), "end", Reason::BadTime)]);
    check(|c| c.bell_tables[0].periods[3].end_s = 39_330, &[(row(3), "end", Reason::TooShort)]);
    let over = Reason::Overlap { start_s: 28_800, end_s: 31_500 };
    check(|c| c.bell_tables[0].periods[1].start_s = 31_499, &[(row(1), "start", over)]);
    check(|c| c.bell_tables[0].periods[1].start_s = 31_500, &[]);
    let twin = |c: &mut Calendar| c.bell_tables.push(c.bell_tables[0].clone());
    check(twin, &[(Place::Table { table: 1 }, "id", Reason::Twice)]);
    let rule = Place::Rule { rule: 0 };
    check(|c| c.bell_rules[0].table = 2, &[(rule.clone(), "table", Reason::Unknown)]);
    check(
        |c| c.bell_rules[0].weekdays = vec![0],
        &[(rule.clone(), "weekdays", Reason::OutOfRange { min: 1, max: 7 })],
    );
    check(|c| c.bell_rules[0].weekdays = vec![5, 5], &[(rule.clone(), "weekdays", Reason::Twice)]);
    let backwards = |c: &mut Calendar| {
        (c.bell_rules[0].from, c.bell_rules[0].to) = (Some(date(2026, 10, 2)), Some(date(2026, 10, 1)));
    };
    check(backwards, &[(rule, "to", Reason::BeforeStart)]);
}

#[test]
fn a_calendar_of_nonsense_has_a_bounded_list_of_faults() {
    let mut calendar = school(Vec::new()).calendar;
    calendar.days = vec![CalendarDay { bells: Some(9), ..day(date(2026, 9, 1), DayKind::Off) }; 2_000];
    assert_eq!(calendar.check().len(), check::FAULTS_MAX);
}

/// The faults of two cells, the second one spoilt: index, the other one, field, reason.
#[track_caller]
fn check_cells(spoil: impl Fn(&mut Cell), expected: &[(usize, Option<usize>, &'static str, Reason)]) {
    let book = school(Vec::new());
    let known = Known {
        classes: [ClassId(1), ClassId(2)].into(),
        subjects: [SubjectId(1)].into(),
        teachers: [TeacherId(1)].into(),
        rooms: [RoomId(1)].into(),
    };
    let mut cells = vec![cell(1, 1, 1, 1), cell(1, 1, 2, 1)];
    spoil(&mut cells[1]);
    let fault = |(cell, other, field, reason): &(usize, Option<usize>, &'static str, Reason)| CellFault {
        cell: *cell,
        other: *other,
        fault: Fault::new(field, reason.clone()),
    };
    let found = Timetable { cells }.check(&book.calendar, &known);
    assert_eq!(found, expected.iter().map(fault).collect::<Vec<_>>());
}

#[test]
fn a_cell_is_refused_by_what_it_names_and_where_it_lies() {
    let one = |field, reason| [(1, None, field, reason)];
    check_cells(|_| {}, &[]);
    check_cells(|c| c.class = ClassId(3), &one("class", Reason::Unknown));
    check_cells(|c| c.subject = SubjectId(3), &one("subject", Reason::Unknown));
    check_cells(|c| c.teacher = Some(TeacherId(3)), &one("teacher", Reason::Unknown));
    check_cells(|c| c.room = Some(RoomId(3)), &one("room", Reason::Unknown));
    check_cells(|c| c.day = 8, &one("day", Reason::OutOfRange { min: 1, max: 7 }));
    check_cells(|c| c.period = 5, &one("period", Reason::NoSuchPeriod));
    check_cells(|c| c.period = 41, &one("period", Reason::OutOfRange { min: 1, max: 40 }));
    check_cells(|c| c.span = 5, &one("span", Reason::OutOfRange { min: 1, max: 4 }));
    check_cells(|c| c.weeks = Weeks::List([].into()), &one("weeks", Reason::Required));
    let week = Reason::OutOfRange { min: 1, max: 60 };
    check_cells(|c| c.weeks = Weeks::List([3, 61].into()), &one("weeks", week));
    let from = Reason::OutOfRange { min: 1, max: 3 };
    check_cells(|c| c.weeks = Weeks::Mod { every: 3, from: 4 }, &one("weeks", from));
    check_cells(|c| c.with = vec![ClassId(2)], &[]);
    check_cells(|c| c.with = vec![ClassId(1)], &one("with", Reason::Itself));
    check_cells(|c| c.with = vec![ClassId(4)], &one("with", Reason::Unknown));
    check_cells(|c| c.with = vec![ClassId(2), ClassId(2)], &one("with", Reason::NotAscending));
}

#[test]
fn two_cells_of_a_class_may_share_a_slot_only_in_different_weeks() {
    let doubled = [(1, Some(0), "period", Reason::Doubled)];
    check_cells(|c| c.period = 1, &doubled);
    check_cells(|c| (c.period, c.class) = (1, ClassId(2)), &[]);
    check_cells(|c| (c.period, c.day) = (1, 2), &[]);
    check_cells(|c| (c.period, c.weeks) = (1, Weeks::Odd), &doubled);
    let known = Known { classes: [ClassId(1)].into(), subjects: [SubjectId(1)].into(), ..Known::default() };
    let calendar = school(Vec::new()).calendar;
    let faults = |cells| Timetable { cells }.check(&calendar, &known).len();
    assert_eq!(faults(vec![cell_in("odd", 1, 1, 1, 1), cell_in("even", 1, 1, 1, 1)]), 0);
    assert_eq!(faults(vec![Cell { span: 2, ..cell(1, 1, 1, 1) }, cell(1, 1, 2, 1)]), 1);
    assert_eq!(faults(vec![Cell { span: 2, ..cell(1, 1, 1, 1) }, cell(1, 1, 3, 1)]), 0);
    let mut calendar = calendar.clone();
    calendar.bell_tables[0].periods[2].kind = PeriodKind::Break;
    let found = Timetable { cells: vec![cell(1, 1, 3, 1)] }.check(&calendar, &known);
    assert_eq!(found[0].fault, Fault::new("period", Reason::NoSuchPeriod));
}

#[test]
fn the_reason_of_a_change_is_short() {
    assert_eq!(check_change::check_reason(" 校运会 "), Ok("校运会".to_owned()));
    assert!(check_change::check_reason(&"长".repeat(121)).is_err());
}
