//! 课表: what class is taught what, when and where, as one immutable document a version.

use super::weeks::Weeks;
use crate::{ClassId, RoomId, SubjectId, TeacherId};
use serde::{Deserialize, Serialize};

/// Most cells of a school's timetable: 300 classes of 7 days × 16 periods.
pub const CELLS_MAX: usize = 40_000;

/// Every cell of a school.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Timetable {
    /// In any order; [`Timetable::sorted`] is the one that is stored.
    pub cells: Vec<Cell>,
}

/// One cell: class × day × period.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cell {
    /// 班级 (or teaching class, 走班).
    pub class: ClassId,
    /// 1 = Monday … 7 = Sunday; in a term with a rotation 1–`work_days`.
    pub day: u8,
    /// 节次: `no` of the bell table's period.
    pub period: u8,
    /// 连堂: so many lesson periods on end (breaks between them not counted), 1–4.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub span: u8,
    /// In which weeks.
    #[serde(default, skip_serializing_if = "is_all")]
    pub weeks: Weeks,
    /// 科目.
    pub subject: SubjectId,
    /// 教师, where one is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teacher: Option<TeacherId>,
    /// 教室; absent = the class's own room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomId>,
    /// 合班: other classes taught together with this one, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<ClassId>,
    /// 录/不录; absent = as the class has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<bool>,
}

fn one() -> u8 {
    1
}

fn is_one(n: &u8) -> bool {
    *n == 1
}

fn is_all(weeks: &Weeks) -> bool {
    *weeks == Weeks::All
}

/// Where cells lie: several share one when their weeks differ (单双周).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Slot {
    /// Whose.
    pub class: ClassId,
    /// Which column.
    pub day: u8,
    /// Which row.
    pub period: u8,
}

impl Cell {
    /// Where it lies.
    pub fn slot(&self) -> Slot {
        Slot { class: self.class, day: self.day, period: self.period }
    }
}

impl Timetable {
    /// The same cells in the order in which they are stored and compared, without exact doubles.
    pub fn sorted(mut self) -> Self {
        self.cells.sort();
        self.cells.dedup();
        self
    }
}
