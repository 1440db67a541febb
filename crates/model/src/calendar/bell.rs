//! 作息: when the periods of a day begin and end, and which table rings when.

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
