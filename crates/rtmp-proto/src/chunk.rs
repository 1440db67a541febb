//! The chunk layer, receiving side (RTMP 1.0 §5.3): bytes in, whole messages out, within [`Limits`].

use crate::{Limits, RtmpError};
use bytes::{Buf, Bytes, BytesMut};
use std::collections::HashMap;

/// The chunk size before the peer announces another (§5.4.1).
const FIRST_CHUNK_BYTES: usize = 128;
/// Reserved at once for a message; the rest grows with the bytes that really come.
const FIRST_RESERVE_BYTES: usize = 128 << 10;

/// A whole RTMP message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub type_id: u8,
    pub stream_id: u32,
    /// Milliseconds, wraps at 2^32.
    pub ts_ms: u32,
    pub body: Bytes,
}

#[derive(Debug, Default)]
struct ChunkStream {
    ts_ms: u32,
    /// The last timestamp field: absolute after a type-0 header, else a delta.
    field: u32,
    extended: bool,
    length: usize,
    type_id: u8,
    stream_id: u32,
    data: BytesMut,
    inside: bool,
}

/// Reassembles messages, each chunk stream by itself.
#[derive(Debug)]
pub(crate) struct ChunkReader {
    limits: Limits,
    chunk_bytes: usize,
    buffer: BytesMut,
    streams: HashMap<u32, ChunkStream>,
    /// Bytes in unfinished messages.
    assembling_bytes: usize,
    /// Bytes received in all, for acknowledgements; wraps.
    pub received_bytes: u32,
}

impl ChunkReader {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            chunk_bytes: FIRST_CHUNK_BYTES,
            buffer: BytesMut::new(),
            streams: HashMap::new(),
            assembling_bytes: 0,
            received_bytes: 0,
        }
    }

    /// Takes bytes; [`next`](Self::next) gives the messages.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), RtmpError> {
        let size = self.buffer.len() + self.assembling_bytes + bytes.len();
        if size > self.limits.buffered_bytes {
            return Err(RtmpError::TooMuchBuffered { size, limit: self.limits.buffered_bytes });
        }
        self.received_bytes = self.received_bytes.wrapping_add(bytes.len() as u32);
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// The next whole message, if its last byte is here.
    pub(crate) fn next(&mut self) -> Result<Option<Message>, RtmpError> {
        loop {
            match self.chunk()? {
                Step::NeedMore => return Ok(None),
                Step::Chunk => {}
                Step::Message(message) => return Ok(Some(message)),
            }
        }
    }

    /// The peer's SetChunkSize (§5.4.1).
    pub(crate) fn set_chunk_bytes(&mut self, size: u32) -> Result<(), RtmpError> {
        let limit = self.limits.chunk_bytes;
        if size == 0 || size as usize > limit {
            return Err(RtmpError::ChunkSize { size, limit });
        }
        self.chunk_bytes = size as usize;
        Ok(())
    }

    /// The peer's Abort (§5.4.2): forget the unfinished message of a chunk stream.
    pub(crate) fn abort(&mut self, csid: u32) {
        if let Some(stream) = self.streams.get_mut(&csid) {
            self.assembling_bytes -= stream.data.len();
            stream.data = BytesMut::new();
            stream.inside = false;
        }
    }

    fn chunk(&mut self) -> Result<Step, RtmpError> {
        let Some((format, csid, basic_len)) = basic_header(&self.buffer) else { return Ok(Step::NeedMore) };
        let header_len = [11, 7, 3, 0][usize::from(format)];
        let Some(header) = self.buffer.get(basic_len..basic_len + header_len) else {
            return Ok(Step::NeedMore);
        };
        let known = self.streams.get(&csid);
        if known.is_none() && format != 0 {
            return Err(RtmpError::NoPreviousHeader { csid });
        }
        let field = match header {
            [a, b, c, ..] => u32::from_be_bytes([0, *a, *b, *c]),
            _ => known.map_or(0, |s| s.field),
        };
        let extended = if format == 3 { known.is_some_and(|s| s.extended) } else { field == 0xff_ffff };
        let mut at = basic_len + header_len;
        let field = if extended {
            let Some(b) = self.buffer.get(at..at + 4) else { return Ok(Step::NeedMore) };
            at += 4;
            u32::from_be_bytes([b[0], b[1], b[2], b[3]])
        } else {
            field
        };
        let (length, type_id) = match header {
            [_, _, _, a, b, c, t, ..] => (u32::from_be_bytes([0, *a, *b, *c]) as usize, *t),
            _ => known.map_or((0, 0), |s| (s.length, s.type_id)),
        };
        let stream_id = match header {
            [_, _, _, _, _, _, _, a, b, c, d] => u32::from_le_bytes([*a, *b, *c, *d]),
            _ => known.map_or(0, |s| s.stream_id),
        };
        let (inside, have) = known.map_or((false, 0), |s| (s.inside, s.data.len()));
        if inside && format != 3 && length != known.map_or(0, |s| s.length) {
            // Some encoders repeat a full header in front of a continued chunk; a different length is a broken peer.
            return Err(RtmpError::BrokenMessage { csid });
        }
        self.check_length(type_id, length)?;
        if known.is_none() && self.streams.len() >= self.limits.chunk_streams {
            return Err(RtmpError::TooManyChunkStreams { limit: self.limits.chunk_streams });
        }
        let part = (length - have).min(self.chunk_bytes);
        if self.buffer.len() < at + part {
            return Ok(Step::NeedMore);
        }
        self.buffer.advance(at);

        let stream = self.streams.entry(csid).or_default();
        if !stream.inside {
            stream.ts_ms = if format == 0 { field } else { stream.ts_ms.wrapping_add(field) };
            stream.data = BytesMut::with_capacity(length.min(FIRST_RESERVE_BYTES));
        }
        (stream.field, stream.extended) = (field, extended);
        (stream.length, stream.type_id, stream.stream_id) = (length, type_id, stream_id);
        stream.inside = true;
        stream.data.extend_from_slice(&self.buffer[..part]);
        self.buffer.advance(part);
        self.assembling_bytes += part;
        if stream.data.len() < length {
            return Ok(Step::Chunk);
        }
        stream.inside = false;
        self.assembling_bytes -= length;
        let body = std::mem::take(&mut stream.data).freeze();
        Ok(Step::Message(Message { type_id, stream_id, ts_ms: stream.ts_ms, body }))
    }

    fn check_length(&self, type_id: u8, size: usize) -> Result<(), RtmpError> {
        let limit = match type_id {
            8 | 9 => self.limits.message_bytes,
            _ => self.limits.command_bytes,
        };
        if size > limit { Err(RtmpError::MessageTooLong { type_id, size, limit }) } else { Ok(()) }
    }
}

enum Step {
    NeedMore,
    Chunk,
    Message(Message),
}

/// Format, chunk stream id and length of the basic header (§5.3.1.1).
fn basic_header(buffer: &[u8]) -> Option<(u8, u32, usize)> {
    let first = *buffer.first()?;
    let (csid, len) = match first & 0x3f {
        0 => (64 + u32::from(*buffer.get(1)?), 2),
        1 => (64 + u32::from(*buffer.get(1)?) + 256 * u32::from(*buffer.get(2)?), 3),
        id => (u32::from(id), 1),
    };
    Some((first >> 6, csid, len))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::once::message_in_chunks_of;

    fn read_split(bytes: &[u8], step: usize) -> Vec<Message> {
        let mut reader = ChunkReader::new(Limits::default());
        let mut out = Vec::new();
        for part in bytes.chunks(step) {
            reader.push(part).unwrap();
            while let Some(m) = reader.next().unwrap() {
                out.push(m);
            }
        }
        assert_eq!(reader.assembling_bytes, 0);
        out
    }

    #[test]
    fn reads_what_is_written_at_any_split() {
        let body: Vec<u8> = (0..1000u32).map(|i| i as u8).collect();
        for ts in [0, 40, 0xff_fffe, 0xff_ffff, u32::MAX] {
            let bytes = message_in_chunks_of(128, 4, 9, 1, ts, &body);
            for step in [1, 7, 128, 5000] {
                let got = read_split(&bytes, step);
                assert_eq!(got.len(), 1);
                assert_eq!((got[0].ts_ms, &got[0].body[..]), (ts, &body[..]));
            }
        }
    }

    #[test]
    fn keeps_interleaved_messages_apart() {
        let video = message_in_chunks_of(128, 4, 9, 1, 7, &[1; 200]);
        let audio = message_in_chunks_of(128, 5, 8, 1, 8, &[2; 20]);
        let mut mixed = video[..12 + 128].to_vec();
        mixed.extend_from_slice(&audio);
        mixed.extend_from_slice(&video[12 + 128..]);
        let got = read_split(&mixed, 10_000);
        assert_eq!(got.iter().map(|m| (m.type_id, m.body.len())).collect::<Vec<_>>(), [(8, 20), (9, 200)]);
    }

    #[test]
    fn adds_deltas_and_takes_absolute_times() {
        let mut bytes = message_in_chunks_of(128, 4, 9, 1, 1000, &[0; 3]).to_vec();
        bytes.extend_from_slice(&[0x44, 0, 0, 40, 0, 0, 2, 9, 1, 1]); // type 1: delta 40, length 2
        bytes.extend_from_slice(&[0x84, 0, 0, 33, 1, 1]); // type 2: delta 33
        bytes.extend_from_slice(&[0xc4, 1, 1]); // type 3: the same delta again
        let times: Vec<_> = read_split(&bytes, 4).iter().map(|m| m.ts_ms).collect();
        assert_eq!(times, [1000, 1040, 1073, 1106]);
    }

    #[test]
    fn names_each_limit_that_is_passed() {
        let limits = Limits::default();
        let mut r = ChunkReader::new(limits);
        assert_eq!(r.set_chunk_bytes(65_537), Err(RtmpError::ChunkSize { size: 65_537, limit: 65_536 }));
        assert!(r.set_chunk_bytes(0).is_err());
        r.push(&[4, 0, 0, 0, 0x80, 0, 1, 9, 1, 0, 0, 0]).unwrap();
        assert!(
            matches!(r.next(), Err(RtmpError::MessageTooLong { type_id: 9, size, .. }) if size == (8 << 20) + 1)
        );

        let mut r = ChunkReader::new(limits);
        r.push(&[0x44, 0, 0, 0]).unwrap();
        assert_eq!(r.next(), Ok(None));
        r.push(&[0; 8]).unwrap();
        assert_eq!(r.next(), Err(RtmpError::NoPreviousHeader { csid: 4 }));

        let mut r = ChunkReader::new(limits);
        for csid in 0..65u8 {
            r.push(&[0, csid, 0, 0, 0, 0, 0, 2, 9, 1, 0, 0, 0, 1, 1]).unwrap();
        }
        let end = loop {
            match r.next() {
                Ok(Some(_)) => {}
                other => break other,
            }
        };
        assert_eq!(end, Err(RtmpError::TooManyChunkStreams { limit: 64 }));
    }
}
