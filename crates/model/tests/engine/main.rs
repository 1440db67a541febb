//! The engine against a slow, obvious reference on 100,000 generated schools, and every trace against what it explains.

#![allow(missing_docs, clippy::unwrap_used, reason = "in a test a panic is the report")]

mod explain;
mod generate;
mod reference;

use explain::{Reader, Told};
use generate::Case;
use jiff::ToSpan;
use jiff::civil::Date;
use model::calendar::trace::Changed;
use model::calendar::*;
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// Four of them run side by side: 100,000 in all.
const CASES: u32 = 25_000;
/// Least number of cases of a quarter in which each kind of step occurs: the generator reaches every rule.
const OCCURS_MIN: u32 = 60;

/// Whether a year ends or the clocks change between the first and the last moment of the dates.
fn crosses(case: &Case) -> bool {
    let last = case.from + i64::from(case.days - 1).days();
    let offset = |date: Date| {
        let midnight = reference::instant(&case.book, date, 0);
        case.book.zone.to_offset(jiff::Timestamp::from_millisecond(midnight).unwrap())
    };
    let dates = (0..i64::from(case.days)).map(|n| case.from + n.days());
    let offsets: BTreeSet<_> = dates.map(offset).collect();
    case.from.year() != last.year() || offsets.len() > 1
}

fn kind(step: &Step) -> &'static str {
    match step {
        Step::NoTerm => "no term",
        Step::Term { .. } => "term",
        Step::CalendarDay { .. } => "calendar day",
        Step::MakesUp { .. } => "makes up",
        Step::MakesUpNothing { .. } => "makes up nothing",
        Step::Weekday { .. } => "weekday",
        Step::RotationDay { .. } => "rotation day",
        Step::Version { .. } => "version",
        Step::NoVersion => "no version",
        Step::Weeks { .. } => "weeks",
        Step::Doubled => "doubled",
        Step::Bells { .. } => "bells",
        Step::NoPeriod { .. } => "no period",
        Step::Times { .. } => "times",
        Step::Vanished => "vanished",
        Step::Record { .. } => "record",
        Step::NoRoom => "no room",
        Step::NoChannel { .. } => "no channel",
        Step::Channels { .. } => "channels",
        Step::Joined { .. } => "joined",
        Step::RangeCut { .. } => "range cut",
        Step::Changed { what, .. } => match what {
            Changed::Cancelled => "cancelled",
            Changed::Substituted => "substituted",
            Changed::MovedTo { .. } => "moved to",
            Changed::MovedFrom { .. } => "moved from",
            Changed::SwappedWith { .. } => "swapped",
            Changed::Added => "added",
            Changed::Retimed => "retimed",
            Changed::Idle { .. } => "idle",
        },
    }
}

/// Kinds of steps there are.
const KINDS: usize = 29;

fn all_steps(days: &[Day]) -> impl Iterator<Item = &Step> {
    days.iter().flat_map(|day| {
        let lessons = day.lessons.iter().flat_map(|lesson| &lesson.trace);
        day.steps.iter().chain(lessons).chain(day.absent.iter().flat_map(|absent| &absent.trace))
    })
}

/// Lessons, absences, weeks, columns, versions, idle changes, spans.
fn equals_the_reference(case: &Case, days: &[Day], spans: &[Span]) {
    let outcome = reference::outcome(&case.book, case.from, case.days);
    let reader = Reader::new(&case.book, days);
    for day in days {
        let expected = &outcome.days[&day.date];
        assert_eq!(
            (day.week, day.column, day.no_record),
            (expected.week, expected.column, expected.no_record),
            "{}",
            day.date
        );
        let (running, version) = reader.running(day.date);
        assert_eq!((running.map(|(column, _)| column), version), (day.column, expected.version));
        let bare = |lesson: &Lesson| Lesson { trace: Vec::new(), ..lesson.clone() };
        let lessons: Vec<Lesson> = day.lessons.iter().map(bare).collect();
        assert_eq!(lessons, expected.lessons, "{}", day.date);
        let absent: Vec<_> = day.absent.iter().map(|absent| (absent.id, absent.subject)).collect();
        assert_eq!(absent, expected.absent, "{}", day.date);
    }
    let idle: BTreeSet<_> = all_steps(days)
        .filter_map(|step| match step {
            Step::Changed { change, what: Changed::Idle { .. }, .. } => Some(*change),
            _ => None,
        })
        .collect();
    assert_eq!(idle, outcome.idle);
    assert_eq!(spans, outcome.spans);
    let (from, count) = case.part;
    let (first, last) = (
        reference::instant(&case.book, from, 0),
        reference::instant(&case.book, from + i64::from(count).days(), 0),
    );
    let part: Vec<Span> = outcome
        .spans
        .into_iter()
        .filter(|span| first <= span.start_at_ms && span.start_at_ms < last)
        .collect();
    assert_eq!(case.book.spans(from, count), part);
}

/// Every trace alone gives the outcome of its lesson.
fn is_explained(case: &Case, days: &[Day], spans: &[Span]) {
    let reader = Reader::new(&case.book, days);
    let mut recorded: BTreeMap<&str, i64> = BTreeMap::new();
    for span in spans {
        *recorded.entry(&span.key).or_default() += span.end_at_ms - span.start_at_ms;
    }
    for lesson in days.iter().flat_map(|day| &day.lessons) {
        let told = reader.told(lesson.id, &lesson.trace, lesson.subject);
        let expected = Told {
            held: true,
            subject: lesson.subject,
            teacher: lesson.teacher,
            room: lesson.room,
            classes: lesson.classes.clone(),
            times: Some((lesson.start_s, lesson.end_s)),
            record: lesson.record,
            channels: lesson.channels.clone(),
            joined: told.joined.clone(),
        };
        assert_eq!(told, expected, "{}", lesson.id);
        for channel in &lesson.channels {
            let key = LessonKey::Lesson { id: lesson.id, channel: *channel }.to_string();
            let whole = recorded.get(key.as_str()) == Some(&(lesson.end_at_ms - lesson.start_at_ms));
            let joined = told.joined.iter().any(|(other, _)| other == channel);
            assert_eq!(whole, !joined, "{key}");
        }
    }
    for absent in days.iter().flat_map(|day| &day.absent) {
        let told = reader.told(absent.id, &absent.trace, absent.subject);
        assert_eq!((told.held, told.subject), (false, absent.subject), "{}", absent.id);
        let why = absent.trace.last().map(kind).unwrap();
        let reasons = ["weeks", "doubled", "no period", "vanished", "cancelled", "moved to"];
        assert!(reasons.contains(&why), "{} is absent by {why}", absent.id);
    }
}

fn quarter(seed: u8) {
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let tally = RefCell::new((0, 0, BTreeMap::<&str, u32>::new()));
    let checked = runner.run(&vec(any::<u64>(), 100..140), |numbers| {
        let case = generate::case(&numbers);
        let days = case.book.expand_days(case.from, case.days);
        let spans = case.book.spans(case.from, case.days);
        equals_the_reference(&case, &days, &spans);
        is_explained(&case, &days, &spans);
        // One date by itself is the same as among the others.
        assert_eq!(Some(&case.book.expand(case.part.0)), days.iter().find(|day| day.date == case.part.0));
        let mut tally = tally.borrow_mut();
        tally.0 += 1;
        tally.1 += u32::from(crosses(&case));
        for kind in all_steps(&days).map(kind).collect::<BTreeSet<_>>() {
            *tally.2.entry(kind).or_default() += 1;
        }
        Ok(())
    });
    match checked {
        Ok(()) => {}
        Err(TestError::Fail(why, numbers)) => panic!("{why}\n{:#?}", generate::case(&numbers)),
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
    let (cases, crossing, kinds) = tally.into_inner();
    eprintln!("{cases} cases, {crossing} across a year's end or a change of the clocks; {kinds:?}");
    assert_eq!(cases, CASES);
    assert!(crossing * 2 >= cases, "{crossing} of {cases}");
    assert!(kinds.len() == KINDS && kinds.values().all(|count| *count >= OCCURS_MIN), "{kinds:?}");
}

#[test]
fn the_engine_equals_the_reference_first_quarter() {
    quarter(1);
}

#[test]
fn the_engine_equals_the_reference_second_quarter() {
    quarter(2);
}

#[test]
fn the_engine_equals_the_reference_third_quarter() {
    quarter(3);
}

#[test]
fn the_engine_equals_the_reference_fourth_quarter() {
    quarter(4);
}
