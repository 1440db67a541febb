//! A streaming FLV parser: bytes at any split in, tags out.

use super::{FlvKind, MAX_BODY_BYTES};
use crate::error::{Result, malformed};
use bytes::{Buf, Bytes, BytesMut};

/// One tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlvTag {
    /// What it carries.
    pub kind: FlvKind,
    /// 24+8 bits, wraps at 2^32.
    pub timestamp_ms: u32,
    /// The body, for [`FlvTracks`](super::FlvTracks).
    pub body: Bytes,
}

/// What the reader found next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlvItem {
    /// The file header.
    Header {
        /// It announces video (not to be trusted).
        has_video: bool,
        /// It announces audio (not to be trusted).
        has_audio: bool,
    },
    /// A tag of a kind we know; others are passed over.
    Tag(FlvTag),
}

/// Holds at most one tag (16 MiB) more than it was fed at once.
#[derive(Debug, Default)]
pub struct FlvReader {
    buffer: BytesMut,
    header_seen: bool,
}

impl FlvReader {
    /// Before the file header.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes in; then call [`next`](Self::next) until it gives `None`.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next item, `None` when more bytes are needed. After an error the stream is lost.
    #[expect(clippy::should_implement_trait, reason = "fallible, and None is not the end")]
    pub fn next(&mut self) -> Result<Option<FlvItem>> {
        if !self.header_seen {
            return self.header();
        }
        loop {
            let Some(head) = self.buffer.get(..11) else { return Ok(None) };
            let body_bytes = u32::from_be_bytes([0, head[1], head[2], head[3]]) as usize;
            let timestamp_ms = u32::from_be_bytes([head[7], head[4], head[5], head[6]]);
            let (kind, filtered) = (FlvKind::from_id(head[0] & 0x1f), head[0] & 0x20 != 0);
            debug_assert!(body_bytes <= MAX_BODY_BYTES);
            if self.buffer.len() < 11 + body_bytes + 4 {
                return Ok(None);
            }
            self.buffer.advance(11);
            let body = self.buffer.split_to(body_bytes).freeze();
            let previous = self.buffer.get_u32();
            if previous as usize != body_bytes + 11 && previous != 0 {
                return Err(malformed("FLV tag", "PreviousTagSize does not match the tag"));
            }
            if let (Some(kind), false) = (kind, filtered) {
                return Ok(Some(FlvItem::Tag(FlvTag { kind, timestamp_ms, body })));
            }
        }
    }

    fn header(&mut self) -> Result<Option<FlvItem>> {
        let got = self.buffer.len().min(3);
        if self.buffer[..got] != b"FLV"[..got] {
            return Err(malformed("FLV header", "no FLV signature"));
        }
        let Some(head) = self.buffer.get(..13) else { return Ok(None) };
        if head[3] != 1 || head[5..9] != [0, 0, 0, 9] {
            return Err(malformed("FLV header", "version or DataOffset unknown"));
        }
        let (has_video, has_audio) = (head[4] & 1 != 0, head[4] & 4 != 0);
        self.buffer.advance(13);
        self.header_seen = true;
        Ok(Some(FlvItem::Header { has_video, has_audio }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::flv::{file_header, tag};

    #[test]
    fn reads_the_same_tags_at_any_split() {
        let tags = [(FlvKind::Video, 0x0102_0304, &[1u8, 2, 3][..]), (FlvKind::Audio, u32::MAX, &[])];
        let mut bytes = file_header(true, true).to_vec();
        tags.iter().for_each(|(kind, ms, body)| bytes.extend_from_slice(&tag(*kind, *ms, body)));
        for step in 1..bytes.len() {
            let (mut reader, mut items) = (FlvReader::new(), Vec::new());
            for part in bytes.chunks(step) {
                reader.push(part);
                while let Some(item) = reader.next().unwrap() {
                    items.push(item);
                }
            }
            assert_eq!(items.len(), 3, "step {step}");
            let FlvItem::Tag(first) = &items[1] else { panic!("{:?}", items[1]) };
            assert_eq!((first.timestamp_ms, &first.body[..]), (0x0102_0304, &[1, 2, 3][..]));
        }
    }

    #[test]
    fn refuses_what_is_no_flv_at_the_first_byte() {
        let mut reader = FlvReader::new();
        reader.push(b"<");
        assert!(reader.next().is_err());
    }
}
