//! 课表 and 校历: from terms, bells, timetable versions and dated changes to the lessons of a date, each with the trace
//! of every rule that made it (docs/timetable.md). Pure; local time only here and where a person reads it.
//!
//! Weekdays and days of a rotation are numbered from 1; 1 = Monday (ISO 8601). Only [`crate::timetable::WeeklyRange`]
//! keeps the manual's 0 = Sunday.

mod apply;
pub mod bell;
pub mod book;
pub mod change;
pub mod check;
pub mod check_cells;
pub mod check_change;
mod column;
pub mod conflict;
mod finish;
pub mod grid;
pub mod holiday;
pub mod key;
pub mod lesson;
pub mod merge;
mod plan;
mod sweep;
pub mod term;
pub mod trace;
pub mod weeks;

pub use bell::{BellRule, BellTable, Period, PeriodKind, Ring};
pub use book::{Book, ChannelInfo, ClassInfo, Roster, Version};
pub use change::{Change, Op};
pub use check::{CalendarFault, Place};
pub use check_cells::{CellFault, Known};
pub use grid::{Cell, Slot, Timetable};
pub use key::{LessonId, LessonKey};
pub use lesson::{Absent, Day, Lesson, Span};
pub use term::{Calendar, CalendarDay, DayKind, MakeUpOf, Rotation, RotationAnchor, Term, WeekAnchor};
pub use trace::Step;
pub use weeks::Weeks;
