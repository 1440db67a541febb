//! H.264: keyframes, SPS, `avcC` (ITU-T H.264; ISO/IEC 14496-15 §5.3.3.1).

use super::{
    bits::BitReader,
    nal::{avcc_nals, unescape},
};
use crate::error::{Result, malformed, truncated};
use crate::{DecoderConfig, Track};
use bytes::{BufMut, Bytes, BytesMut};

/// NAL unit type of a slice of an IDR picture.
pub const NAL_IDR: u8 = 5;
/// NAL unit type of a sequence parameter set.
pub const NAL_SPS: u8 = 7;
/// NAL unit type of a picture parameter set.
pub const NAL_PPS: u8 = 8;

/// `nal_unit_type` (§7.3.1); 0 for an empty unit.
pub fn nal_type(unit: &[u8]) -> u8 {
    unit.first().map_or(0, |byte| byte & 0x1f)
}

/// Whether the unit is an SPS, PPS or SPS extension, which belong into the decoder config.
pub fn is_parameter_set(unit: &[u8]) -> bool {
    matches!(nal_type(unit), NAL_SPS | NAL_PPS | 13)
}

/// Whether a decoder can start at this access unit (AVCC, 4-byte lengths): it has an IDR slice. A recovery point SEI
/// without IDR does not count: browsers refuse to start there, and a slice must start with a whole picture.
pub fn is_keyframe(avcc: &[u8]) -> bool {
    avcc_nals(avcc, 4).flatten().any(|unit| nal_type(unit) == NAL_IDR)
}

/// The content of an `avcC`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvcConfig {
    /// Sequence parameter sets, with NAL header, escaped as on the wire. At least one.
    pub sps: Vec<Bytes>,
    /// Picture parameter sets. At least one.
    pub pps: Vec<Bytes>,
    /// Bytes of each NAL length: 1, 2 or 4.
    pub length_size: u8,
}

/// Reads `AVCDecoderConfigurationRecord`.
pub fn parse_avcc(data: &[u8]) -> Result<AvcConfig> {
    const WHAT: &str = "avcC";
    let head = data.get(..6).ok_or(truncated(WHAT))?;
    if head[0] != 1 {
        return Err(malformed(WHAT, "configurationVersion is not 1"));
    }
    let length_size = (head[4] & 3) + 1;
    if length_size == 3 {
        return Err(malformed(WHAT, "NAL lengths of 3 bytes"));
    }
    let mut rest = &data[6..];
    let sps = take_sets(&mut rest, usize::from(head[5] & 0x1f))?;
    let (&count, tail) = rest.split_first().ok_or(truncated(WHAT))?;
    rest = tail;
    let pps = take_sets(&mut rest, usize::from(count))?;
    if sps.is_empty() || pps.is_empty() {
        return Err(malformed(WHAT, "no SPS or no PPS"));
    }
    Ok(AvcConfig { sps, pps, length_size })
}

fn take_sets(rest: &mut &[u8], count: usize) -> Result<Vec<Bytes>> {
    let mut sets = Vec::new();
    for _ in 0..count {
        let (len, tail) = rest.split_at_checked(2).ok_or(truncated("avcC"))?;
        let len = usize::from(u16::from_be_bytes([len[0], len[1]]));
        let (set, tail) = tail.split_at_checked(len).ok_or(truncated("avcC"))?;
        if !set.is_empty() {
            sets.push(Bytes::copy_from_slice(set));
        }
        *rest = tail;
    }
    Ok(sets)
}

/// Writes `AVCDecoderConfigurationRecord` with 4-byte NAL lengths. The High profile extension (chroma format, bit
/// depths) is written for profiles that ask for it.
pub fn build_avcc(sps: &[Bytes], pps: &[Bytes]) -> Result<Bytes> {
    const WHAT: &str = "avcC";
    let first = sps.first().ok_or(malformed(WHAT, "no SPS"))?;
    let info = parse_sps(first)?;
    if pps.is_empty() || sps.len() > 31 || pps.len() > 255 {
        return Err(malformed(WHAT, "no PPS, or too many parameter sets"));
    }
    if sps.iter().chain(pps).any(|set| set.len() > usize::from(u16::MAX)) {
        return Err(malformed(WHAT, "parameter set longer than 65535 bytes"));
    }
    let mut out = BytesMut::new();
    out.put_slice(&[1, info.profile, info.constraints, info.level, 0xff, 0xe0 | sps.len() as u8]);
    for set in sps {
        out.put_u16(set.len() as u16);
        out.put_slice(set);
    }
    out.put_u8(pps.len() as u8);
    for set in pps {
        out.put_u16(set.len() as u16);
        out.put_slice(set);
    }
    if !matches!(info.profile, 66 | 77 | 88) {
        let depths = [info.bit_depth_luma - 8, info.bit_depth_chroma - 8];
        out.put_slice(&[0xfc | info.chroma_format, 0xf8 | depths[0], 0xf8 | depths[1], 0]);
    }
    Ok(out.freeze())
}

/// What we need of a sequence parameter set (§7.3.2.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpsInfo {
    /// `profile_idc`.
    pub profile: u8,
    /// The byte of `constraint_set` flags.
    pub constraints: u8,
    /// `level_idc`.
    pub level: u8,
    /// 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4.
    pub chroma_format: u8,
    /// 8..=14.
    pub bit_depth_luma: u8,
    /// 8..=14.
    pub bit_depth_chroma: u8,
    /// Width in pixels after cropping, 1..=16384.
    pub width: u16,
    /// Height in pixels after cropping, 1..=16384.
    pub height: u16,
}

/// Reads an SPS unit (with its NAL header, escaped).
pub fn parse_sps(unit: &[u8]) -> Result<SpsInfo> {
    const WHAT: &str = "H.264 SPS";
    if nal_type(unit) != NAL_SPS {
        return Err(malformed(WHAT, "NAL unit type is not 7"));
    }
    let rbsp = unescape(&unit[1..], 4096);
    let mut bits = BitReader::new(&rbsp, WHAT);
    let (profile, constraints, level) = (bits.bits(8)? as u8, bits.bits(8)? as u8, bits.bits(8)? as u8);
    bits.ue()?; // seq_parameter_set_id
    let (mut chroma_format, mut depths) = (1, [8u32, 8]);
    let mut separate_planes = false;
    if matches!(profile, 100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135) {
        chroma_format = bits.ue()?;
        if chroma_format > 3 {
            return Err(malformed(WHAT, "chroma_format_idc above 3"));
        }
        if chroma_format == 3 {
            separate_planes = bits.flag()?;
        }
        depths = [bits.ue()?.saturating_add(8), bits.ue()?.saturating_add(8)];
        if depths.iter().any(|&depth| depth > 14) {
            return Err(malformed(WHAT, "bit depth above 14"));
        }
        bits.flag()?; // qpprime_y_zero_transform_bypass_flag
        if bits.flag()? {
            skip_scaling_lists(&mut bits, if chroma_format == 3 { 12 } else { 8 })?;
        }
    }
    bits.ue()?; // log2_max_frame_num_minus4
    match bits.ue()? {
        0 => drop(bits.ue()?),
        1 => {
            bits.flag()?;
            bits.se()?;
            bits.se()?;
            let cycle = bits.ue()?;
            if cycle > 255 {
                return Err(malformed(WHAT, "num_ref_frames_in_pic_order_cnt_cycle above 255"));
            }
            for _ in 0..cycle {
                bits.se()?;
            }
        }
        _ => {}
    }
    bits.ue()?; // max_num_ref_frames
    bits.flag()?; // gaps_in_frame_num_value_allowed_flag
    let (width_mbs, height_units) = (u64::from(bits.ue()?) + 1, u64::from(bits.ue()?) + 1);
    let frame_mbs_only = bits.flag()?;
    if !frame_mbs_only {
        bits.flag()?;
    }
    bits.flag()?; // direct_8x8_inference_flag
    let mut crop = [0u64; 4];
    if bits.flag()? {
        for side in &mut crop {
            *side = u64::from(bits.ue()?);
        }
    }
    // Table 6-1: cropping units of 4:2:0, 4:2:2 and 4:4:4.
    let array = if separate_planes { 0 } else { chroma_format };
    let unit_x = if matches!(array, 1 | 2) { 2 } else { 1 };
    let fields = if frame_mbs_only { 1 } else { 2 };
    let unit_y = fields * if array == 1 { 2 } else { 1 };
    Ok(SpsInfo {
        profile,
        constraints,
        level,
        chroma_format: chroma_format as u8,
        bit_depth_luma: depths[0] as u8,
        bit_depth_chroma: depths[1] as u8,
        width: cropped(width_mbs * 16, unit_x * (crop[0] + crop[1]), WHAT)?,
        height: cropped(height_units * 16 * fields, unit_y * (crop[2] + crop[3]), WHAT)?,
    })
}

/// A coded size less its cropping, refused unless 1..=16384.
pub(super) fn cropped(coded: u64, crop: u64, what: &'static str) -> Result<u16> {
    match coded.checked_sub(crop) {
        Some(size @ 1..=16_384) => Ok(size as u16),
        _ => Err(malformed(what, "picture size outside 1..=16384")),
    }
}

fn skip_scaling_lists(bits: &mut BitReader<'_>, lists: usize) -> Result<()> {
    for index in 0..lists {
        if !bits.flag()? {
            continue;
        }
        let (mut last, mut next) = (8i32, 8i32);
        for _ in 0..if index < 6 { 16 } else { 64 } {
            if next != 0 {
                next = last.wrapping_add(bits.se()?).rem_euclid(256);
            }
            last = if next == 0 { last } else { next };
        }
    }
    Ok(())
}

/// RFC 6381 string of an `avcC`, as `avc1.4D401F`.
pub fn codec_string(avcc: &[u8]) -> Result<String> {
    let head = avcc.get(1..4).ok_or(truncated("avcC"))?;
    Ok(format!("avc1.{:02X}{:02X}{:02X}", head[0], head[1], head[2]))
}

/// A track from parameter sets as RTSP (SDP) or an Annex B stream gives them.
pub fn track(sps: &[Bytes], pps: &[Bytes], timescale: u32) -> Result<Track> {
    track_from_avcc(build_avcc(sps, pps)?, timescale)
}

/// A track from an `avcC`. One whose NAL lengths are not 4 bytes is rewritten; its packets must be widened too
/// ([`normalise_avcc`](super::nal::normalise_avcc)).
pub fn track_from_avcc(avcc: Bytes, timescale: u32) -> Result<Track> {
    let config = parse_avcc(&avcc)?;
    let info = config.sps.first().map(|sps| parse_sps(sps)).ok_or(truncated("avcC"))??;
    let avcc = if config.length_size == 4 { avcc } else { build_avcc(&config.sps, &config.pps)? };
    Ok(Track {
        config: DecoderConfig::H264(avcc),
        timescale: timescale.max(1),
        width: info.width,
        height: info.height,
        sample_rate: 0,
        channels: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::nal::to_avcc;

    /// x264, Main, 1280x720 (written by ffmpeg 5.1).
    const SPS: &[u8] = &[
        0x67, 0x4d, 0x40, 0x1f, 0xec, 0xa0, 0x28, 0x02, 0xdd, 0x80, 0xb5, 0x01, 0x01, 0x01, 0x40, 0x00, 0x00,
        0x03, 0x00, 0x40, 0x00, 0x00, 0x0c, 0x83, 0xc6, 0x0c, 0x65, 0x80,
    ];
    const PPS: &[u8] = &[0x68, 0xef, 0xbc, 0x80];

    #[test]
    fn sps_gives_the_picture_size() {
        let info = parse_sps(SPS).unwrap();
        assert_eq!((info.width, info.height, info.profile, info.level), (1280, 720, 77, 31));
    }

    #[test]
    fn avcc_is_built_and_read_back() {
        let (sps, pps) = ([Bytes::from_static(SPS)], [Bytes::from_static(PPS)]);
        let avcc = build_avcc(&sps, &pps).unwrap();
        let back = parse_avcc(&avcc).unwrap();
        assert_eq!((back.sps.as_slice(), back.pps.as_slice(), back.length_size), (&sps[..], &pps[..], 4));
        assert_eq!(codec_string(&avcc).unwrap(), "avc1.4D401F");
        for cut in 0..avcc.len() {
            assert!(parse_avcc(&avcc[..cut]).is_err(), "cut at {cut}");
        }
        assert_eq!(track(&sps, &pps, 90_000).unwrap().width, 1280);
    }

    #[test]
    fn only_an_idr_slice_makes_a_keyframe() {
        assert!(is_keyframe(&to_avcc([&[0x06, 6][..], &[0x65, 1]])));
        assert!(!is_keyframe(&to_avcc([&[0x06, 6][..], &[0x41, 1]])), "recovery point SEI is not enough");
        assert!(!is_keyframe(&[]));
    }
}
