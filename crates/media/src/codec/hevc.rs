//! H.265: keyframes, SPS, `hvcC` (ITU-T H.265; ISO/IEC 14496-15 §8.3.3.1).

use super::{
    bits::BitReader,
    h264::cropped,
    nal::{avcc_nals, unescape},
};
use crate::error::{Result, malformed, truncated};
use crate::{DecoderConfig, Track};
use bytes::{BufMut, Bytes, BytesMut};

/// NAL unit type of a video parameter set.
pub const NAL_VPS: u8 = 32;
/// NAL unit type of a sequence parameter set.
pub const NAL_SPS: u8 = 33;
/// NAL unit type of a picture parameter set.
pub const NAL_PPS: u8 = 34;

/// `nal_unit_type` (§7.3.1.2); 63 (unspecified) for an empty unit.
pub fn nal_type(unit: &[u8]) -> u8 {
    unit.first().map_or(63, |byte| byte >> 1 & 0x3f)
}

/// Whether the unit is a VPS, SPS or PPS, which belong into the decoder config.
pub fn is_parameter_set(unit: &[u8]) -> bool {
    matches!(nal_type(unit), NAL_VPS..=NAL_PPS)
}

/// Whether a decoder can start at this access unit (AVCC, 4-byte lengths): it has an IRAP slice, types 16..=23, so
/// BLA and CRA count like IDR. (retina's own flag misses CRA and BLA: use this one.)
pub fn is_keyframe(avcc: &[u8]) -> bool {
    avcc_nals(avcc, 4).flatten().any(|unit| matches!(nal_type(unit), 16..=23))
}

/// The content of an `hvcC`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HevcConfig {
    /// Video parameter sets, with NAL header, escaped as on the wire.
    pub vps: Vec<Bytes>,
    /// Sequence parameter sets. At least one.
    pub sps: Vec<Bytes>,
    /// Picture parameter sets.
    pub pps: Vec<Bytes>,
    /// Bytes of each NAL length: 1, 2 or 4.
    pub length_size: u8,
}

/// Reads `HEVCDecoderConfigurationRecord`. An `hvcC` without any parameter set (legal with `hev1`) is refused.
pub fn parse_hvcc(data: &[u8]) -> Result<HevcConfig> {
    const WHAT: &str = "hvcC";
    let head = data.get(..23).ok_or(truncated(WHAT))?;
    if head[0] != 1 {
        return Err(malformed(WHAT, "configurationVersion is not 1"));
    }
    let length_size = (head[21] & 3) + 1;
    if length_size == 3 {
        return Err(malformed(WHAT, "NAL lengths of 3 bytes"));
    }
    let mut config = HevcConfig { vps: Vec::new(), sps: Vec::new(), pps: Vec::new(), length_size };
    let mut rest = &data[23..];
    for _ in 0..head[22] {
        let (array, tail) = rest.split_at_checked(3).ok_or(truncated(WHAT))?;
        rest = tail;
        for _ in 0..u16::from_be_bytes([array[1], array[2]]) {
            let (len, tail) = rest.split_at_checked(2).ok_or(truncated(WHAT))?;
            let len = usize::from(u16::from_be_bytes([len[0], len[1]]));
            let (unit, tail) = tail.split_at_checked(len).ok_or(truncated(WHAT))?;
            rest = tail;
            match array[0] & 0x3f {
                NAL_VPS => config.vps.push(Bytes::copy_from_slice(unit)),
                NAL_SPS => config.sps.push(Bytes::copy_from_slice(unit)),
                NAL_PPS => config.pps.push(Bytes::copy_from_slice(unit)),
                _ => {} // SEI arrays
            }
        }
    }
    if config.sps.is_empty() || config.pps.is_empty() {
        return Err(malformed(WHAT, "no SPS or no PPS"));
    }
    Ok(config)
}

/// Writes `HEVCDecoderConfigurationRecord` with 4-byte NAL lengths and complete arrays (as `hvc1` asks).
pub fn build_hvcc(vps: &[Bytes], sps: &[Bytes], pps: &[Bytes]) -> Result<Bytes> {
    const WHAT: &str = "hvcC";
    let first = sps.first().ok_or(malformed(WHAT, "no SPS"))?;
    let info = parse_sps(first)?;
    if pps.is_empty() || [vps, sps, pps].iter().any(|sets| sets.len() > 64) {
        return Err(malformed(WHAT, "no PPS, or too many parameter sets"));
    }
    if vps.iter().chain(sps).chain(pps).any(|set| set.len() > usize::from(u16::MAX)) {
        return Err(malformed(WHAT, "parameter set longer than 65535 bytes"));
    }
    let mut out = BytesMut::new();
    out.put_u8(1);
    out.put_slice(&info.profile_tier_level);
    out.put_u16(0xf000); // min_spatial_segmentation_idc 0: unknown
    out.put_u8(0xfc); // parallelismType 0: unknown
    out.put_u8(0xfc | info.chroma_format);
    out.put_u8(0xf8 | (info.bit_depth_luma - 8));
    out.put_u8(0xf8 | (info.bit_depth_chroma - 8));
    out.put_u16(0); // avgFrameRate 0: unspecified
    out.put_u8(info.temporal_layers << 3 | u8::from(info.temporal_id_nested) << 2 | 3);
    let arrays = [(NAL_VPS, vps), (NAL_SPS, sps), (NAL_PPS, pps)];
    out.put_u8(arrays.iter().filter(|(_, sets)| !sets.is_empty()).count() as u8);
    for (kind, sets) in arrays.into_iter().filter(|(_, sets)| !sets.is_empty()) {
        out.put_u8(0x80 | kind);
        out.put_u16(sets.len() as u16);
        for set in sets {
            out.put_u16(set.len() as u16);
            out.put_slice(set);
        }
    }
    Ok(out.freeze())
}

/// What we need of a sequence parameter set (§7.3.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpsInfo {
    /// The 12 bytes of `general_profile_space` … `general_level_idc` (§7.3.3), as they stand in `hvcC`.
    pub profile_tier_level: [u8; 12],
    /// `sps_max_sub_layers_minus1` + 1, 1..=7.
    pub temporal_layers: u8,
    /// `sps_temporal_id_nesting_flag`.
    pub temporal_id_nested: bool,
    /// 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4.
    pub chroma_format: u8,
    /// 8..=15.
    pub bit_depth_luma: u8,
    /// 8..=15.
    pub bit_depth_chroma: u8,
    /// Width in pixels after the conformance window, 1..=16384.
    pub width: u16,
    /// Height in pixels after the conformance window, 1..=16384.
    pub height: u16,
}

/// Reads an SPS unit (with its NAL header, escaped).
pub fn parse_sps(unit: &[u8]) -> Result<SpsInfo> {
    const WHAT: &str = "H.265 SPS";
    if nal_type(unit) != NAL_SPS || unit.len() < 2 {
        return Err(malformed(WHAT, "NAL unit type is not 33"));
    }
    let rbsp = unescape(&unit[2..], 4096);
    let mut bits = BitReader::new(&rbsp, WHAT);
    bits.bits(4)?; // sps_video_parameter_set_id
    let sub_layers = bits.bits(3)?;
    if sub_layers > 6 {
        return Err(malformed(WHAT, "sps_max_sub_layers_minus1 above 6"));
    }
    let temporal_id_nested = bits.flag()?;
    let mut profile_tier_level = [0; 12];
    for byte in &mut profile_tier_level {
        *byte = bits.bits(8)? as u8;
    }
    let present = (0..sub_layers).map(|_| Ok((bits.flag()?, bits.flag()?))).collect::<Result<Vec<_>>>()?;
    if sub_layers > 0 {
        bits.skip(2 * (8 - sub_layers as usize))?; // reserved_zero_2bits
    }
    for (profile, level) in present {
        bits.skip(if profile { 88 } else { 0 } + if level { 8 } else { 0 })?;
    }
    bits.ue()?; // sps_seq_parameter_set_id
    let chroma_format = bits.ue()?;
    if chroma_format > 3 {
        return Err(malformed(WHAT, "chroma_format_idc above 3"));
    }
    let separate_planes = chroma_format == 3 && bits.flag()?;
    let (width, height) = (u64::from(bits.ue()?), u64::from(bits.ue()?));
    let mut crop = [0u64; 4];
    if bits.flag()? {
        for side in &mut crop {
            *side = u64::from(bits.ue()?);
        }
    }
    let depths = [bits.ue()?, bits.ue()?];
    if depths.iter().any(|&minus8| minus8 > 7) {
        return Err(malformed(WHAT, "bit depth above 15"));
    }
    // Table 6-1: SubWidthC and SubHeightC.
    let array = if separate_planes { 0 } else { chroma_format };
    let unit_x = if matches!(array, 1 | 2) { 2 } else { 1 };
    let unit_y = if array == 1 { 2 } else { 1 };
    Ok(SpsInfo {
        profile_tier_level,
        temporal_layers: sub_layers as u8 + 1,
        temporal_id_nested,
        chroma_format: chroma_format as u8,
        bit_depth_luma: depths[0] as u8 + 8,
        bit_depth_chroma: depths[1] as u8 + 8,
        width: cropped(width, unit_x * (crop[0] + crop[1]), WHAT)?,
        height: cropped(height, unit_y * (crop[2] + crop[3]), WHAT)?,
    })
}

/// RFC 6381 string of an `hvcC`, as `hvc1.1.6.L93.B0` (ISO/IEC 14496-15 Annex E.3).
pub fn codec_string(hvcc: &[u8]) -> Result<String> {
    let head = hvcc.get(1..13).ok_or(truncated("hvcC"))?;
    let space = ["", "A", "B", "C"][usize::from(head[0] >> 6)];
    let tier = if head[0] & 0x20 != 0 { 'H' } else { 'L' };
    let compatibility = u32::from_be_bytes([head[1], head[2], head[3], head[4]]).reverse_bits();
    let mut out = format!("hvc1.{space}{}.{compatibility:X}.{tier}{}", head[0] & 0x1f, head[11]);
    let constraints = &head[5..11];
    let used = constraints.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    for byte in &constraints[..used] {
        out.push_str(&format!(".{byte:X}"));
    }
    Ok(out)
}

/// A track from parameter sets as RTSP (SDP) or an Annex B stream gives them.
pub fn track(vps: &[Bytes], sps: &[Bytes], pps: &[Bytes], timescale: u32) -> Result<Track> {
    track_from_hvcc(build_hvcc(vps, sps, pps)?, timescale)
}

/// A track from an `hvcC`. One whose NAL lengths are not 4 bytes is rewritten; its packets must be widened too
/// ([`normalise_avcc`](super::nal::normalise_avcc)).
pub fn track_from_hvcc(hvcc: Bytes, timescale: u32) -> Result<Track> {
    let config = parse_hvcc(&hvcc)?;
    let info = config.sps.first().map(|sps| parse_sps(sps)).ok_or(truncated("hvcC"))??;
    let hvcc =
        if config.length_size == 4 { hvcc } else { build_hvcc(&config.vps, &config.sps, &config.pps)? };
    Ok(Track {
        config: DecoderConfig::Hevc(hvcc),
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

    #[test]
    fn every_irap_type_is_a_keyframe_and_nothing_else() {
        for kind in 0..64u8 {
            let unit = [kind << 1, 1, 0x80];
            assert_eq!(is_keyframe(&to_avcc([&unit[..]])), (16..=23).contains(&kind), "type {kind}");
        }
    }

    #[test]
    fn codec_string_follows_annex_e() {
        let mut hvcc = vec![1, 1, 0x60, 0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 93];
        assert_eq!(codec_string(&hvcc).unwrap(), "hvc1.1.6.L93.B0");
        hvcc[1] = 0x62;
        assert_eq!(codec_string(&hvcc).unwrap(), "hvc1.A2.6.H93.B0");
        assert!(codec_string(&hvcc[..12]).is_err());
    }
}
