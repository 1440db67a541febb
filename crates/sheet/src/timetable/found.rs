//! What a file holds, before anybody asked which names the school knows.

use crate::{At, Problem};
use model::calendar::Weeks;
use serde::{Deserialize, Serialize};

/// A file, recognised.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Found {
    /// As the user knows it.
    pub file_name: String,
    /// Every visible sheet in the file's order.
    pub sheets: Vec<SheetFound>,
    /// Of the file as a whole: hidden sheets and the like.
    pub problems: Vec<Problem>,
}

/// One sheet, recognised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SheetFound {
    /// Its name.
    pub sheet: String,
    /// What it is.
    pub layout: Layout,
    /// Where its header stands.
    pub header: Option<Header>,
    /// One a lesson, in the order of the cells.
    pub entries: Vec<Entry>,
    /// What was not understood.
    pub problems: Vec<Problem>,
}

/// How lessons lie on a sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Layout {
    /// 班级课表: one class, days × periods.
    ClassGrid {
        /// As the sheet names it.
        class: String,
    },
    /// 全校总课表: classes × (day, period).
    SchoolGrid,
    /// 教师课表: one teacher, days × periods; cells name the class.
    TeacherGrid {
        /// As the sheet names it.
        teacher: String,
    },
    /// 教室课表: one room, days × periods; cells name the class.
    RoomGrid {
        /// As the sheet names it.
        room: String,
    },
    /// One row a lesson.
    LongList,
    /// CSES (course schedule exchange schema), version 1 or 2.
    Cses {
        /// Of the file.
        version: u8,
    },
    /// iCalendar, RFC 5545.
    Ics,
    /// Not read.
    Skipped {
        /// Why.
        why: Skip,
    },
}

/// Whose the grids of a sheet are, where a person has said so: what stands in the title is then the name of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LayoutChoice {
    /// 班级课表: cells name subjects and teachers.
    Class,
    /// 教师课表: cells name classes.
    Teacher,
    /// 教室课表: cells name classes.
    Room,
}

/// Why a sheet was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Skip {
    /// Nothing on it.
    Empty,
    /// No weekdays and periods found on it.
    NoTable,
    /// Notes or lists that this product put into its own template.
    Ours,
}

/// The first cell of the header, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Row.
    pub row: u32,
    /// Column.
    pub col: u32,
}

/// One lesson as the file names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The cell it stands in.
    pub at: At,
    /// 班级; empty = the file names none, and one must be chosen for the sheet.
    pub class: String,
    /// 合班: the other classes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<String>,
    /// 1 = Monday … 7 = Sunday, or the day of a rotation.
    pub day: u8,
    /// 节次.
    pub period: PeriodRef,
    /// 连堂: so many periods on end.
    pub span: u8,
    /// In which weeks.
    pub weeks: Weeks,
    /// 科目.
    pub subject: String,
    /// 教师; empty = none named.
    pub teacher: String,
    /// 教室; empty = none named.
    pub room: String,
    /// 录/不录, where the file says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<bool>,
    /// Other ways to read the cell, e.g. 数学(选修) as a subject or as subject and teacher: one is taken when only it names
    /// what the school has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Reading>,
    /// The cell's text.
    pub raw: String,
}

/// Another way to read a cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// 科目.
    pub subject: String,
    /// 教师; empty = none named.
    pub teacher: String,
    /// 教室; empty = none named.
    pub room: String,
}

/// How a file names a period. The bell table decides.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct PeriodRef {
    /// As it stands: `第1节`, `早读`, `Period 3`.
    pub label: String,
    /// n of 第n节: the n-th lesson period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u8>,
    /// When it begins, seconds after midnight, where the file says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_s: Option<u32>,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_s: Option<u32>,
}

impl Found {
    /// Every lesson of every sheet.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.sheets.iter().flat_map(|sheet| &sheet.entries)
    }

    /// Every problem of the file and its sheets.
    pub fn all_problems(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().chain(self.sheets.iter().flat_map(|sheet| &sheet.problems))
    }
}
