//! What no school has and an upload may: the engine answers all the same, and soon.

use crate::school::*;
use model::calendar::conflict::{CONFLICTS_MAX, Wanted, cell_conflicts};
use model::calendar::grid::CELLS_MAX;
use model::calendar::*;
use model::*;

/// As many cells as a timetable may have, all in one room and period, each of a class of its own.
fn crowd(change: impl Fn(i64, &mut Cell)) -> Vec<Cell> {
    let one = |class: i64| {
        let mut cell = Cell { room: Some(RoomId(1)), teacher: Some(TeacherId(1)), ..cell(class, 1, 1, 1) };
        change(class, &mut cell);
        cell
    };
    (1..=CELLS_MAX as i64).map(one).collect()
}

fn judged(cells: Vec<Cell>) -> Vec<Wanted> {
    let book = school(cells);
    let found = cell_conflicts(&book.versions[0].timetable, &book.calendar, &book.roster);
    found.into_iter().map(|conflict| conflict.wanted).collect()
}

/// Refused, and soon: without a limit it would take minutes.
#[track_caller]
fn check(cells: Vec<Cell>) {
    assert_eq!(judged(cells).len(), CONFLICTS_MAX);
}

#[test]
fn forty_thousand_lessons_in_one_room_are_judged_soon() {
    check(crowd(|class, cell| cell.subject = SubjectId(class)));
}

#[test]
fn a_joint_lesson_of_forty_thousand_classes_is_refused_rather_than_compared_for_ever() {
    check(crowd(|_, _| {}));
}

#[test]
fn weeks_that_never_meet_do_not_hide_the_crowd() {
    check(crowd(|class, cell| cell.weeks = if class % 2 == 0 { Weeks::Even } else { Weeks::Odd }));
}

#[test]
fn three_hundred_classes_in_one_hall_are_one_joint_lesson() {
    let hall = |class| Cell { room: Some(RoomId(1)), teacher: Some(TeacherId(1)), ..cell(class, 1, 1, 1) };
    assert_eq!(judged((1..=300).map(hall).collect()), []);
}
