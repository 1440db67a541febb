//! Which column of the timetable runs on a date, and in which teaching week (docs/timetable.md §2).

use super::term::{Calendar, CalendarDay, DayKind, MakeUpOf, Rotation, Term};
use super::trace::Step;
use jiff::civil::Date;

/// What the calendar alone says of a date.
pub(super) struct Head {
    /// `NoTerm` | `Term`, `CalendarDay`, then the step that chose the column.
    pub steps: Vec<Step>,
    /// The date's own teaching week.
    pub week: Option<u16>,
    /// What runs.
    pub column: Option<Column>,
    /// 整校停录.
    pub no_record: bool,
}

/// A column in a week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Column {
    /// Weekday, or day of the cycle.
    pub day: u8,
    /// The week that counts for 单双周: on a make-up day that of the date made up for.
    pub week: u16,
}

/// Whole days from one date to another.
fn days_between(from: Date, to: Date) -> i64 {
    i64::from((to - from).get_days())
}

/// Number of the Monday-to-Sunday week a date is in, counted from that of 1970-01-05.
pub(super) fn week_index(date: Date) -> i64 {
    days_between(jiff::civil::date(1970, 1, 5), date).div_euclid(7)
}

/// 1 = Monday … 7 = Sunday.
pub(super) fn weekday(date: Date) -> u8 {
    date.weekday().to_monday_one_offset().unsigned_abs()
}

impl Term {
    /// Whether the date is one of its.
    pub fn contains(&self, date: Date) -> bool {
        self.start <= date && date <= self.end
    }

    /// Teaching week of a date of this term.
    pub fn week(&self, date: Date) -> u16 {
        let week = week_index(date);
        let anchors = self.weeks.iter().map(|anchor| (week_index(anchor.date), i64::from(anchor.week)));
        let (at, number) = anchors
            .filter(|(at, _)| *at <= week)
            .max_by_key(|(at, _)| *at)
            .unwrap_or((week_index(self.start), 1));
        u16::try_from(number + week - at).unwrap_or(u16::MAX)
    }
}

impl Rotation {
    /// Day of the cycle, 1–work+rest, of a date of a term that begins on `start`; `days` are the calendar's.
    pub fn position(&self, start: Date, days: &[CalendarDay], date: Date) -> Option<u8> {
        let cycle = i64::from(self.work_days) + i64::from(self.rest_days);
        let (from, first) = self
            .anchors
            .iter()
            .map(|anchor| (anchor.date, i64::from(anchor.day)))
            .filter(|(from, _)| *from <= date)
            .max_by_key(|(from, _)| *from)
            .unwrap_or((start, 1));
        let mut passed = days_between(from, date);
        if self.pause_on_off {
            let off = |day: &&CalendarDay| {
                from <= day.date && day.date < date && matches!(day.kind, DayKind::Off | DayKind::Exam)
            };
            passed -= days.iter().filter(off).count() as i64;
        }
        let position = (first - 1 + passed).checked_rem_euclid(cycle)? + 1;
        u8::try_from(position).ok()
    }
}

impl Calendar {
    /// The term a date is in.
    pub fn term(&self, date: Date) -> Option<&Term> {
        self.terms.iter().find(|term| term.contains(date))
    }

    /// The entry of a date that differs.
    pub fn day(&self, date: Date) -> Option<&CalendarDay> {
        self.days.iter().find(|day| day.date == date)
    }

    /// The column by weekday or cycle, whatever the calendar says of the date itself; no column on a day of rest.
    fn natural(&self, term: &Term, date: Date) -> (Step, Option<Column>) {
        let week = term.week(date);
        let Some(rotation) = &term.rotation else {
            let column = weekday(date);
            return (Step::Weekday { column }, Some(Column { day: column, week }));
        };
        let work_days = rotation.work_days;
        let day = rotation.position(term.start, &self.days, date).unwrap_or(0);
        let runs = (1..=work_days).contains(&day);
        (Step::RotationDay { day, work_days }, runs.then_some(Column { day, week }))
    }

    fn made_up(&self, term: &Term, date: Date, of: &MakeUpOf) -> Option<Column> {
        match of {
            MakeUpOf::Unanswered => None,
            MakeUpOf::Date(other) => self.natural(self.term(*other)?, *other).1,
            MakeUpOf::Day(day) => {
                let last = term.rotation.as_ref().map_or(7, |rotation| rotation.work_days);
                (1..=last).contains(day).then(|| Column { day: *day, week: term.week(date) })
            }
        }
    }

    /// What runs on a date.
    pub(super) fn head(&self, date: Date) -> Head {
        let term = self.term(date);
        let entry = self.day(date);
        let mut steps = vec![match term {
            None => Step::NoTerm,
            Some(term) => {
                Step::Term { year: term.year.clone(), name: term.name.clone(), week: term.week(date) }
            }
        }];
        if let Some(day) = entry {
            steps.push(Step::CalendarDay { kind: day.kind.clone(), note: day.note.clone() });
        }
        let column = term.and_then(|term| match entry.map(|day| &day.kind) {
            Some(DayKind::Off | DayKind::Exam) => None,
            Some(DayKind::MakeUp { of }) => {
                let column = self.made_up(term, date, of);
                steps.push(match column {
                    Some(Column { day, week }) => Step::MakesUp { of: of.clone(), column: day, week },
                    None => Step::MakesUpNothing { of: of.clone() },
                });
                column
            }
            Some(DayKind::Teach) | None => {
                let (step, column) = self.natural(term, date);
                steps.push(step);
                column
            }
        });
        Head {
            steps,
            week: term.map(|term| term.week(date)),
            column,
            no_record: entry.is_some_and(|day| day.no_record),
        }
    }
}
