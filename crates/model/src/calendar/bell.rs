//! 作息: when the periods of a day begin and end, and which table rings when.

use super::term::Calendar;
use super::trace::BellsBy;
use crate::GradeId;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// 节次, breaks and 早读 of one table, in the order of the day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BellTable {
    /// Its number within the calendar, 1–999.
    pub id: u32,
    /// 1–40 characters, e.g. 夏令作息.
    pub name: String,
    /// 1–30, ascending by time, none overlapping another, each `no` once.
    pub periods: Vec<Period>,
}

/// One period of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// What cells name, 1–40. The same number means the same row in every table of the school.
    pub no: u8,
    /// 1–20 characters, e.g. 第1节.
    pub label: String,
    /// What it is for; a break carries no cell.
    pub kind: PeriodKind,
    /// First second after local midnight, 0–86399.
    pub start_s: u32,
    /// First second after it, 1–86400.
    pub end_s: u32,
}

/// What a period is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeriodKind {
    /// 课.
    Lesson,
    /// 早读.
    Reading,
    /// 自习, 晚自习.
    SelfStudy,
    /// 课间, 午休: thin rows of the grid.
    Break,
}

/// Which table rings when. The most specific rule wins (grades, then weekdays, then dates named); of equals the later one
/// in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BellRule {
    /// The table.
    pub table: u32,
    /// First date; absent = since ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// Last date; absent = for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
    /// 1 = Monday … 7 = Sunday of the date itself (also on a make-up day); empty = every day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weekdays: Vec<u8>,
    /// Empty = every grade.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grades: Vec<GradeId>,
}

/// When a cell of some periods is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ring<'a> {
    /// Label of the first period.
    pub label: &'a str,
    /// Start of the first period, seconds after midnight.
    pub start_s: u32,
    /// End of the last period, seconds after midnight.
    pub end_s: u32,
}

impl BellTable {
    /// The row of that number.
    pub fn period(&self, no: u8) -> Option<&Period> {
        self.periods.iter().find(|period| period.no == no)
    }

    /// When a lesson of `span` periods from `no` on is held; breaks between them are not counted, of fewer periods the last
    /// one ends it. `None`: there is no such period, or it is a break.
    pub fn ring(&self, no: u8, span: u8) -> Option<Ring<'_>> {
        let at = self.periods.iter().position(|period| period.no == no)?;
        let first = self.periods.get(at).filter(|period| period.kind != PeriodKind::Break)?;
        let later = self.periods.iter().skip(at + 1).filter(|period| period.kind != PeriodKind::Break);
        let last = later.take(usize::from(span.saturating_sub(1))).last().unwrap_or(first);
        Some(Ring { label: &first.label, start_s: first.start_s, end_s: last.end_s })
    }
}

impl BellRule {
    /// Grades before weekdays before dates.
    fn names(&self) -> (bool, bool, bool) {
        (!self.grades.is_empty(), !self.weekdays.is_empty(), self.names_dates())
    }

    fn names_dates(&self) -> bool {
        self.from.is_some() || self.to.is_some()
    }

    fn fits_grade(&self, grade: Option<GradeId>) -> bool {
        self.grades.is_empty() || grade.is_some_and(|grade| self.grades.contains(&grade))
    }

    fn fits_weekday(&self, weekday: Option<u8>) -> bool {
        self.weekdays.is_empty() || weekday.is_some_and(|weekday| self.weekdays.contains(&weekday))
    }

    fn fits_date(&self, date: Date) -> bool {
        self.from.is_none_or(|from| from <= date) && self.to.is_none_or(|to| date <= to)
    }
}

impl Calendar {
    /// The table of that number.
    pub fn bell_table(&self, id: u32) -> Option<&BellTable> {
        self.bell_tables.iter().find(|table| table.id == id)
    }

    /// The table that rings on a date for classes of a grade, and why. A class without a grade has the rules that name none.
    /// `None`: there is no table at all.
    pub fn bells(&self, date: Date, grade: Option<GradeId>) -> Option<(&BellTable, BellsBy)> {
        let day = self.day(date).and_then(|day| self.bell_table(day.bells?));
        if let Some(table) = day {
            return Some((table, BellsBy::Day));
        }
        let weekday = Some(date.weekday().to_monday_one_offset().unsigned_abs());
        self.ruled(|rule| rule.fits_date(date) && rule.fits_weekday(weekday) && rule.fits_grade(grade))
    }

    /// The table that rings for a grade when nothing is known of the date: by the rules that name no dates.
    /// `weekday` is absent where columns are days of a rotation.
    pub fn usual_bells(&self, weekday: Option<u8>, grade: Option<GradeId>) -> Option<&BellTable> {
        let fits =
            |rule: &BellRule| !rule.names_dates() && rule.fits_weekday(weekday) && rule.fits_grade(grade);
        self.ruled(fits).map(|(table, _)| table)
    }

    /// By the most specific rule that fits and whose table exists; of equals the later one.
    fn ruled(&self, fits: impl Fn(&BellRule) -> bool) -> Option<(&BellTable, BellsBy)> {
        let rules = self.bell_rules.iter().enumerate().filter(|(_, rule)| fits(rule));
        let rule = rules
            .filter_map(|(index, rule)| Some((index, rule, self.bell_table(rule.table)?)))
            .max_by_key(|(index, rule, _)| (rule.names(), *index));
        match rule {
            Some((index, _, table)) => Some((table, BellsBy::Rule { index })),
            None => Some((self.bell_tables.first()?, BellsBy::Default)),
        }
    }
}
