//! Who is in two places at once: classes, teachers, rooms, channels. Half open: neighbours are no conflict.

use super::grid::Cell;
use super::key::LessonId;
use serde::Serialize;

/// What is wanted twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// A class is taught two things: refused.
    Class,
    /// A room holds two lessons that are not one 合班: refused.
    Room,
    /// A teacher teaches two lessons that are not one 合班: published only when the admin says so.
    Teacher,
    /// A channel has a weekly range while a lesson runs in its room: the lesson is recorded.
    Channel,
}

/// Two cells of a timetable that cannot both be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CellConflict {
    /// What both want.
    pub wanted: Wanted,
    /// The one.
    pub a: Cell,
    /// The other, never less than `a`.
    pub b: Cell,
}

/// Two lessons of a date that cannot both be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LessonConflict {
    /// What both want.
    pub wanted: Wanted,
    /// Earlier or lesser one.
    pub a: LessonId,
    /// The other.
    pub b: LessonId,
}
