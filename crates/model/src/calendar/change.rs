//! 调课 代课 换课: dated changes over the timetable. Applied in order of their ids; a revoked one is not handed in.

use super::key::LessonId;
use crate::{ChangeId, RoomId, SubjectId, TeacherId};
use serde::{Deserialize, Serialize};

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Its place in the order.
    pub id: ChangeId,
    /// What it does.
    pub op: Op,
    /// Why, ≤ 120 characters; shown in the trace.
    pub reason: String,
}

/// What a change does. A lesson named here that does not exist (any more) makes the change idle, and the trace says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Op {
    /// 停课.
    Cancel {
        /// Which.
        lesson: LessonId,
    },
    /// 代课: another teacher, subject or room; what is absent stays.
    Substitute {
        /// Which.
        lesson: LessonId,
        /// 教师.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        teacher: Option<TeacherId>,
        /// 科目.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subject: Option<SubjectId>,
        /// 教室.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<RoomId>,
    },
    /// 调课: the lesson is held at another date or period.
    Move {
        /// From.
        lesson: LessonId,
        /// To: same class, `n` ≥ 1, not used before.
        to: LessonId,
        /// Another room there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<RoomId>,
    },
    /// 换课: two lessons of one class exchange what they carry (subject, teacher, room, 合班, 录/不录), keep times and ids.
    Swap {
        /// One.
        a: LessonId,
        /// The other.
        b: LessonId,
    },
    /// 加课: a lesson that the timetable has not.
    Extra {
        /// `n` ≥ 1, not used before.
        lesson: LessonId,
        /// Start and end, seconds after midnight; absent = those of the period.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        times: Option<(u32, u32)>,
        /// 科目.
        subject: SubjectId,
        /// 教师.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        teacher: Option<TeacherId>,
        /// 教室; absent = the class's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<RoomId>,
    },
    /// 提前/延长: other times on the same date.
    Retime {
        /// Which.
        lesson: LessonId,
        /// Start, seconds after midnight.
        start_s: u32,
        /// End, seconds after midnight; more than 30 s after the start (R-SCH-04).
        end_s: u32,
    },
    /// 录/不录 this lesson, whatever class and cell say.
    Record {
        /// Which.
        lesson: LessonId,
        /// 录.
        on: bool,
    },
}

impl Op {
    /// The lessons it names, one or two.
    pub fn lessons(&self) -> Vec<LessonId> {
        match self {
            Op::Cancel { lesson }
            | Op::Substitute { lesson, .. }
            | Op::Extra { lesson, .. }
            | Op::Retime { lesson, .. }
            | Op::Record { lesson, .. } => vec![*lesson],
            Op::Move { lesson, to, .. } => vec![*lesson, *to],
            Op::Swap { a, b } => vec![*a, *b],
        }
    }
}
