//! Message bodies out of tracks and packets.

use super::FlvKind;
use crate::{DecoderConfig, MediaTime, Packet, Track, TrackKind};
use bytes::{BufMut, Bytes, BytesMut};

/// Enhanced RTMP: the first byte of an `ExVideoTagHeader`.
pub(super) const IS_EX_HEADER: u8 = 0x80;
/// FrameType 1: keyframe; 2: inter frame (§E.4.3.1).
const FRAME_KEY: u8 = 1 << 4;
const FRAME_INTER: u8 = 2 << 4;
/// CodecID 7: AVC.
pub(super) const CODEC_AVC: u8 = 7;
/// AAC, 44 kHz, 16 bit, stereo: what §E.4.2.1 says AAC always writes.
const AAC_HEAD: u8 = 0xaf;
/// `VideoPacketType` of Enhanced RTMP.
pub(super) const EX_SEQUENCE_START: u8 = 0;
pub(super) const EX_CODED_FRAMES: u8 = 1;
pub(super) const EX_SEQUENCE_END: u8 = 2;
pub(super) const EX_CODED_FRAMES_X: u8 = 3;

/// Body of the sequence header of a track: what a player needs before the first packet, stamped like that packet.
pub fn sequence_header_body(track: &Track) -> Bytes {
    let (head, config): (&[u8], &Bytes) = match &track.config {
        DecoderConfig::H264(avcc) => (&[FRAME_KEY | CODEC_AVC, 0, 0, 0, 0], avcc),
        DecoderConfig::Hevc(hvcc) => {
            (&[IS_EX_HEADER | FRAME_KEY | EX_SEQUENCE_START, b'h', b'v', b'c', b'1'], hvcc)
        }
        DecoderConfig::Aac(config) => (&[AAC_HEAD, 0], config),
    };
    joined(head, config)
}

/// Body of a packet of `track` (video or audio).
pub fn packet_body(track: &Track, packet: &Packet) -> Bytes {
    match packet.kind {
        TrackKind::Video => video_body(track, packet),
        TrackKind::Audio => audio_body(packet),
    }
}

/// Body of a video packet: AVC NALU (§E.4.3.1) for H.264, `CodedFrames`/`CodedFramesX` for H.265. The composition time
/// is the difference of pts and dts, each rounded to ms, so that rounding never accumulates.
pub fn video_body(track: &Track, packet: &Packet) -> Bytes {
    let composition_ms = (packet.pts().as_ms() - packet.dts.as_ms()).clamp(-0x80_0000, 0x7f_ffff) as i32;
    let [_, a, b, c] = composition_ms.to_be_bytes();
    let frame = if packet.key { FRAME_KEY } else { FRAME_INTER };
    match track.config {
        DecoderConfig::Hevc(_) if composition_ms == 0 => {
            joined(&[IS_EX_HEADER | frame | EX_CODED_FRAMES_X, b'h', b'v', b'c', b'1'], &packet.data)
        }
        DecoderConfig::Hevc(_) => {
            joined(&[IS_EX_HEADER | frame | EX_CODED_FRAMES, b'h', b'v', b'c', b'1', a, b, c], &packet.data)
        }
        _ => joined(&[frame | CODEC_AVC, 1, a, b, c], &packet.data),
    }
}

/// Body of an AAC packet (§E.4.2.2).
pub fn audio_body(packet: &Packet) -> Bytes {
    joined(&[AAC_HEAD, 1], &packet.data)
}

/// Body that says "no more video of this track"; `None` for audio, which has no such thing.
pub fn end_of_sequence_body(track: &Track) -> Option<Bytes> {
    match track.config {
        DecoderConfig::H264(_) => Some(Bytes::from_static(&[FRAME_KEY | CODEC_AVC, 2, 0, 0, 0])),
        DecoderConfig::Hevc(_) => {
            Some(Bytes::from_static(&[IS_EX_HEADER | FRAME_KEY | EX_SEQUENCE_END, b'h', b'v', b'c', b'1']))
        }
        DecoderConfig::Aac(_) => None,
    }
}

/// The timestamp of a packet as RTMP and FLV carry it: dts in ms, modulo 2^32 (wraps after 49.7 days).
pub fn timestamp_ms(dts: MediaTime) -> u32 {
    dts.as_ms() as u32
}

impl Packet {
    /// The whole FLV tag of this packet.
    pub fn flv_tag(&self, track: &Track) -> Bytes {
        super::tag(FlvKind::from(self.kind), timestamp_ms(self.dts), &packet_body(track, self))
    }
}

fn joined(head: &[u8], data: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(head.len() + data.len());
    out.put_slice(head);
    out.put_slice(data);
    out.freeze()
}
