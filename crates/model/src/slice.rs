//! 切片: one recorded file, and what the site is told of it.

use crate::{ChannelId, RangeId, SubjectId, TeacherId};
use serde::{Deserialize, Serialize};

/// Why a slice ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SliceEnd {
    /// The lesson's end.
    Bell,
    /// The slice length was reached.
    Length,
    /// The source was lost.
    SourceLost,
    /// The source changed codec, resolution or parameter sets.
    SourceChanged,
    /// The schedule was changed or the channel stopped meanwhile.
    Cancelled,
    /// The gatherer was stopped in good order.
    Shutdown,
    /// The gatherer's disk was full, failed, or slower than the stream for too long.
    Disk,
    /// Found open after a crash or power cut, cut back to its last whole fragment.
    Recovered,
}

/// Everything the site keeps of a slice. Keys and times are UTC; local time only at the edges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SliceFacts {
    /// ULID made by the gatherer, 26 characters; the idempotency key of its whole life.
    pub slice_id: String,
    /// Where it was recorded.
    pub channel_id: ChannelId,
    /// Groups the slices of one lesson: a [`crate::calendar::LessonKey`] as text.
    pub lesson_key: String,
    /// The weekly range it was recorded for; 0 = a lesson of the timetable.
    pub range_id: RangeId,
    /// 科目 from the plan.
    pub subject_id: SubjectId,
    /// 教师 from the plan; 0 = none named.
    pub teacher_id: TeacherId,
    /// Counts up within the lesson from 0, also across restarts of the gatherer.
    pub sequence: u32,
    /// Wall time of the first frame, Unix ms.
    pub started_at_ms: i64,
    /// Media duration, ms.
    pub duration_ms: i64,
    /// Media at the start that the slice before holds too (切片交错), ms.
    pub overlap_ms: i64,
    /// Size of the file, bytes.
    pub size_bytes: i64,
    /// SHA-256 of the file, 64 lower-case hex digits.
    pub sha256: String,
    /// Video frames in the file.
    pub video_frames: i64,
    /// `H.264` or `H.265`.
    pub video_codec: String,
    /// `AAC`, or empty without sound.
    pub audio_codec: String,
    /// Picture width, pixels.
    pub width: u16,
    /// Picture height, pixels.
    pub height: u16,
    /// Why it ended.
    pub end: SliceEnd,
}
