//! What is wrong with a calendar: every field out of its limits, and where.

use super::bell::{BellRule, BellTable, Period};
use super::term::{Calendar, CalendarDay, DayKind, MakeUpOf, Rotation, Term};
use super::weeks::WEEK_MAX;
use crate::fault::{Fault, Reason, check_name, check_range, check_text};
use crate::timetable::{DAY_S, RANGE_MIN_S};
use jiff::civil::Date;
use serde::Serialize;
use std::collections::BTreeSet;

/// Most faults that are told at once: a page cannot show more, and a file of nonsense must not make a list of millions.
pub const FAULTS_MAX: usize = 500;
/// Ten years of two terms and two short ones.
pub const TERMS_MAX: usize = 40;
/// Days from the first to the last of a term.
pub const TERM_DAYS_MAX: u32 = 400;
/// Dates that differ: ten years of every second day.
pub const DAYS_MAX: usize = 2_000;
/// Bell tables.
pub const TABLES_MAX: usize = 40;
/// Rows of a bell table.
pub const PERIODS_MAX: usize = 30;
/// Greatest `no` of a period.
pub const PERIOD_NO_MAX: u8 = 40;
/// Bell rules.
pub const RULES_MAX: usize = 200;
/// Anchors of one term: one a day.
pub const ANCHORS_MAX: usize = 401;
/// Grades named by one rule.
pub const RULE_GRADES_MAX: usize = 100;
/// Teaching days of a cycle.
pub const WORK_DAYS_MAX: u8 = 30;
/// Days of rest of a cycle.
pub const REST_DAYS_MAX: u8 = 14;

/// Which part of a calendar; indexes from 0 in the order of the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "at", rename_all = "snake_case")]
pub enum Place {
    /// The whole of it.
    Calendar,
    /// A term.
    Term {
        /// Which.
        term: usize,
    },
    /// A week anchor.
    WeekAnchor {
        /// Of which term.
        term: usize,
        /// Which.
        anchor: usize,
    },
    /// The rotation of a term.
    Rotation {
        /// Of which term.
        term: usize,
    },
    /// An anchor of a rotation.
    RotationAnchor {
        /// Of which term.
        term: usize,
        /// Which.
        anchor: usize,
    },
    /// A date that differs.
    Day {
        /// Which.
        date: Date,
    },
    /// A bell table.
    Table {
        /// Which.
        table: usize,
    },
    /// A row of a bell table.
    Period {
        /// Of which table.
        table: usize,
        /// Which row.
        period: usize,
    },
    /// A bell rule.
    Rule {
        /// Which.
        rule: usize,
    },
}

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CalendarFault {
    /// Where.
    pub place: Place,
    /// What.
    pub fault: Fault,
}

/// Faults as they are found.
#[derive(Default)]
struct Faults(Vec<CalendarFault>);

impl Faults {
    fn add(&mut self, place: &Place, field: &'static str, reason: Reason) {
        self.take(place, Fault::new(field, reason));
    }

    fn take(&mut self, place: &Place, fault: Fault) {
        if self.0.len() < FAULTS_MAX {
            self.0.push(CalendarFault { place: place.clone(), fault });
        }
    }

    fn of<T>(&mut self, place: &Place, checked: Result<T, Fault>) {
        if let Err(fault) = checked {
            self.take(place, fault);
        }
    }

    fn count(&mut self, place: &Place, field: &'static str, count: usize, max: usize) {
        if count > max {
            self.add(place, field, Reason::TooMany { max: max as u32 });
        }
    }

    /// `previous` and `this` of an ascending list without doubles.
    fn order<T: Ord>(&mut self, place: &Place, field: &'static str, previous: Option<T>, this: T) {
        match previous.map(|previous| previous.cmp(&this)) {
            Some(std::cmp::Ordering::Equal) => self.add(place, field, Reason::Twice),
            Some(std::cmp::Ordering::Greater) => self.add(place, field, Reason::NotAscending),
            Some(std::cmp::Ordering::Less) | None => {}
        }
    }
}

impl Calendar {
    /// Everything that is wrong, at most [`FAULTS_MAX`].
    pub fn check(&self) -> Vec<CalendarFault> {
        let mut faults = Faults::default();
        let whole = Place::Calendar;
        faults.count(&whole, "terms", self.terms.len(), TERMS_MAX);
        faults.count(&whole, "days", self.days.len(), DAYS_MAX);
        faults.count(&whole, "bell_tables", self.bell_tables.len(), TABLES_MAX);
        faults.count(&whole, "bell_rules", self.bell_rules.len(), RULES_MAX);
        if !faults.0.is_empty() {
            return faults.0;
        }
        let mut previous: Option<&Term> = None;
        for (index, term) in self.terms.iter().enumerate() {
            check_term(&mut faults, index, term, previous);
            previous = Some(term);
        }
        let mut previous = None;
        for day in &self.days {
            self.check_day(&mut faults, day, previous);
            previous = Some(day.date);
        }
        let mut ids = BTreeSet::new();
        for (index, table) in self.bell_tables.iter().enumerate() {
            check_table(&mut faults, index, table, ids.insert(table.id));
        }
        for (index, rule) in self.bell_rules.iter().enumerate() {
            self.check_rule(&mut faults, index, rule);
        }
        faults.0
    }

    /// Greatest column a cell may lie in: 7, or the teaching days of the longest cycle.
    pub fn columns(&self) -> u8 {
        let cycles = self.terms.iter().filter_map(|term| Some(term.rotation.as_ref()?.work_days));
        cycles.max().unwrap_or(7).max(7)
    }

    fn check_day(&self, faults: &mut Faults, day: &CalendarDay, previous: Option<Date>) {
        let place = Place::Day { date: day.date };
        faults.order(&place, "date", previous, day.date);
        if day.bells.is_some_and(|table| self.bell_table(table).is_none()) {
            faults.add(&place, "bells", Reason::Unknown);
        }
        faults.of(&place, check_text("note", &day.note, 60));
        match day.kind {
            DayKind::MakeUp { of: MakeUpOf::Date(date) } if date == day.date => {
                faults.add(&place, "of", Reason::Itself);
            }
            DayKind::MakeUp { of: MakeUpOf::Day(n) } => {
                let term = self.term(day.date).map(|term| term.rotation.as_ref().map_or(7, |r| r.work_days));
                let max = term.unwrap_or(WORK_DAYS_MAX);
                faults.of(&place, check_range("of", n.into(), 1, max.into()));
            }
            _ => {}
        }
    }

    fn check_rule(&self, faults: &mut Faults, index: usize, rule: &BellRule) {
        let place = Place::Rule { rule: index };
        if self.bell_table(rule.table).is_none() {
            faults.add(&place, "table", Reason::Unknown);
        }
        if rule.from.zip(rule.to).is_some_and(|(from, to)| to < from) {
            faults.add(&place, "to", Reason::BeforeStart);
        }
        let mut seen = BTreeSet::new();
        for day in rule.weekdays.iter().take(8) {
            faults.of(&place, check_range("weekdays", (*day).into(), 1, 7));
            if !seen.insert(*day) {
                faults.add(&place, "weekdays", Reason::Twice);
            }
        }
        faults.count(&place, "grades", rule.grades.len(), RULE_GRADES_MAX);
        let different: BTreeSet<_> = rule.grades.iter().collect();
        if different.len() < rule.grades.len() {
            faults.add(&place, "grades", Reason::Twice);
        }
    }
}

fn check_term(faults: &mut Faults, index: usize, term: &Term, previous: Option<&Term>) {
    let place = Place::Term { term: index };
    faults.of(&place, check_name("year", &term.year, 20));
    faults.of(&place, check_name("name", &term.name, 20));
    if term.end < term.start {
        faults.add(&place, "end", Reason::BeforeStart);
    } else if (term.end - term.start).get_days().unsigned_abs() > TERM_DAYS_MAX {
        faults.add(&place, "end", Reason::TooManyDays { max: TERM_DAYS_MAX });
    }
    match previous {
        Some(previous) if term.end < previous.start => faults.add(&place, "start", Reason::NotAscending),
        Some(previous) if term.start <= previous.end => faults.add(&place, "start", Reason::DatesOverlap),
        _ => {}
    }
    faults.count(&place, "weeks", term.weeks.len(), ANCHORS_MAX);
    let mut last = None;
    for (anchor, week) in term.weeks.iter().take(ANCHORS_MAX).enumerate() {
        let place = Place::WeekAnchor { term: index, anchor };
        faults.of(&place, check_range("week", week.week.into(), 1, WEEK_MAX.into()));
        if !term.contains(week.date) {
            faults.add(&place, "date", Reason::OutsideTerm);
        }
        let this = super::column::week_index(week.date);
        faults.order(&place, "date", last, this);
        last = Some(this);
    }
    if let Some(rotation) = &term.rotation {
        check_rotation(faults, index, term, rotation);
    }
}

fn check_rotation(faults: &mut Faults, index: usize, term: &Term, rotation: &Rotation) {
    let place = Place::Rotation { term: index };
    let (work, rest) = (i64::from(rotation.work_days), i64::from(rotation.rest_days));
    faults.of(&place, check_range("work_days", work, 1, WORK_DAYS_MAX.into()));
    faults.of(&place, check_range("rest_days", rest, 0, REST_DAYS_MAX.into()));
    faults.count(&place, "anchors", rotation.anchors.len(), ANCHORS_MAX);
    let mut last = None;
    for (anchor, mark) in rotation.anchors.iter().take(ANCHORS_MAX).enumerate() {
        let place = Place::RotationAnchor { term: index, anchor };
        faults.of(&place, check_range("day", mark.day.into(), 1, work + rest));
        if !term.contains(mark.date) {
            faults.add(&place, "date", Reason::OutsideTerm);
        }
        faults.order(&place, "date", last, mark.date);
        last = Some(mark.date);
    }
}

fn check_table(faults: &mut Faults, index: usize, table: &BellTable, new: bool) {
    let place = Place::Table { table: index };
    faults.of(&place, check_range("id", table.id.into(), 1, 999));
    if !new {
        faults.add(&place, "id", Reason::Twice);
    }
    faults.of(&place, check_name("name", &table.name, 40));
    if table.periods.is_empty() {
        faults.add(&place, "periods", Reason::Required);
    }
    faults.count(&place, "periods", table.periods.len(), PERIODS_MAX);
    let mut numbers = BTreeSet::new();
    let mut last: Option<&Period> = None;
    for (row, period) in table.periods.iter().take(PERIODS_MAX).enumerate() {
        let place = Place::Period { table: index, period: row };
        faults.of(&place, check_range("no", period.no.into(), 1, PERIOD_NO_MAX.into()));
        if !numbers.insert(period.no) {
            faults.add(&place, "no", Reason::Twice);
        }
        faults.of(&place, check_name("label", &period.label, 20));
        faults.of(&place, check_times(period.start_s, period.end_s));
        if let Some(last) = last.filter(|last| period.start_s < last.end_s) {
            let (start_s, end_s) = (last.start_s, last.end_s);
            faults.add(&place, "start", Reason::Overlap { start_s, end_s });
        }
        last = Some(period);
    }
}

/// Seconds after midnight: within the day, the end more than 30 s after the start (R-SCH-04). Fields `start` and `end`.
pub(super) fn check_times(start_s: u32, end_s: u32) -> Result<(), Fault> {
    match (start_s, end_s) {
        (start, _) if start >= DAY_S => Err(Fault::new("start", Reason::BadTime)),
        (_, end) if end > DAY_S => Err(Fault::new("end", Reason::BadTime)),
        (start, end) if end <= start + RANGE_MIN_S => Err(Fault::new("end", Reason::TooShort)),
        _ => Ok(()),
    }
}
