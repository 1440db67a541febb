//! 校历: terms, week numbers, rotations, holidays and make-up days of one school.

use super::bell::{BellRule, BellTable};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// The calendar of a school: one document, every revision kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Calendar {
    /// 学期, ascending, none overlapping another; 0–40.
    #[serde(default)]
    pub terms: Vec<Term>,
    /// Dates that differ from their week, ascending, each date once; 0–2000.
    #[serde(default)]
    pub days: Vec<CalendarDay>,
    /// 作息, 0–40. The first one rings where no rule says otherwise.
    #[serde(default)]
    pub bell_tables: Vec<BellTable>,
    /// Which table rings when, 0–200.
    #[serde(default)]
    pub bell_rules: Vec<BellRule>,
}

/// 学期.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// 学年, 1–20 characters, e.g. 2026-2027.
    pub year: String,
    /// 1–20 characters, e.g. 第一学期.
    pub name: String,
    /// First date.
    pub start: Date,
    /// Last date, not before `start`, at most 400 days after it.
    pub end: Date,
    /// The Monday-to-Sunday week of an anchor's date is that teaching week; the weeks after it count up, the latest anchor
    /// not after a date counts. Without one, the week of `start` is week 1. Ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weeks: Vec<WeekAnchor>,
    /// Days run in a cycle instead of Monday to Sunday, e.g. 8 days on, 3 off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Rotation>,
}

/// "The week of this date is week n."
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeekAnchor {
    /// Any date of that week, within the term.
    pub date: Date,
    /// Its number, 1–60.
    pub week: u16,
}

/// 上 n 天休 m 天: the columns of the timetable are days 1–`work_days` of a cycle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    /// Teaching days of a cycle, 1–30.
    pub work_days: u8,
    /// Days of rest after them, 0–14.
    pub rest_days: u8,
    /// The cycle stands still on days off and exam days instead of running through them.
    pub pause_on_off: bool,
    /// The latest anchor not after a date counts. Without one, `start` of the term is day 1. Ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anchors: Vec<RotationAnchor>,
}

/// "This date is day n of the cycle."
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RotationAnchor {
    /// The date.
    pub date: Date,
    /// 1–`work_days + rest_days`.
    pub day: u8,
}

/// A date that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarDay {
    /// Which.
    pub date: Date,
    /// How.
    #[serde(flatten)]
    pub kind: DayKind,
    /// Another bell table for this date only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bells: Option<u32>,
    /// 整校停录: lessons are held, nothing is recorded, weekly ranges neither.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_record: bool,
    /// ≤ 60 characters, e.g. 国庆节.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// What kind of date it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DayKind {
    /// Teaches by its own weekday; here only to carry other bells, 停录 or a note.
    Teach,
    /// 放假.
    Off,
    /// 考试: the timetable does not run.
    Exam,
    /// 补课, 调休上班: runs the lessons of another day.
    MakeUp {
        /// Whose.
        of: MakeUpOf,
    },
}

/// 补哪天的课.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MakeUpOf {
    /// Nobody has said yet (the State Council's notice does not): no lessons, and the calendar page asks.
    Unanswered,
    /// The lessons of that date: its weekday (or day of the cycle) and its week number.
    Date(Date),
    /// The lessons of that weekday (or day of the cycle) in the make-up day's own week.
    Day(u8),
}
