//! What was not understood, where, and what to do about it.

use crate::At;
use serde::{Deserialize, Serialize};

/// What kind of problem it is: stable, for tests, filters and icons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// A hidden sheet was not read.
    HiddenSheet,
    /// A hidden row or column was not read.
    HiddenCells,
    /// No timetable or table was recognised on a sheet.
    NoTable,
    /// A formula shows an error (`#REF!`).
    ErrorValue,
    /// A formula without a stored result.
    NoResult,
    /// A cell whose subject could not be told.
    NoSubject,
    /// A cell without a class.
    NoClass,
    /// A lesson without a weekday.
    BadDay,
    /// A lesson without a period that the bells know.
    BadPeriod,
    /// A text in brackets that names no weeks.
    BadWeeks,
    /// A text longer than allowed.
    TooLong,
    /// More cells than allowed.
    TooMany,
    /// Something beside the grid that is no lesson (title, footer): left out.
    Aside,
    /// Something in a break's row or column.
    InBreak,
    /// The same lesson stands twice.
    Duplicate,
    /// A class has two lessons at once.
    Clash,
    /// A row lacks a value it needs.
    Missing,
    /// A value that is none of those possible.
    BadValue,
    /// A name that the school does not have.
    Unknown,
    /// A file's feature that the product does not have (a daily repeat, a text of an unknown encoding).
    Unsupported,
}

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// To be known: nothing that belongs to the table was left out.
    Note,
    /// Something was left out, or must be decided.
    Lost,
}

/// One problem in the words of a person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    /// Where.
    pub at: At,
    /// What.
    pub code: Code,
    /// How much it matters.
    pub weight: Weight,
    /// What was seen and what to do, in Chinese; without the place.
    pub zh: String,
    /// The same in English.
    pub en: String,
}

impl Problem {
    /// Something was left out.
    pub fn lost(at: At, code: Code, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { at, code, weight: Weight::Lost, zh: zh.into(), en: en.into() }
    }

    /// Something to be known.
    pub fn note(at: At, code: Code, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { at, code, weight: Weight::Note, zh: zh.into(), en: en.into() }
    }
}

/// The first characters of what was seen, on one line, for a message.
pub(crate) fn seen(text: &str) -> String {
    const SHOWN: usize = 40;
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SHOWN).collect();
    match text.chars().count() > SHOWN {
        true => format!("{line}…"),
        false => line,
    }
}
