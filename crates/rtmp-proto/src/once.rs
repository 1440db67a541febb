//! Messages serialised once for every receiver.

use bytes::{BufMut, Bytes, BytesMut};

/// The chunk size both our ends announce. Below 65 536, which some servers treat as the most; large enough that
/// most frames are one chunk.
pub const OUT_CHUNK_BYTES: usize = 60_000;

/// Writes a message as chunks that any receiver can take at any moment: the first header is type 0 (absolute time,
/// length, type and stream), so it depends on nothing sent before (RTMP 1.0 §5.3.1.2.1). Valid for every peer that was
/// told [`OUT_CHUNK_BYTES`] and talks on message stream 1, which is so for every connection of this crate.
#[derive(Debug, Clone, Copy)]
pub struct ChunkOnce;

impl ChunkOnce {
    /// A video message: `body` is what follows the FLV tag header.
    pub fn video(ts_ms: u32, body: &[u8]) -> Bytes {
        message(4, 9, 1, ts_ms, body)
    }

    /// An audio message.
    pub fn audio(ts_ms: u32, body: &[u8]) -> Bytes {
        message(5, 8, 1, ts_ms, body)
    }

    /// A data message, such as `onMetaData` (AMF0).
    pub fn data(ts_ms: u32, body: &[u8]) -> Bytes {
        message(7, 18, 1, ts_ms, body)
    }
}

/// One whole message. Chunk stream ids 4, 5 and 7 belong to [`ChunkOnce`] and to us; `rml_rtmp` compresses headers on 2, 3 and 6.
pub(crate) fn message(csid: u8, type_id: u8, stream_id: u32, ts_ms: u32, body: &[u8]) -> Bytes {
    message_in_chunks_of(OUT_CHUNK_BYTES, csid, type_id, stream_id, ts_ms, body)
}

pub(crate) fn message_in_chunks_of(
    chunk_bytes: usize,
    csid: u8,
    type_id: u8,
    stream_id: u32,
    ts_ms: u32,
    body: &[u8],
) -> Bytes {
    debug_assert!((2..64).contains(&csid));
    let chunks = body.len() / chunk_bytes + 1;
    let mut out = BytesMut::with_capacity(body.len() + 16 + chunks * 5);
    let extended = ts_ms >= 0xff_ffff;
    out.put_u8(csid);
    out.put_uint(u64::from(if extended { 0xff_ffff } else { ts_ms }), 3);
    out.put_uint(body.len() as u64, 3);
    out.put_u8(type_id);
    out.put_u32_le(stream_id);
    if extended {
        out.put_u32(ts_ms);
    }
    for (i, part) in body.chunks(chunk_bytes).enumerate() {
        if i > 0 {
            out.put_u8(0xc0 | csid);
            if extended {
                // Repeated in continued chunks, as librtmp, ffmpeg and SRS do.
                out.put_u32(ts_ms);
            }
        }
        out.put_slice(part);
    }
    out.freeze()
}
