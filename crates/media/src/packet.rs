//! The unit every room passes on: one timed coded chunk of one track.

use crate::{MediaTime, TrackKind};
use bytes::Bytes;

/// One access unit of video or one frame of audio. Cloning shares the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// The track it belongs to.
    pub kind: TrackKind,
    /// Decoding time, in the track's timescale.
    pub dts: MediaTime,
    /// Composition offset: pts = dts + this, in ticks of `dts.timescale`. 0 without B-frames.
    pub composition_offset: i32,
    /// A decoder can start here. Always true for audio.
    pub key: bool,
    /// Video: NAL units each behind a 4-byte big-endian length (AVCC), parameter sets left out.
    /// Audio: one raw AAC frame without ADTS header.
    pub data: Bytes,
}

impl Packet {
    /// Presentation time, in the track's timescale.
    pub fn pts(&self) -> MediaTime {
        MediaTime::new(self.dts.ticks + i64::from(self.composition_offset), self.dts.timescale)
    }

    /// Whether this is a video keyframe, where a GOP starts.
    pub fn starts_gop(&self) -> bool {
        self.kind == TrackKind::Video && self.key
    }
}
