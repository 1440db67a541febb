//! FLV (Adobe Flash Video File Format 10.1, Annex E) and the message bodies RTMP shares with it, with the HEVC of
//! Enhanced RTMP (v1/v2, FourCC `hvc1`).
//!
//! Writing a live stream: [`file_header`], then [`tag`] of [`metadata_body`], of [`sequence_header_body`] of each track,
//! and of [`video_body`]/[`audio_body`] ([`packet_body`] picks) of each packet, stamped with [`timestamp_ms`].
//! Reading messages of a publisher: [`FlvTracks`]. Reading bytes of an FLV file or HTTP-FLV: [`FlvReader`].

mod amf;
mod body;
mod parse;
mod reader;
mod tracks;

pub use amf::metadata_body;
pub use body::{
    audio_body, end_of_sequence_body, packet_body, sequence_header_body, timestamp_ms, video_body,
};
pub use parse::{AudioBody, VideoBody, parse_audio, parse_video};
pub use reader::{FlvItem, FlvReader, FlvTag};
pub use tracks::{Event, FlvTracks, TimestampUnwrapper};

use crate::TrackKind;
use bytes::{BufMut, Bytes, BytesMut};

/// What a tag or an RTMP message carries. The numbers are the tag types of §E.4.1 and the RTMP message type ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum FlvKind {
    /// 8.
    Audio = 8,
    /// 9.
    Video = 9,
    /// 18: AMF0 data, `onMetaData`.
    Script = 18,
}

impl FlvKind {
    /// From a tag type or an RTMP message type id.
    pub fn from_id(id: u8) -> Option<Self> {
        match id {
            8 => Some(Self::Audio),
            9 => Some(Self::Video),
            18 => Some(Self::Script),
            _ => None,
        }
    }
}

impl From<TrackKind> for FlvKind {
    fn from(kind: TrackKind) -> Self {
        match kind {
            TrackKind::Video => Self::Video,
            TrackKind::Audio => Self::Audio,
        }
    }
}

/// File header (§E.2) with the first PreviousTagSize, 0.
pub fn file_header(has_video: bool, has_audio: bool) -> Bytes {
    let flags = u8::from(has_audio) << 2 | u8::from(has_video);
    Bytes::copy_from_slice(&[
        b'F', b'L', b'V', 1, // version
        flags, 0, 0, 0, 9, // DataOffset
        0, 0, 0, 0, // PreviousTagSize0
    ])
}

/// Largest body a tag can hold: DataSize has 24 bits.
pub const MAX_BODY_BYTES: usize = 0xff_ffff;

/// The 11 bytes before a tag's body (§E.4.1): for callers that write head, body and [`tag_tail`] without copying.
/// `body_bytes` must be at most [`MAX_BODY_BYTES`].
pub fn tag_head(kind: FlvKind, timestamp_ms: u32, body_bytes: usize) -> [u8; 11] {
    let size = (body_bytes.min(MAX_BODY_BYTES) as u32).to_be_bytes();
    let time = timestamp_ms.to_be_bytes(); // low 24 bits first, then TimestampExtended
    [kind as u8, size[1], size[2], size[3], time[1], time[2], time[3], time[0], 0, 0, 0]
}

/// PreviousTagSize, the 4 bytes behind a tag's body.
pub fn tag_tail(body_bytes: usize) -> [u8; 4] {
    (body_bytes as u32 + 11).to_be_bytes()
}

/// A whole tag with its PreviousTagSize.
pub fn tag(kind: FlvKind, timestamp_ms: u32, body: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(body.len() + 15);
    out.put_slice(&tag_head(kind, timestamp_ms, body.len()));
    out.put_slice(body);
    out.put_slice(&tag_tail(body.len()));
    out.freeze()
}
