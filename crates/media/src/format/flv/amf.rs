//! The script tag `onMetaData` (§E.5), written in AMF0 (AMF 0 specification §2).

use crate::{DecoderConfig, Track};
use bytes::{BufMut, Bytes, BytesMut};

const NUMBER: u8 = 0;
const BOOLEAN: u8 = 1;
const STRING: u8 = 2;
const ECMA_ARRAY: u8 = 8;
const OBJECT_END: [u8; 3] = [0, 0, 9];

/// Body of the script tag: width, height, codec ids, sample rate, channels. For RTMP's `@setDataFrame` the caller puts
/// that string in front itself. The HEVC codec id is the FourCC as a number (Enhanced RTMP, "Metadata").
pub fn metadata_body(tracks: &[Track]) -> Bytes {
    let mut entries: Vec<(&str, f64)> = vec![("duration", 0.0)];
    let mut stereo = None;
    for track in tracks {
        match track.config {
            DecoderConfig::H264(_) | DecoderConfig::Hevc(_) => {
                let is_hevc = matches!(track.config, DecoderConfig::Hevc(_));
                entries.push(("width", f64::from(track.width)));
                entries.push(("height", f64::from(track.height)));
                let id = if is_hevc { f64::from(u32::from_be_bytes(*b"hvc1")) } else { 7.0 };
                entries.push(("videocodecid", id));
            }
            DecoderConfig::Aac(_) => {
                entries.push(("audiocodecid", 10.0));
                entries.push(("audiosamplerate", f64::from(track.sample_rate)));
                entries.push(("audiosamplesize", 16.0));
                stereo = Some(track.channels > 1);
            }
        }
    }
    let mut out = BytesMut::new();
    out.put_u8(STRING);
    put_name(&mut out, "onMetaData");
    out.put_u8(ECMA_ARRAY);
    out.put_u32(entries.len() as u32 + u32::from(stereo.is_some()));
    for (name, value) in entries {
        put_name(&mut out, name);
        out.put_u8(NUMBER);
        out.put_f64(value);
    }
    if let Some(stereo) = stereo {
        put_name(&mut out, "stereo");
        out.put_slice(&[BOOLEAN, u8::from(stereo)]);
    }
    out.put_slice(&OBJECT_END);
    out.freeze()
}

fn put_name(out: &mut BytesMut, name: &str) {
    out.put_u16(name.len() as u16);
    out.put_slice(name.as_bytes());
}
