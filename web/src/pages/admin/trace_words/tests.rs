use super::*;
use jiff::civil::date as day;
use jiff::tz::TimeZone;
use model::calendar::trace::Changed;
use model::calendar::{Calendar, Change, LessonId, Op, Roster, Weeks};
use model::{ChangeId, ChannelId, ClassId, RangeId, RoomId, SubjectId, TeacherId};

/// Names without a Chinese character, so that English sentences can be looked through.
struct Plain;

impl Names for Plain {
    fn class(&self, id: ClassId) -> Option<String> {
        Some(format!("C{id}"))
    }
    fn room(&self, _: RoomId) -> Option<String> {
        Some("301".to_owned())
    }
    fn channel(&self, id: ChannelId) -> Option<String> {
        Some(format!("V{id}"))
    }
    fn subject(&self, _: SubjectId) -> Option<String> {
        Some("Maths".to_owned())
    }
    fn teacher(&self, _: TeacherId) -> Option<String> {
        Some("Wang".to_owned())
    }
}

fn id() -> LessonId {
    LessonId { class: ClassId(3), date: day(2026, 11, 20), period: 3, n: 0 }
}

/// A number for each variant; a new one does not compile until it has a number, and then fails until it has a sample.
fn number(step: &Step) -> usize {
    match step {
        Step::NoTerm => 0,
        Step::Term { .. } => 1,
        Step::CalendarDay { kind: DayKind::Teach, .. } => 2,
        Step::CalendarDay { kind: DayKind::Off, .. } => 3,
        Step::CalendarDay { kind: DayKind::Exam, .. } => 4,
        Step::CalendarDay { kind: DayKind::MakeUp { of }, .. } => 5 + of_number(of),
        Step::MakesUp { of, .. } => 8 + of_number(of),
        Step::MakesUpNothing { of } => 11 + of_number(of),
        Step::Weekday { .. } => 14,
        Step::RotationDay { day, work_days } => 15 + usize::from(day > work_days),
        Step::Version { .. } => 17,
        Step::NoVersion => 18,
        Step::Weeks { runs, .. } => 19 + usize::from(*runs),
        Step::Doubled => 21,
        Step::Bells { by: BellsBy::Day, .. } => 22,
        Step::Bells { by: BellsBy::Rule { .. }, .. } => 23,
        Step::Bells { by: BellsBy::Default, .. } => 24,
        Step::NoPeriod { .. } => 25,
        Step::Times { .. } => 26,
        Step::Vanished => 27,
        Step::Changed { what, .. } => 28 + changed_number(what),
        Step::Record { on, by } => 36 + record_number(by) * 2 + usize::from(*on),
        Step::NoRoom => 44,
        Step::NoChannel { .. } => 45,
        Step::Channels { .. } => 46,
        Step::Joined { .. } => 47,
        Step::RangeCut { .. } => 48,
    }
}

fn of_number(of: &MakeUpOf) -> usize {
    match of {
        MakeUpOf::Unanswered => 0,
        MakeUpOf::Date(_) => 1,
        MakeUpOf::Day(_) => 2,
    }
}

fn changed_number(what: &Changed) -> usize {
    match what {
        Changed::Cancelled => 0,
        Changed::Substituted => 1,
        Changed::MovedTo { .. } => 2,
        Changed::MovedFrom { .. } => 3,
        Changed::SwappedWith { .. } => 4,
        Changed::Added => 5,
        Changed::Retimed => 6,
        Changed::Idle { .. } => 7,
    }
}

fn record_number(by: &RecordBy) -> usize {
    match by {
        RecordBy::Day => 0,
        RecordBy::Change { .. } => 1,
        RecordBy::Cell => 2,
        RecordBy::Class { .. } => 3,
    }
}

fn every_step() -> Vec<Step> {
    let note = || "note".to_owned();
    let all_of = || [MakeUpOf::Unanswered, MakeUpOf::Date(day(2026, 10, 8)), MakeUpOf::Day(4)];
    let mut steps = vec![
        Step::NoTerm,
        Step::Term { year: "2026".to_owned(), name: "T1".to_owned(), week: 12 },
        Step::CalendarDay { kind: DayKind::Teach, note: String::new() },
        Step::CalendarDay { kind: DayKind::Off, note: note() },
        Step::CalendarDay { kind: DayKind::Exam, note: note() },
        Step::Weekday { column: 5 },
        Step::RotationDay { day: 3, work_days: 8 },
        Step::RotationDay { day: 9, work_days: 8 },
        Step::Version { no: 2, from: day(2026, 9, 1) },
        Step::NoVersion,
        Step::Doubled,
        Step::NoPeriod { period: 9 },
        Step::Times { start_s: 28_800, end_s: 31_500 },
        Step::Vanished,
        Step::NoRoom,
        Step::NoChannel { room: RoomId(1) },
        Step::Channels { room: RoomId(1), channels: vec![ChannelId(7), ChannelId(8)] },
        Step::Joined { channel: ChannelId(7), into: id() },
        Step::RangeCut { range: RangeId(4), by: id() },
    ];
    for of in all_of() {
        steps.push(Step::CalendarDay { kind: DayKind::MakeUp { of: of.clone() }, note: String::new() });
        steps.push(Step::MakesUp { of: of.clone(), column: 4, week: 6 });
        steps.push(Step::MakesUpNothing { of });
    }
    for runs in [true, false] {
        for weeks in ["all", "odd", "even", "1-8,10", "mod 3 1"] {
            let weeks: Weeks = weeks.parse().unwrap();
            steps.push(Step::Weeks { weeks, week: 12, runs });
        }
    }
    for by in [BellsBy::Day, BellsBy::Rule { index: 1 }, BellsBy::Default] {
        steps.push(Step::Bells { table: "Summer".to_owned(), by });
    }
    for what in [
        Changed::Cancelled,
        Changed::Substituted,
        Changed::MovedTo { to: id() },
        Changed::MovedFrom { from: id() },
        Changed::SwappedWith { with: id() },
        Changed::Added,
        Changed::Retimed,
        Changed::Idle { missing: id() },
    ] {
        steps.push(Step::Changed { change: ChangeId(9), what, reason: note() });
    }
    for on in [true, false] {
        let change = ChangeId(9);
        for by in [
            RecordBy::Day,
            RecordBy::Change { change },
            RecordBy::Cell,
            RecordBy::Class { class: ClassId(3) },
        ] {
            steps.push(Step::Record { on, by });
        }
    }
    steps
}

fn is_chinese(c: char) -> bool {
    ('\u{3000}'..'\u{a000}').contains(&c) || ('\u{ff00}'..'\u{fff0}').contains(&c)
}

#[test]
fn every_step_has_chinese_and_english_words() {
    let steps = every_step();
    for wanted in 0..=48 {
        assert!(steps.iter().any(|s| number(s) == wanted), "no sample number {wanted}");
    }
    for step in &steps {
        let text = texts(std::slice::from_ref(step), &Plain, None).remove(0);
        assert!(text.zh.chars().any(is_chinese), "{step:?}: {}", text.zh);
        assert!(!text.en.is_empty() && !text.en.chars().any(is_chinese), "{step:?}: {}", text.en);
        let leaks = |text: &str| text.contains('{') || text.contains("Step::");
        assert!(!leaks(&text.zh) && !leaks(&text.en), "{step:?} is shown as a programmer sees it");
    }
}

#[track_caller]
fn check(step: Step, book: Option<&Book>, zh: &str, en: &str) {
    let text = texts(&[step], &Plain, book).remove(0);
    assert_eq!((text.zh.as_str(), text.en.as_str()), (zh, en));
}

#[test]
fn sentences_say_the_rule_and_what_to_do() {
    check(
        Step::Weeks { weeks: Weeks::Odd, week: 12, runs: false },
        None,
        "第12周（双周）；这节课只在单周上，所以不上",
        "It is week 12 (even); this lesson runs only in odd weeks, so it is not held",
    );
    check(
        Step::CalendarDay { kind: DayKind::Off, note: "国庆节".to_owned() },
        None,
        "国庆节放假，没有课",
        "国庆节: a day off, no lessons",
    );
    check(
        Step::MakesUp { of: MakeUpOf::Date(day(2026, 10, 8)), column: 4, week: 6 },
        None,
        "补10月8日（周四）的课，按第6周（双周）算",
        "Makes up the lessons of Thu 8 Oct, counted as week 6 (even)",
    );
    check(
        Step::NoChannel { room: RoomId(1) },
        None,
        "教室301没有摄像头，所以不录：请在 直播管理 里给通道选教室",
        "Room 301 has no camera, so nothing is recorded: choose the room of a channel under Channels",
    );
}

#[test]
fn with_the_book_a_substitute_has_a_name() {
    let op = Op::Substitute { lesson: id(), teacher: Some(TeacherId(5)), subject: None, room: None };
    let book = Book {
        zone: TimeZone::UTC,
        calendar: Calendar::default(),
        versions: Vec::new(),
        changes: vec![Change { id: ChangeId(9), op, reason: String::new() }],
        roster: Roster::default(),
        ranges: Vec::new(),
    };
    let step = Step::Changed { change: ChangeId(9), what: Changed::Substituted, reason: "出差".to_owned() };
    check(step, Some(&book), "Wang代课（理由：出差）", "Wang stands in (reason: 出差)");
}
