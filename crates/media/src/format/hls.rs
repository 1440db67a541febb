//! HLS (RFC 8216) with fMP4 segments: the playlist text, and the machine that cuts a live stream.

mod playlist;
mod segmenter;

pub use playlist::{PlaylistSegment, media_playlist};
pub use segmenter::{Segment, Segmenter, SegmenterLimits};
