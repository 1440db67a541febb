//! What the engine gives: the lessons of a date, the ones that are not held, and what every channel records.

use super::key::LessonId;
use super::trace::Step;
use crate::{ChannelId, ClassId, RangeId, RoomId, SubjectId, TeacherId};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A date, expanded.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Day {
    /// Which.
    pub date: Date,
    /// The date's own teaching week, where it is in a term (a make-up day may run the lessons of another: the steps say so).
    pub week: Option<u16>,
    /// The column of the timetable that runs, where one does.
    pub column: Option<u8>,
    /// 整校停录.
    pub no_record: bool,
    /// The rules that hold for the whole date.
    pub steps: Vec<Step>,
    /// Lessons held, by start, then class, period, n.
    pub lessons: Vec<Lesson>,
    /// Lessons of this column or of a change that are not held, with the reason as the last step; by id. One id may be here
    /// several times (单双周 share a slot), and also be held.
    pub absent: Vec<Absent>,
}

/// A lesson that is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lesson {
    /// Its name for ever.
    pub id: LessonId,
    /// The class and those taught together with it, ascending.
    pub classes: Vec<ClassId>,
    /// Label of its period, e.g. 第3节; empty for an extra lesson outside the periods.
    pub label: String,
    /// 科目.
    pub subject: SubjectId,
    /// 教师.
    pub teacher: Option<TeacherId>,
    /// 教室, where one is known.
    pub room: Option<RoomId>,
    /// Local seconds after midnight.
    pub start_s: u32,
    /// Local seconds after midnight, exclusive.
    pub end_s: u32,
    /// Unix ms, inclusive.
    pub start_at_ms: i64,
    /// Unix ms, exclusive.
    pub end_at_ms: i64,
    /// Whether it is to be recorded.
    pub record: bool,
    /// The channels of its room, when it is to be recorded; ascending. Empty = nothing records it, the last step says why.
    /// Where `Joined` follows in the trace, another lesson has the channel for a while.
    pub channels: Vec<ChannelId>,
    /// Every rule that made it what it is, in order.
    pub trace: Vec<Step>,
}

/// A lesson that is not held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Absent {
    /// Its name.
    pub id: LessonId,
    /// 科目 it would have had.
    pub subject: SubjectId,
    /// Every rule, the last one is why.
    pub trace: Vec<Step>,
}

/// What one channel records from when to when. Spans of one channel never overlap; neighbours may touch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// [`super::LessonKey`] as text. A weekly range that a lesson cuts in two gives two spans of one key.
    pub key: String,
    /// Which channel.
    pub channel_id: ChannelId,
    /// Unix ms, inclusive.
    pub start_at_ms: i64,
    /// Unix ms, exclusive.
    pub end_at_ms: i64,
    /// 科目.
    pub subject_id: SubjectId,
    /// 教师; 0 = none named.
    pub teacher_id: TeacherId,
    /// The weekly range; 0 = a lesson of the timetable.
    pub range_id: RangeId,
}
