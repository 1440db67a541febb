//! The school's nouns and rules, pure: no socket, file, clock or runtime. `now` is always an argument.

pub mod calendar;
pub mod channel;
pub mod fault;
pub mod gatherer;
pub mod grant;
pub mod id;
pub mod right;
pub mod school;
pub mod slice;
pub mod timetable;

pub use fault::{Fault, Reason};
pub use id::{
    ChangeId, ChannelId, ClassId, GathererId, GradeId, RangeId, RoomId, SchoolId, StudentId, SubjectId,
    TeacherId, UserId,
};
