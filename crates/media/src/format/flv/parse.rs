//! Message bodies → what they mean. Bodies come from publishers: hostile.

use super::body::{
    CODEC_AVC, EX_CODED_FRAMES, EX_CODED_FRAMES_X, EX_SEQUENCE_END, EX_SEQUENCE_START, IS_EX_HEADER,
};
use crate::DecoderConfig;
use crate::error::{Error, Result, malformed, truncated};
use bytes::{Buf, Bytes};

/// CodecID 12: HEVC as Chinese encoders and CDNs wrote it before Enhanced RTMP; laid out like AVC.
const CODEC_HEVC_LEGACY: u8 = 12;
/// `VideoPacketType` / `AudioPacketType` of Enhanced RTMP v2.
const EX_METADATA: u8 = 4;
const EX_MULTITRACK: u8 = 5;
const EX_VIDEO_MULTITRACK: u8 = 6;
const EX_MOD_EX: u8 = 7;

/// A video body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VideoBody {
    /// The decoder config that follows packets need.
    SequenceHeader(DecoderConfig),
    /// One access unit, NAL lengths as the sequence header says (not yet normalised).
    Frame {
        /// The frame type says keyframe. Not to be trusted: look at the NAL units.
        key: bool,
        /// pts − dts in ms.
        composition_ms: i32,
        /// AVCC bytes; never empty.
        data: Bytes,
    },
    /// The publisher says no more video follows.
    EndOfSequence,
    /// Something legal that says nothing to us: commands, colour metadata, empty frames, further tracks.
    Ignored,
}

/// An audio body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AudioBody {
    /// The decoder config that follows packets need.
    SequenceHeader(DecoderConfig),
    /// One raw AAC frame; never empty.
    Frame(Bytes),
    /// Something legal that says nothing to us.
    Ignored,
}

/// Reads the body of a video message or tag (§E.4.3; Enhanced RTMP `ExVideoTagHeader`).
pub fn parse_video(body: &Bytes) -> Result<VideoBody> {
    const WHAT: &str = "FLV video body";
    let mut rest = body.clone();
    if rest.is_empty() {
        return Ok(VideoBody::Ignored); // some encoders send empty messages as keep-alive
    }
    let first = rest.get_u8();
    let frame_type = first >> 4 & 7;
    if first & IS_EX_HEADER != 0 {
        return parse_ex_video(first & 0xf, frame_type, rest);
    }
    let codec = first & 0xf;
    if frame_type == 5 {
        return Ok(VideoBody::Ignored);
    }
    if codec != CODEC_AVC && codec != CODEC_HEVC_LEGACY {
        return Err(Error::UnsupportedCodec(legacy_video_name(codec)));
    }
    if rest.len() < 4 {
        return Err(truncated(WHAT));
    }
    let packet_type = rest.get_u8();
    let composition_ms = rest.get_int(3) as i32;
    match packet_type {
        0 if codec == CODEC_AVC => Ok(VideoBody::SequenceHeader(DecoderConfig::H264(rest))),
        0 => Ok(VideoBody::SequenceHeader(DecoderConfig::Hevc(rest))),
        1 => Ok(frame(frame_type == 1, composition_ms, rest)),
        2 => Ok(VideoBody::EndOfSequence),
        _ => Err(malformed(WHAT, "AVCPacketType above 2")),
    }
}

fn frame(key: bool, composition_ms: i32, data: Bytes) -> VideoBody {
    if data.is_empty() { VideoBody::Ignored } else { VideoBody::Frame { key, composition_ms, data } }
}

fn parse_ex_video(packet_type: u8, frame_type: u8, mut rest: Bytes) -> Result<VideoBody> {
    const WHAT: &str = "enhanced FLV video body";
    let packet_type = skip_mod_ex(packet_type, &mut rest, WHAT)?;
    if frame_type == 5 && packet_type != EX_METADATA {
        return Ok(VideoBody::Ignored); // a seek command
    }
    if packet_type == EX_VIDEO_MULTITRACK {
        return Ok(VideoBody::Ignored); // a channel has one picture
    }
    let fourcc = take_fourcc(&mut rest, WHAT)?;
    let is_hevc = match &fourcc {
        b"hvc1" => true,
        b"avc1" => false,
        other => return Err(Error::UnsupportedCodec(printable(other))),
    };
    match packet_type {
        EX_SEQUENCE_START if is_hevc => Ok(VideoBody::SequenceHeader(DecoderConfig::Hevc(rest))),
        EX_SEQUENCE_START => Ok(VideoBody::SequenceHeader(DecoderConfig::H264(rest))),
        EX_CODED_FRAMES if rest.len() < 3 => Err(truncated(WHAT)),
        EX_CODED_FRAMES => {
            let composition_ms = rest.get_int(3) as i32;
            Ok(frame(frame_type == 1, composition_ms, rest))
        }
        EX_CODED_FRAMES_X => Ok(frame(frame_type == 1, 0, rest)),
        EX_SEQUENCE_END => Ok(VideoBody::EndOfSequence),
        _ => Ok(VideoBody::Ignored),
    }
}

/// Passes over `ModEx` blocks (nanosecond offsets and such) and gives the packet type behind them.
fn skip_mod_ex(mut packet_type: u8, rest: &mut Bytes, what: &'static str) -> Result<u8> {
    while packet_type == EX_MOD_EX {
        let mut len = usize::from(*rest.first().ok_or(truncated(what))?) + 1;
        rest.advance(1);
        if len == 256 {
            if rest.len() < 2 {
                return Err(truncated(what));
            }
            len = usize::from(rest.get_u16()) + 1;
        }
        if rest.len() < len + 1 {
            return Err(truncated(what));
        }
        rest.advance(len);
        packet_type = rest.get_u8() & 0xf;
    }
    Ok(packet_type)
}

fn take_fourcc(rest: &mut Bytes, what: &'static str) -> Result<[u8; 4]> {
    if rest.len() < 4 {
        return Err(truncated(what));
    }
    Ok(rest.get_u32().to_be_bytes())
}

/// Reads the body of an audio message or tag (§E.4.2; Enhanced RTMP v2 `ExAudioTagHeader` with `mp4a`).
pub fn parse_audio(body: &Bytes) -> Result<AudioBody> {
    const WHAT: &str = "FLV audio body";
    let mut rest = body.clone();
    if rest.is_empty() {
        return Ok(AudioBody::Ignored);
    }
    let first = rest.get_u8();
    let packet_type = match first >> 4 {
        10 if rest.is_empty() => return Err(truncated(WHAT)),
        10 => rest.get_u8(),
        9 => {
            let packet_type = skip_mod_ex(first & 0xf, &mut rest, WHAT)?;
            if packet_type == EX_MULTITRACK {
                return Ok(AudioBody::Ignored);
            }
            match &take_fourcc(&mut rest, WHAT)? {
                b"mp4a" => packet_type,
                other => return Err(Error::UnsupportedCodec(printable(other))),
            }
        }
        format => return Err(Error::UnsupportedCodec(legacy_audio_name(format))),
    };
    Ok(match packet_type {
        0 => AudioBody::SequenceHeader(DecoderConfig::Aac(rest)),
        1 if !rest.is_empty() => AudioBody::Frame(rest),
        _ => AudioBody::Ignored,
    })
}

fn printable(fourcc: &[u8; 4]) -> String {
    fourcc.iter().map(|&byte| if byte.is_ascii_graphic() { byte as char } else { '?' }).collect()
}

fn legacy_video_name(codec: u8) -> String {
    match codec {
        2 => "Sorenson H.263".into(),
        4 => "VP6".into(),
        13 => "AV1".into(),
        other => format!("FLV video codec {other}"),
    }
}

fn legacy_audio_name(format: u8) -> String {
    match format {
        2 | 14 => "MP3".into(),
        7 => "G.711 A-law".into(),
        8 => "G.711 µ-law".into(),
        11 => "Speex".into(),
        other => format!("FLV sound format {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn video(bytes: &[u8]) -> Result<VideoBody> {
        parse_video(&Bytes::copy_from_slice(bytes))
    }

    #[test]
    fn reads_legacy_avc_with_a_negative_composition_time() {
        let data = Bytes::from_static(&[9, 9]);
        let expect = VideoBody::Frame { key: false, composition_ms: -2, data };
        assert_eq!(video(&[0x27, 1, 0xff, 0xff, 0xfe, 9, 9]).unwrap(), expect);
        assert!(video(&[0x27, 1, 0]).is_err());
    }

    #[test]
    fn reads_legacy_chinese_hevc() {
        let config = DecoderConfig::Hevc(Bytes::from_static(&[1, 2]));
        assert_eq!(video(&[0x1c, 0, 0, 0, 0, 1, 2]).unwrap(), VideoBody::SequenceHeader(config));
    }

    #[test]
    fn reads_enhanced_hevc_behind_mod_ex() {
        let data = Bytes::from_static(&[5, 6]);
        let expect = VideoBody::Frame { key: true, composition_ms: 40, data: data.clone() };
        assert_eq!(video(b"\x91hvc1\x00\x00\x28\x05\x06").unwrap(), expect);
        assert_eq!(video(b"\x97\x02abc\x01hvc1\x00\x00\x28\x05\x06").unwrap(), expect);
        let expect = VideoBody::Frame { key: false, composition_ms: 0, data };
        assert_eq!(video(b"\xa3hvc1\x05\x06").unwrap(), expect);
    }

    #[test]
    fn names_the_codec_it_refuses() {
        assert_eq!(video(b"\x90av01").unwrap_err(), Error::UnsupportedCodec("av01".into()));
        assert_eq!(video(&[0x14, 0]).unwrap_err(), Error::UnsupportedCodec("VP6".into()));
        let mp3 = parse_audio(&Bytes::from_static(&[0x2f, 0]));
        assert_eq!(mp3.unwrap_err(), Error::UnsupportedCodec("MP3".into()));
    }
}
