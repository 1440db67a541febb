//! The week that the grid's head shows: number, dates, 休 and 班, and which lessons are changed in it.

use crate::lang::{Lang, Text};
use crate::pages::admin::trace_words::{date as date_words, weekday};
use db::ChangeRow;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::calendar::{Book, Calendar, CalendarDay, DayKind, MakeUpOf, Op, Roster};
use serde::Serialize;
use std::collections::BTreeMap;

/// Days in a week.
const WEEK: i64 = 7;

/// A shown week.
#[derive(Debug, Serialize)]
pub struct Week {
    /// 第 n 周; absent out of term.
    pub week: Option<u16>,
    /// `11/16 – 11/22`, `16 Nov – 22 Nov`.
    pub range: String,
    /// Monday of the week before.
    pub previous: Date,
    /// Monday of the week after.
    pub next: Date,
    /// Columns with their dates.
    pub columns: Vec<Column>,
    /// Lessons that a change of this week names.
    pub changes: Vec<Dated>,
}

/// A column in that week.
#[derive(Debug, Serialize)]
pub struct Column {
    /// 1 = Monday, or day of the cycle.
    pub day: u8,
    /// Its date; in a rotation the next one from Monday on.
    pub date: Option<Date>,
    /// In a rotation: the number of the week that date is in, which may be a later one than the shown.
    pub week: Option<u16>,
    /// In a rotation: that date is after the shown week.
    pub later: bool,
    /// `off`, `work` or `exam`, where the calendar says so.
    pub badge: Option<&'static str>,
    /// Its note and what is made up for.
    pub note: String,
    /// Whether that is today.
    pub today: bool,
}

/// A lesson with a change.
#[derive(Debug, Serialize)]
pub struct Dated {
    /// `class-day-period`.
    pub slot: String,
    /// What, in words.
    pub text: String,
}

/// The Monday of a date's week.
pub fn monday(date: Date) -> Date {
    let past = i64::from(date.weekday().to_monday_zero_offset());
    date.checked_sub(past.days()).unwrap_or(date)
}

fn after(date: Date, days: i64) -> Date {
    date.checked_add(days.days()).unwrap_or(date)
}

impl Week {
    /// The week of `date`.
    pub fn of(l: Lang, calendar: &Calendar, date: Date, today: Date, changes: &[ChangeRow]) -> Self {
        let first = monday(date);
        let last = after(first, WEEK - 1);
        // The calendar alone: no versions, no changes.
        let book = Book {
            zone: TimeZone::UTC,
            calendar: calendar.clone(),
            versions: Vec::new(),
            changes: Vec::new(),
            roster: Roster::default(),
            ranges: Vec::new(),
        };
        let term = [first, last].into_iter().find_map(|d| calendar.term(d));
        let cycle = term.and_then(|t| t.rotation.as_ref());
        let shown = cycle.map_or(WEEK, |r| (i64::from(r.work_days) + i64::from(r.rest_days)).max(WEEK));
        let days: Vec<_> = (0..shown).map(|n| book.expand(after(first, n))).collect();
        let dates: BTreeMap<u8, Date> = match cycle {
            Some(_) => days.iter().rev().filter_map(|day| Some((day.column?, day.date))).collect(),
            None => (1..=7u8).map(|n| (n, after(first, i64::from(n) - 1))).collect(),
        };
        let column = |day: u8| {
            let date = dates.get(&day).copied();
            let entry = date.and_then(|date| calendar.day(date));
            let (badge, note) = entry.map(|entry| badge(l, entry)).unwrap_or_default();
            let week = cycle.and(days.iter().find(|day| Some(day.date) == date)).and_then(|day| day.week);
            let later = date.is_some_and(|date| date > last);
            Column { day, date, week, later, badge, note, today: date == Some(today) }
        };
        let columns = (1..=calendar.columns()).map(column).collect();
        let column_on = |date: Date| days.iter().find(|day| day.date == date)?.column;
        Self {
            week: days.iter().take(WEEK as usize).find_map(|day| day.week),
            range: match l {
                Lang::Zh => format!("{} – {}", first.strftime("%-m/%-d"), last.strftime("%-m/%-d")),
                Lang::En => format!("{} – {}", first.strftime("%-d %b"), last.strftime("%-d %b")),
            },
            previous: after(first, -WEEK),
            next: after(first, WEEK),
            columns,
            changes: dated(l, changes, column_on),
        }
    }
}

fn badge(l: Lang, entry: &CalendarDay) -> (Option<&'static str>, String) {
    let note = entry.note.clone();
    let with = |said: String| if note.is_empty() { said } else { format!("{note} · {said}") };
    match &entry.kind {
        DayKind::Teach => (None, note),
        DayKind::Off => (Some("off"), note),
        DayKind::Exam => (Some("exam"), note),
        DayKind::MakeUp { of: MakeUpOf::Unanswered } => {
            (Some("work"), with(l.t("还没说补哪天的课", "day to make up for is open").to_owned()))
        }
        DayKind::MakeUp { of: MakeUpOf::Date(date) } => (Some("work"), with(makes_up(l, &date_words(*date)))),
        DayKind::MakeUp { of: MakeUpOf::Day(day) } => (Some("work"), with(makes_up(l, &weekday(*day)))),
    }
}

fn makes_up(l: Lang, day: &Text) -> String {
    match l {
        Lang::Zh => format!("补{}", day.zh),
        Lang::En => format!("for {}", day.en),
    }
}

/// Changes that hold, by the slot of the lesson they name.
fn dated(l: Lang, changes: &[ChangeRow], column_on: impl Fn(Date) -> Option<u8>) -> Vec<Dated> {
    let mut found = Vec::new();
    for row in changes.iter().filter(|row| row.revoked_at_ms.is_none()) {
        let what = match &row.change.op {
            Op::Cancel { .. } => l.t("停课", "cancelled"),
            Op::Substitute { .. } => l.t("代课", "substituted"),
            Op::Move { .. } => l.t("调课", "moved"),
            Op::Swap { .. } => l.t("换课", "swapped"),
            Op::Extra { .. } => l.t("加课", "extra lesson"),
            Op::Retime { .. } => l.t("改时间", "other times"),
            Op::Record { on: true, .. } => l.t("临时录", "recorded this time"),
            Op::Record { on: false, .. } => l.t("临时不录", "not recorded this time"),
        };
        for lesson in row.change.op.lessons().into_iter().filter(|lesson| lesson.n == 0) {
            let Some(day) = column_on(lesson.date) else { continue };
            let slot = format!("{}-{day}-{}", lesson.class, lesson.period);
            let day = l.of(&date_words(lesson.date)).to_owned();
            let text = match row.change.reason.as_str() {
                "" => format!("{day} {what}"),
                reason => format!("{day} {what}{}{reason}", l.t("：", ": ")),
            };
            found.push(Dated { slot, text });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use model::calendar::{Rotation, Term};

    fn calendar(rotation: Option<Rotation>, days: Vec<CalendarDay>) -> Calendar {
        let term = Term {
            year: "2026-2027".into(),
            name: "第一学期".into(),
            start: date(2026, 8, 31),
            end: date(2027, 1, 22),
            weeks: Vec::new(),
            rotation,
        };
        Calendar { terms: vec![term], days, ..Calendar::default() }
    }

    fn entry(day: Date, kind: DayKind, note: &str) -> CalendarDay {
        CalendarDay { date: day, kind, bells: None, no_record: false, note: note.into() }
    }

    #[test]
    fn a_week_has_its_number_its_dates_and_its_holidays() {
        let makes_up = DayKind::MakeUp { of: MakeUpOf::Day(5) };
        let days =
            vec![entry(date(2026, 10, 1), DayKind::Off, "国庆节"), entry(date(2026, 10, 4), makes_up, "")];
        let week = Week::of(Lang::Zh, &calendar(None, days), date(2026, 10, 2), date(2026, 9, 30), &[]);
        assert_eq!((week.week, week.range.as_str()), (Some(5), "9/28 – 10/4"));
        assert_eq!((week.previous, week.next), (date(2026, 9, 21), date(2026, 10, 5)));
        let badges: Vec<_> =
            week.columns.iter().map(|c| (c.day, c.badge, c.note.as_str(), c.today)).collect();
        assert_eq!(badges[2], (3, None, "", true));
        assert_eq!(badges[3], (4, Some("off"), "国庆节", false));
        assert_eq!(badges[6], (7, Some("work"), "补周五", false));
    }

    #[test]
    fn out_of_term_a_week_has_no_number() {
        let week = Week::of(Lang::Zh, &calendar(None, vec![]), date(2026, 7, 15), date(2026, 7, 15), &[]);
        assert_eq!(week.week, None);
        assert_eq!(week.columns.len(), 7);
    }

    #[test]
    fn in_a_rotation_a_column_is_shown_with_its_next_date() {
        let rotation = Rotation { work_days: 8, rest_days: 3, pause_on_off: false, anchors: Vec::new() };
        let week =
            Week::of(Lang::Zh, &calendar(Some(rotation), vec![]), date(2026, 9, 9), date(2026, 9, 9), &[]);
        let dates: Vec<_> = week.columns.iter().map(|c| c.date).collect();
        // 7 September is day 8 of the cycle that began on 31 August.
        assert_eq!(dates.len(), 8);
        assert_eq!(dates[7], Some(date(2026, 9, 7)));
        assert_eq!(dates[0], Some(date(2026, 9, 11)));
    }

    #[test]
    fn in_a_rotation_a_date_after_the_week_is_marked_and_has_its_own_week_number() {
        let rotation = Rotation { work_days: 8, rest_days: 3, pause_on_off: false, anchors: Vec::new() };
        let of = |day| Week::of(Lang::En, &calendar(Some(rotation.clone()), vec![]), day, day, &[]);
        // 14 September is day 4: days 1 to 3 come round again on 22 to 24 September.
        let week = of(date(2026, 9, 16));
        let seen: Vec<_> = week.columns.iter().map(|c| (c.week, c.later)).collect();
        assert_eq!((week.week, week.range.as_str()), (Some(3), "14 Sep – 20 Sep"));
        assert_eq!(seen[0], (Some(4), true));
        assert_eq!(seen[3], (Some(3), false));
        assert!(
            Week::of(Lang::Zh, &calendar(None, vec![]), date(2026, 9, 16), date(2026, 9, 16), &[])
                .columns
                .iter()
                .all(|c| c.week.is_none() && !c.later)
        );
    }
}
