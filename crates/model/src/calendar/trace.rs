//! Why a lesson is, or is not, recorded: every rule in the order in which it was applied. The edge puts it into words.

use super::key::LessonId;
use super::term::{DayKind, MakeUpOf};
use super::weeks::Weeks;
use crate::{ChangeId, ChannelId, ClassId, RangeId, RoomId};
use jiff::civil::Date;
use serde::Serialize;

/// One rule and what it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum Step {
    /// The date is in no term: no lessons.
    NoTerm,
    /// The date is in this term and teaching week.
    Term {
        /// 学年.
        year: String,
        /// 学期.
        name: String,
        /// 第 n 周.
        week: u16,
    },
    /// The calendar says something of this date.
    CalendarDay {
        /// What.
        kind: DayKind,
        /// Its note.
        note: String,
    },
    /// A make-up day runs this column, in this week.
    MakesUp {
        /// What the calendar says.
        of: MakeUpOf,
        /// Column that runs.
        column: u8,
        /// Week that counts for 单双周.
        week: u16,
    },
    /// A make-up day whose day nobody has named, or which names a date without lessons: no lessons.
    MakesUpNothing {
        /// What the calendar says.
        of: MakeUpOf,
    },
    /// The column is the date's weekday.
    Weekday {
        /// 1 = Monday.
        column: u8,
    },
    /// Day of the cycle; above `work_days` it is a day of rest, without lessons.
    RotationDay {
        /// 1–work+rest.
        day: u8,
        /// Teaching days of the cycle.
        work_days: u8,
    },
    /// This version of the timetable is in force.
    Version {
        /// Its number.
        no: i64,
        /// Since.
        from: Date,
    },
    /// No version is in force yet: no lessons.
    NoVersion,
    /// The cell of this week set does (not) run.
    Weeks {
        /// The cell's weeks.
        weeks: Weeks,
        /// The week it is.
        week: u16,
        /// Whether it runs.
        runs: bool,
    },
    /// Another cell of the same class and period came first.
    Doubled,
    /// This bell table rings for the class's grade.
    Bells {
        /// Its name.
        table: String,
        /// Why this one.
        by: BellsBy,
    },
    /// The bell table has no such period (or there is no table): the lesson has no time.
    NoPeriod {
        /// The period.
        period: u8,
    },
    /// Local times.
    Times {
        /// Start, s after midnight.
        start_s: u32,
        /// End, s after midnight.
        end_s: u32,
    },
    /// The clocks go over it: no second of it exists on this date.
    Vanished,
    /// A change did something to it.
    Changed {
        /// Which change.
        change: ChangeId,
        /// What.
        what: Changed,
        /// Its reason.
        reason: String,
    },
    /// To be (not) recorded.
    Record {
        /// 录.
        on: bool,
        /// Who says so.
        by: RecordBy,
    },
    /// It has no room, so no camera.
    NoRoom,
    /// The room has no channel.
    NoChannel {
        /// The room.
        room: RoomId,
    },
    /// These channels record it.
    Channels {
        /// The room.
        room: RoomId,
        /// Its channels.
        channels: Vec<ChannelId>,
    },
    /// On this channel another lesson is recorded at the same time; this one is part of it (合班) or gives way.
    Joined {
        /// The channel.
        channel: ChannelId,
        /// The lesson that is recorded.
        into: LessonId,
    },
    /// A weekly range of the channel gives way to a lesson.
    RangeCut {
        /// The range.
        range: RangeId,
        /// The lesson.
        by: LessonId,
    },
}

/// What a change did to the lesson at hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "did", rename_all = "snake_case")]
pub enum Changed {
    /// 停课.
    Cancelled,
    /// 代课.
    Substituted,
    /// 调走.
    MovedTo {
        /// Where it is held now.
        to: LessonId,
    },
    /// 调来.
    MovedFrom {
        /// Where it came from.
        from: LessonId,
    },
    /// 换课.
    SwappedWith {
        /// The other one.
        with: LessonId,
    },
    /// 加课.
    Added,
    /// Other times.
    Retimed,
    /// The change could not be done: the lesson it names is not held, or the one it makes is there already or cannot be.
    Idle {
        /// Which of those it names stands in the way.
        missing: LessonId,
    },
}

/// Why this bell table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum BellsBy {
    /// The calendar names it for this date.
    Day,
    /// Rule number so-and-so, from 0.
    Rule {
        /// Index in `bell_rules`.
        index: usize,
    },
    /// It is the first table.
    Default,
}

/// Who decides about recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum RecordBy {
    /// 整校停录 on this date.
    Day,
    /// A change.
    Change {
        /// Which.
        change: ChangeId,
    },
    /// The cell.
    Cell,
    /// The class.
    Class {
        /// Which.
        class: ClassId,
    },
}
