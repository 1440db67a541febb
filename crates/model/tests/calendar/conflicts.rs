//! Who is in two places at once.

use crate::school::*;
use jiff::civil::date;
use model::calendar::conflict::{Wanted, cell_conflicts, lesson_conflicts};
use model::calendar::*;
use model::*;

/// What conflicts among the cells, and among the lessons of a Monday of an odd week.
#[track_caller]
fn check(cells: Vec<Cell>, by_cells: &[Wanted], by_lessons: &[Wanted]) {
    let book = school(cells);
    let found = cell_conflicts(&book.versions[0].timetable, &book.calendar, &book.roster);
    let wanted: Vec<Wanted> = found.iter().map(|conflict| conflict.wanted).collect();
    assert_eq!(wanted, by_cells, "{found:?}");
    assert!(found.iter().all(|conflict| conflict.a <= conflict.b));
    let lessons = book.expand(date(2026, 9, 14)).lessons;
    let wanted: Vec<Wanted> = lesson_conflicts(&lessons).iter().map(|conflict| conflict.wanted).collect();
    assert_eq!(wanted, by_lessons);
}

fn taught(class: i64, period: u8, teacher: i64) -> Cell {
    Cell { teacher: Some(TeacherId(teacher)), ..cell(class, 1, period, 1) }
}

#[test]
fn a_teacher_in_two_rooms_is_a_conflict_and_neighbours_are_none() {
    check(vec![taught(1, 1, 1), taught(2, 1, 1)], &[Wanted::Teacher], &[Wanted::Teacher]);
    check(vec![taught(1, 1, 1), taught(2, 2, 1)], &[], &[]);
    check(vec![taught(1, 1, 1), taught(2, 1, 2)], &[], &[]);
    // The later one of the pair is the lesser cell.
    let double = Cell { span: 2, ..taught(2, 1, 1) };
    check(vec![double, taught(1, 2, 1)], &[Wanted::Teacher], &[Wanted::Teacher]);
    let monday_and_tuesday = vec![taught(1, 1, 1), Cell { day: 2, ..taught(2, 1, 1) }];
    check(monday_and_tuesday, &[], &[]);
}

#[test]
fn a_room_with_two_lessons_is_a_conflict_unless_they_are_one() {
    let hall = |cell: Cell| Cell { room: Some(RoomId(2)), ..cell };
    check(vec![hall(taught(1, 1, 1)), taught(2, 1, 2)], &[Wanted::Room], &[Wanted::Room]);
    check(vec![hall(taught(1, 1, 1)), taught(2, 1, 1)], &[], &[]);
    let other_subject = Cell { subject: SubjectId(2), ..hall(taught(1, 1, 1)) };
    let both = [Wanted::Room, Wanted::Teacher];
    check(vec![other_subject, taught(2, 1, 1)], &both, &both);
}

#[test]
fn a_class_taken_along_cannot_have_a_lesson_of_its_own() {
    let with = Cell { with: vec![ClassId(2)], ..taught(1, 1, 1) };
    check(vec![with.clone(), taught(2, 1, 2)], &[Wanted::Class], &[Wanted::Class]);
    // The other class has the same lesson in its own timetable: 合班.
    check(vec![with, taught(2, 1, 1)], &[], &[]);
}

#[test]
fn odd_weeks_do_not_meet_even_ones() {
    let odd = Cell { weeks: Weeks::Odd, ..taught(1, 1, 1) };
    let even = Cell { weeks: Weeks::Even, ..taught(2, 1, 1) };
    check(vec![odd.clone(), even], &[], &[]);
    let list = Cell { weeks: "2,4,7".parse().unwrap(), ..taught(2, 1, 1) };
    // They meet in week 7; the Monday of the example is in week 3.
    check(vec![odd, list], &[Wanted::Teacher], &[]);
}

#[test]
fn two_periods_on_end_reach_into_the_next() {
    let double = Cell { span: 2, ..taught(1, 1, 1) };
    check(vec![double, taught(2, 2, 1)], &[Wanted::Teacher], &[Wanted::Teacher]);
}

#[test]
fn bells_decide_and_not_the_number_of_the_period() {
    let mut book = school(vec![taught(1, 1, 1), taught(2, 2, 1)]);
    let late = vec![period(1, "07:00", "07:40"), period(2, "08:30", "09:10")];
    book.calendar.bell_tables.push(table(2, "低年级", late));
    let found = |book: &Book| cell_conflicts(&book.versions[0].timetable, &book.calendar, &book.roster).len();
    assert_eq!(found(&book), 0);
    let rule = BellRule { table: 2, from: None, to: None, weekdays: Vec::new(), grades: vec![GradeId(2)] };
    book.calendar.bell_rules = vec![rule];
    assert_eq!(found(&book), 1);
    assert_eq!(lesson_conflicts(&book.expand(date(2026, 9, 14)).lessons).len(), 1);
}

#[test]
fn lessons_without_a_break_between_them_are_neighbours() {
    let mut book = school(vec![taught(1, 1, 1), taught(2, 2, 1)]);
    book.calendar.bell_tables[0].periods[1] = period(2, "08:45", "09:30");
    assert_eq!(cell_conflicts(&book.versions[0].timetable, &book.calendar, &book.roster), []);
    assert_eq!(lesson_conflicts(&book.expand(date(2026, 9, 14)).lessons), []);
}

#[test]
fn a_class_is_never_taught_together_with_itself() {
    let double = Cell { span: 2, ..taught(1, 1, 1) };
    let all = [Wanted::Class, Wanted::Room, Wanted::Teacher];
    check(vec![double, taught(1, 2, 1)], &all, &all);
}

#[test]
fn two_classes_whose_rooms_nobody_knows_are_not_in_one_room() {
    let mut book = school(vec![taught(1, 1, 1), taught(2, 1, 1)]);
    book.roster.classes.iter_mut().for_each(|class| class.room_id = None);
    let found = cell_conflicts(&book.versions[0].timetable, &book.calendar, &book.roster);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].wanted, Wanted::Teacher);
}

#[test]
fn columns_are_weekdays_only_where_no_term_has_a_rotation() {
    let mut book = school(vec![taught(1, 1, 1), taught(2, 2, 1)]);
    let late = vec![period(1, "08:00", "08:45"), period(2, "08:30", "09:10")];
    book.calendar.bell_tables.push(table(2, "周一", late));
    let rule = BellRule { table: 2, from: None, to: None, weekdays: vec![1], grades: Vec::new() };
    book.calendar.bell_rules = vec![rule];
    let found = |book: &Book| cell_conflicts(&book.versions[0].timetable, &book.calendar, &book.roster).len();
    assert_eq!(found(&book), 1);
    book.calendar.bell_rules[0].weekdays = vec![2];
    assert_eq!(found(&book), 0);
    book.calendar.bell_rules[0].weekdays = vec![1];
    let rotation = Rotation { work_days: 8, rest_days: 3, pause_on_off: true, anchors: Vec::new() };
    book.calendar.terms[0].rotation = Some(rotation);
    assert_eq!(found(&book), 0);
}
