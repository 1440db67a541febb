//! 调课 代课 换课 停课 加课: what a change does, and when it may be made.

use crate::school::*;
use jiff::civil::date;
use model::calendar::trace::Changed;
use model::calendar::*;
use model::fault::{Fault, Reason};
use model::*;

/// Monday to Friday, periods 1–3, subject = day × 10 + period.
fn week() -> Book {
    let cells = (1..=5).flat_map(|day| (1..=3).map(move |p| cell(1, day, p, i64::from(day * 10 + p))));
    school(cells.chain([cell(2, 1, 1, 99)]).collect())
}

fn with(ops: Vec<Op>) -> Book {
    ops.into_iter().fold(week(), |book, op| book.supposing(op, "校运会"))
}

fn known() -> Known {
    Known {
        classes: [ClassId(1), ClassId(2)].into(),
        subjects: (1..=99).map(SubjectId).collect(),
        teachers: [TeacherId(1)].into(),
        rooms: [RoomId(1), RoomId(2)].into(),
    }
}

#[test]
fn a_swap_across_days_exchanges_subjects_and_keeps_names_and_times() {
    let (a, b) = (lesson("c1-20260907-p1-0"), lesson("c1-20260911-p3-0"));
    let book = with(vec![Op::Swap { a, b }]);
    check_subjects(&book, date(2026, 9, 7), &[53, 12, 13]);
    check_subjects(&book, date(2026, 9, 11), &[51, 52, 11]);
    check_subjects(&book, date(2026, 9, 14), &[11, 12, 13]);
    assert_eq!(
        line(&book.expand(date(2026, 9, 7)).lessons[0]),
        "c1-20260907-p1-0 08:00:00-08:45:00 subject 53 on [1]"
    );
}

#[test]
fn a_lesson_moved_then_swapped_then_cancelled_leaves_its_story_behind() {
    let (from, to) = (lesson("c1-20260907-p1-0"), lesson("c1-20260912-p2-1"));
    let friday = lesson("c1-20260911-p1-0");
    let mut ops = vec![Op::Move { lesson: from, to, room: Some(RoomId(2)) }];
    check_subjects(&with(ops.clone()), date(2026, 9, 7), &[12, 13]);
    // A Saturday, without lessons of its own.
    let saturday = with(ops.clone()).expand(date(2026, 9, 12));
    assert_eq!(line(&saturday.lessons[0]), "c1-20260912-p2-1 08:55:00-09:40:00 subject 11 on [2]");
    ops.push(Op::Swap { a: to, b: friday });
    check_subjects(&with(ops.clone()), date(2026, 9, 12), &[51]);
    check_subjects(&with(ops.clone()), date(2026, 9, 11), &[11, 52, 53]);
    ops.push(Op::Cancel { lesson: to });
    let book = with(ops);
    check_subjects(&book, date(2026, 9, 12), &[]);
    let absent = &book.expand(date(2026, 9, 12)).absent;
    assert_eq!(absent[0].id, to);
    let told: Vec<&Changed> = absent[0]
        .trace
        .iter()
        .filter_map(|step| match step {
            Step::Changed { what, .. } => Some(what),
            _ => None,
        })
        .collect();
    assert_eq!(
        told,
        [&Changed::MovedFrom { from }, &Changed::SwappedWith { with: friday }, &Changed::Cancelled]
    );
}

#[test]
fn a_substitute_changes_what_is_named_and_an_extra_lesson_needs_no_day_of_school() {
    let substitute = Op::Substitute {
        lesson: lesson("c1-20260907-p1-0"),
        teacher: Some(TeacherId(1)),
        subject: None,
        room: Some(RoomId(2)),
    };
    let extra = Op::Extra {
        lesson: lesson("c1-20260912-p4-1"),
        times: Some((68_400, 72_000)),
        subject: SubjectId(7),
        teacher: None,
        room: None,
    };
    let book = with(vec![substitute, extra]);
    let monday = &book.expand(date(2026, 9, 7)).lessons[0];
    assert_eq!(
        (monday.teacher, monday.room, monday.subject),
        (Some(TeacherId(1)), Some(RoomId(2)), SubjectId(11))
    );
    let saturday = book.expand(date(2026, 9, 12));
    assert_eq!(line(&saturday.lessons[0]), "c1-20260912-p4-1 19:00:00-20:00:00 subject 7 on [1]");
}

#[test]
fn a_change_of_a_lesson_that_is_gone_is_idle_and_said_so() {
    let gone = lesson("c1-20260907-p1-0");
    let other = lesson("c1-20260908-p1-0");
    let book = with(vec![Op::Cancel { lesson: gone }, Op::Swap { a: other, b: gone }]);
    check_subjects(&book, date(2026, 9, 8), &[21, 22, 23]);
    let idle = Step::Changed {
        change: ChangeId(2),
        what: Changed::Idle { missing: gone },
        reason: "校运会".to_owned(),
    };
    assert!(book.expand(date(2026, 9, 7)).steps.contains(&idle));
    assert!(book.expand(date(2026, 9, 8)).lessons[0].trace.contains(&idle));
}

#[track_caller]
fn check(op: Op, expected: Result<(), (&str, Reason)>) {
    let checked = op.check(&week(), &known(), date(2026, 9, 7));
    assert_eq!(
        checked,
        expected.map_err(|(field, reason)| Fault { field: Box::leak(field.into()), reason }),
        "{op:?}"
    );
}

#[test]
fn a_change_that_cannot_be_made_is_refused_with_its_field() {
    let here = lesson("c1-20260907-p1-0");
    let cancel = |text| Op::Cancel { lesson: lesson(text) };
    check(cancel("c1-20260907-p1-0"), Ok(()));
    check(cancel("c1-20260904-p1-0"), Err(("lesson", Reason::Past)));
    check(cancel("c1-20260912-p1-0"), Err(("lesson", Reason::NotHeld)));
    check(cancel("c1-20290912-p1-0"), Err(("lesson", Reason::TooManyDays { max: 400 })));
    let retime = |start_s, end_s| Op::Retime { lesson: here, start_s, end_s };
    check(retime(28_800, 28_831), Ok(()));
    check(retime(28_800, 28_830), Err(("end", Reason::TooShort)));
    check(retime(28_800, 28_000), Err(("end", Reason::TooShort)));
    check(retime(80_000, 86_400), Ok(()));
    check(retime(80_000, 86_401), Err(("end", Reason::BadTime)));
    check(retime(86_400, 90_000), Err(("start", Reason::BadTime)));
    let swap = |b| Op::Swap { a: here, b: lesson(b) };
    check(swap("c1-20260908-p1-0"), Ok(()));
    check(swap("c1-20260907-p1-0"), Err(("b", Reason::Itself)));
    check(swap("c2-20260907-p1-0"), Err(("b", Reason::OtherClass)));
    check(swap("c1-20260906-p1-0"), Err(("b", Reason::Past)));
    let to = |to, room| Op::Move { lesson: here, to: lesson(to), room };
    check(to("c1-20260912-p1-1", None), Ok(()));
    check(to("c1-20260912-p1-0", None), Err(("to", Reason::OutOfRange { min: 1, max: 255 })));
    check(to("c2-20260912-p1-1", None), Err(("to", Reason::OtherClass)));
    check(to("c1-20260912-p9-1", None), Err(("to", Reason::NoSuchPeriod)));
    check(to("c1-20260912-p1-1", Some(RoomId(3))), Err(("room", Reason::Unknown)));
    let substitute = |teacher, subject| Op::Substitute { lesson: here, teacher, subject, room: None };
    check(substitute(Some(TeacherId(1)), None), Ok(()));
    check(substitute(None, None), Err(("teacher", Reason::Required)));
    check(substitute(Some(TeacherId(2)), None), Err(("teacher", Reason::Unknown)));
    check(substitute(None, Some(SubjectId(100))), Err(("subject", Reason::Unknown)));
    let extra = |text, times, subject| Op::Extra {
        lesson: lesson(text),
        times,
        subject: SubjectId(subject),
        teacher: None,
        room: None,
    };
    check(extra("c1-20260912-p1-1", None, 1), Ok(()));
    check(extra("c1-20260912-p30-1", Some((68_400, 72_000)), 1), Ok(()));
    check(extra("c1-20260912-p30-1", Some((72_000, 68_400)), 1), Err(("end", Reason::TooShort)));
    check(extra("c1-20260912-p30-1", None, 1), Err(("lesson", Reason::NoSuchPeriod)));
    check(extra("c3-20260912-p1-1", None, 1), Err(("lesson", Reason::Unknown)));
    check(extra("c1-20260912-p1-1", None, 100), Err(("subject", Reason::Unknown)));
    let twice = extra("c1-20260912-p1-1", None, 1);
    let book = week().supposing(twice.clone(), "");
    let doubled = Fault::new("lesson", Reason::Doubled);
    assert_eq!(twice.check(&book, &known(), date(2026, 9, 7)), Err(doubled));
}
