//! A school's tables in and out of files: xlsx, xls, ods, csv, iCalendar, CSES. Pure: bytes in, values out.
//!
//! [`timetable::read`] and [`basic::read`] are the two ways in; what they could not understand comes back as a
//! [`Problem`] that names sheet and cell. Nothing is dropped silently. What is accepted: docs/import.md.

pub mod basic;
pub mod ics;
pub mod timetable;
pub mod workbook;

mod error;
mod paper;
mod place;
mod plain;
mod problem;

pub use error::SheetError;
pub use place::At;
pub use problem::{Code, Problem, Weight};
pub use workbook::{Sheet, Value, Workbook};

/// In which language a file is written out. Both are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// 中文.
    #[default]
    Chinese,
    /// English.
    English,
}

impl Language {
    /// The text of the pair in this language.
    pub fn pick<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Language::Chinese => zh,
            Language::English => en,
        }
    }
}
